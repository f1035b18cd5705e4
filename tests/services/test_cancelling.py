"""What a cancel did to money: said at once, and again when an answer still comes."""

import uuid
from functools import partial

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from gallery.models import Batch, Call, Generation
from gallery.queries import pages
from gallery.queries.stakes import Action, weigh
from gallery.services import asking, bulk
from gallery.services.generations import cancel_generation, retry
from tests.factory import GEMINI, make_call, make_generation, make_image, make_member, make_project

from .running import ask, in_queue, run_calls

pytestmark = pytest.mark.django_db


def cancelled_with(*calls):
    """The sentence of a cancelled generation with calls of these statuses, or (status, fields)."""
    generation = make_generation(status="cancelled", error_code="cancelled")
    for call in calls:
        status, fields = call if isinstance(call, tuple) else (call, {})
        make_call(generation, status, **fields)
    return generation.sentence


SENTENCES = {
    "never sent": (["cancelled"], "Cancelled. Nothing was sent."),
    "refused, then stopped": (["failed", "cancelled"], "Cancelled. Nothing was charged."),
    "out": (["sent"], "Cancelled. 1 call was out and may be billed; what still arrives is kept."),
    "two out": (
        ["sent", "sent", "cancelled"],
        "Cancelled. 2 calls were out and may be billed; what still arrives is kept.",
    ),
    "one of two came": (
        [("answered", {"cost_usd": "0.05"}), "sent"],
        "Cancelled. 1 answer arrived and cost $0.05. 1 call was out and may be billed; what still arrives is kept.",
    ),
    "both came": (
        [("answered", {"cost_usd": "0.05"}), ("answered", {"cost_usd": "0.0004"})],
        "Cancelled. 2 answers arrived and cost $0.0504.",
    ),
    "came without its usage": (["answered"], "Cancelled. 1 answer arrived; what it cost is unknown."),
    "never came": (
        [("interrupted", {"may_have_been_billed": True})],
        "Cancelled. 1 call got no answer and may have been billed.",
    ),
}


@pytest.mark.parametrize(("calls", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_the_sentence_follows_from_the_calls(calls, sentence):
    assert cancelled_with(*calls) == sentence


def test_a_late_answer_changes_the_sentence_and_its_pictures_are_kept(recorder, online):
    generation = ask()
    said = []

    async def meanwhile():
        await sync_to_async(cancel_generation)(generation)
        said.append(await sync_to_async(lambda: Generation.objects.get(pk=generation.pk).sentence)())

    recorder.meanwhile = meanwhile
    run_calls()
    generation.refresh_from_db()
    assert said == ["Cancelled. 1 call was out and may be billed; what still arrives is kept."]
    assert (generation.status, generation.images.count()) == ("cancelled", 1)
    assert generation.sentence.startswith("Cancelled. 1 answer arrived and cost $0.00")


def test_a_refusal_after_the_cancel_says_that_nothing_was_charged(recorder, online):
    online.faults(["400"])
    generation = ask()
    recorder.meanwhile = partial(sync_to_async(cancel_generation), generation)
    run_calls()
    generation.refresh_from_db()
    assert generation.sentence == "Cancelled. Nothing was charged."


def test_a_retry_of_a_failed_cell_stands_in_its_batch_and_waits_while_that_is_paused():
    project = make_project()
    user = make_member(project)
    place = {"batch_row": 1, "batch_column": 2}
    for paused_at in (None, "2026-01-01T00:00Z"):
        batch = Batch.objects.create(project=project, user=user, name="b", token=make_generation().token)
        failed = make_generation(user, project, status="failed", batch=batch, **place)
        Batch.objects.update(paused_at=paused_at)
        failed.refresh_from_db()
        before = in_queue()
        again = retry(user, failed)
        assert (again.batch, again.batch_row, again.batch_column) == (batch, 1, 2)
        assert len(in_queue()) == len(before) + (paused_at is None)


def test_what_came_partly_keeps_its_place_and_the_rest_is_asked_for_beside_the_batch():
    project = make_project()
    user = make_member(project)
    batch = Batch.objects.create(project=project, user=user, name="b", token=make_generation().token)
    partly = make_generation(user, project, status="partial", wanted=3, batch=batch, model=GEMINI)
    make_image(partly)
    again = retry(user, partly)
    assert (again.batch, again.wanted, again.calls.count()) == (None, 2, 2)


def test_many_are_asked_for_all_or_none(monkeypatch):
    project = make_project()
    user = make_member(project)
    chosen = [make_generation(user, project, status="failed") for _ in range(3)]
    enqueue, told = asking.calls.enqueue, []

    def die(call):
        told.append(call)
        if len(told) == 3:
            raise DatabaseError("killed here")
        enqueue(call)

    monkeypatch.setattr(asking.calls, "enqueue", die)
    with pytest.raises(DatabaseError):
        bulk.act(user, weigh(Action.RUN_AGAIN, chosen), chosen[0].token)
    assert Generation.objects.count() == 3
    assert not Call.objects.exists()
    assert in_queue() == []


def queries_to(action, user, chosen):
    stakes = weigh(action, list(pages.generations_for(user).filter(pk__in=[one.pk for one in chosen])))
    with CaptureQueriesContext(connection) as captured:
        bulk.act(user, stakes, uuid.uuid4())
    return len(captured)


@pytest.mark.parametrize(("action", "each"), [(Action.RUN_AGAIN, 1), (Action.RETRY, 1), (Action.CANCEL, 0)])
def test_many_cost_a_query_for_each_call_and_no_more(action, each):
    project = make_project()
    user = make_member(project)
    status = "queued" if action == Action.CANCEL else "failed"
    chosen = [make_generation(user, project, status=status) for _ in range(26)]
    few, many = queries_to(action, user, chosen[:3]), queries_to(action, user, chosen[3:])
    assert many - few <= 20 * each
    assert few < 40


def test_what_a_person_does_not_see_is_asked_for_again_all_the_same():
    project, hidden = make_project(), make_project()
    user = make_member(project)
    edit = make_generation(user, project, status="failed", kind="edit")
    image = make_image(make_generation(project=hidden))
    edit.inputs.create(image=image, position=0)
    [chosen] = pages.generations_for(user).filter(pk=edit.pk)
    assert not chosen.inputs.all()
    [again] = bulk.act(user, weigh(Action.RUN_AGAIN, [chosen]), uuid.uuid4())
    assert [used.image for used in again.inputs.all()] == [image]
