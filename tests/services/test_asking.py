"""Asking for pictures, asking again, and cancelling."""

import uuid
from functools import partial

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import IntegrityError

from gallery.models import Call, Event, Generation, Image, ModelEntry
from gallery.services import calls, files
from gallery.services.generations import NotOnOffer, cancel_generation, run_again
from tests.factory import GEMINI, make_image, make_member, make_project, make_user, picture_bytes

from .running import ask, in_queue, made, run_calls

pytestmark = pytest.mark.django_db


def test_a_wish_becomes_calls_that_the_engine_knows():
    generation = ask(model=GEMINI, wanted=3)
    assert generation.status == "queued"
    assert [call.status for call in generation.calls.all()] == ["queued"] * 3
    assert in_queue() == [call.pk for call in generation.calls.all()]


def test_a_wish_says_at_once_that_something_changed():
    generation = ask()
    assert Event.objects.get().generation == generation


def test_a_wish_carries_its_estimate():
    assert ask(wanted=4).estimated_usd > 3 * ask(wanted=1).estimated_usd > 0


def test_the_same_token_twice_is_one_generation():
    token, project = uuid.uuid4(), make_project()
    user = make_member(project)
    first, second = (ask(user, project=project, token=token) for _ in range(2))
    assert first == second
    assert (Generation.objects.count(), Call.objects.count(), len(in_queue())) == (1, 1, 1)


def test_another_persons_token_gives_nothing_of_theirs():
    token = uuid.uuid4()
    ask(token=token)
    with pytest.raises(IntegrityError):
        ask(token=token)


def test_a_wish_that_cannot_be_written_leaves_nothing():
    with pytest.raises(IntegrityError):
        ask(wanted=0)
    assert not (Generation.objects.exists() or Call.objects.exists() or in_queue())


def test_a_picture_brought_along_is_kept_and_edited():
    kept = files.keep(picture_bytes())
    generation = ask(attached=((kept, "../a\nfox.png"),))
    [used] = generation.inputs.all()
    assert generation.is_edit
    assert (used.image.sha256, used.image.filename, used.image.generation) == (kept.sha256, "afox.png", None)


def test_the_same_picture_brought_twice_is_one_row():
    kept, project = files.keep(picture_bytes()), make_project()
    user = make_member(project)
    for name in ("fox.png", "again.png"):
        ask(user, project=project, attached=((kept, name),))
    assert Image.objects.get().filename == "fox.png"


def test_run_again_is_a_new_generation_with_the_same_wish(online):
    images, mask = [make_image(), make_image()], make_image()
    first = ask(attached=images, mask=mask, wanted=2)
    other = make_user(is_staff=True)
    second = run_again(other, first)
    assert second != first
    assert (second.user, second.project) == (other, first.project)
    for name in ("kind", "model", "prompt", "options", "wanted"):
        assert getattr(second, name) == getattr(first, name)
    assert [(used.image, used.role) for used in second.inputs_in_order] == [
        (used.image, used.role) for used in first.inputs_in_order
    ]


def test_a_model_that_has_gone_cannot_be_run_again():
    generation = ask()
    ModelEntry.objects.update(is_active=False)
    with pytest.raises(NotOnOffer):
        run_again(generation.user, generation)


def test_cancelled_before_sending_nothing_goes_out(online):
    generation = ask(model=GEMINI, wanted=2)
    assert cancel_generation(generation)
    run_calls()
    async_to_sync(calls.run_call.acall)(generation.calls.first().pk)
    generation.refresh_from_db()
    assert generation.status == "cancelled"
    assert {call.status for call in generation.calls.all()} == {"cancelled"}
    assert online.ledger()["received"] == 0
    assert not generation.may_have_been_billed


@pytest.fixture
def cancelled_while_out(recorder):
    """Asks, and cancels while the first call is out."""

    def run(**wish):
        generation = ask(**wish)
        recorder.meanwhile = partial(sync_to_async(cancel_generation), generation)
        run_calls()
        generation.refresh_from_db()
        return generation

    return run


def test_the_late_answer_of_a_cancelled_call_is_kept_and_counted(cancelled_while_out):
    generation = cancelled_while_out(wanted=2)
    call = generation.calls.get()
    assert (generation.status, generation.images.count()) == ("cancelled", 2)
    assert (call.status, call.may_have_been_billed) == ("answered", False)
    assert call.cost_usd > 0


def test_a_cancelled_call_is_not_repeated(cancelled_while_out, online):
    online.faults([{"name": "503", "retry_after": 0}])
    generation = cancelled_while_out()
    assert (generation.status, generation.calls.get().status) == ("cancelled", "failed")


def test_a_cancelled_call_that_is_out_may_be_billed(online):
    generation = ask()
    Call.objects.update(status="sent")
    cancel_generation(generation)
    assert generation.may_have_been_billed


def test_a_repetition_that_waits_is_cancelled_too(online):
    online.faults([{"name": "429", "retry_after": 30}])
    generation = ask()
    async_to_sync(calls.run_call.acall)(generation.calls.get().pk)
    cancel_generation(generation)
    run_calls()
    assert [call.status for call in generation.calls.all()] == ["failed", "cancelled"]
    assert online.ledger()["received"] == 1


def test_what_has_ended_cannot_be_cancelled(online):
    generation = made()
    assert not cancel_generation(generation)
    generation.refresh_from_db()
    assert generation.status == "succeeded"


def test_a_call_whose_input_is_gone_is_not_sent(online):
    generation = ask(attached=[make_image(sha256="0" * 64)])
    run_calls()
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == ("failed", "input_missing")
    assert online.ledger()["received"] == 0


def test_a_call_whose_model_left_the_catalogue_is_not_sent(online):
    generation = ask()
    ModelEntry.objects.all().delete()
    run_calls()
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == ("failed", "model_not_found")
