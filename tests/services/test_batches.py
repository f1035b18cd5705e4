"""Many generations at once: asked for, paused, resumed, cancelled and retried, and read as a sheet."""

import asyncio
import uuid
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery import matrix
from gallery.models import Batch, Call, Event, Generation, ModelEntry
from gallery.queries import sheets
from gallery.services import batches, calls, recovery
from gallery.services.generations import NotOnOffer
from tests.factory import GEMINI, GPT, make_call, make_generation, make_image, make_member, make_project

from .running import ask, claim, in_queue, queue_rows, run_calls

pytestmark = pytest.mark.django_db


def plan(text="a {red|blue} fox", project=None, models=(GPT,), number=1, **fields):
    entries = {entry.name: entry for entry in ModelEntry.objects.on_offer()}
    specs = {name: entry.spec for name, entry in entries.items()}
    choices = {"model": models, "size": ["256x256"], "quality": ["low"], "number": [number]}
    grid = matrix.lay_out(matrix.read_prompts(text), choices, specs).runnable()
    values = {"project": project or make_project(), "name": "Foxes", "grid": grid, "entries": entries}
    return batches.Plan(**values, estimates=batches.estimates(grid.cells, entries), **fields)


def requested(*arguments, user=None, **fields):
    wanted = plan(*arguments, **fields)
    return batches.request_batch(user or make_member(wanted.project), wanted)


def run_once(batch):
    """Run what the engine knows of a batch, each call once: also those that it should leave alone."""
    for pk in Call.objects.filter(generation__batch=batch).values_list("pk", flat=True):
        async_to_sync(calls.run_call.acall)(pk)


def statuses(batch):
    return sorted(batch.generations.values_list("status", flat=True))


def progress(batch):
    batch.refresh_from_db()
    [batch] = sheets.with_progress([batch])
    return batch.progress


def cell(batch, status="succeeded", row=0, column=0, **fields):
    of = {"user": batch.user, "project": batch.project, "batch": batch, "batch_row": row, "batch_column": column}
    return make_generation(**of, status=status, **fields)


@pytest.fixture
def batch():
    project = make_project()
    values = {"project": project, "user": make_member(project), "token": uuid.uuid4()}
    return Batch.objects.create(**values, name="Foxes", rows=["red", "blue"], columns=[{"model": GPT}])


# --- asking ------------------------------------------------------------------------------------------------------


def test_every_cell_becomes_a_generation_at_its_place_with_its_calls():
    batch = requested(models=(GPT, GEMINI), number=2)
    found = [(g.batch_row, g.batch_column, g.model, g.prompt, g.wanted) for g in batch.generations.order_by("pk")]
    assert found == [
        (0, 0, GPT, "a red fox", 2),
        (0, 1, GEMINI, "a red fox", 2),
        (1, 0, GPT, "a blue fox", 2),
        (1, 1, GEMINI, "a blue fox", 2),
    ]
    assert (batch.rows, len(batch.columns)) == (("red", "blue"), 2)
    assert Call.objects.count() == 2 * (1 + 2)
    assert in_queue() == sorted(Call.objects.values_list("pk", flat=True))


def test_every_cell_carries_its_estimate_and_tells_its_person():
    batch = requested()
    assert all(generation.estimated_usd > 0 for generation in batch.generations.all())
    assert set(Event.objects.values_list("generation", "user")) == {
        (g.pk, batch.user_id) for g in batch.generations.all()
    }


def test_a_batch_is_written_in_as_many_queries_as_it_has_calls_and_a_few():
    with CaptureQueriesContext(
        connection,
    ) as few:
        requested("{a|b}")
    with CaptureQueriesContext(connection) as many:
        requested("{a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t}")
    assert len(many) - len(few) <= 18


def test_the_same_token_twice_is_one_batch():
    token, project = uuid.uuid4(), make_project()
    user = make_member(project)
    first, second = (requested(user=user, project=project, token=token) for _ in range(2))
    assert first == second
    assert (Batch.objects.count(), Generation.objects.count(), len(in_queue())) == (1, 2, 2)


def test_another_persons_token_gives_nothing_of_theirs():
    token = uuid.uuid4()
    requested(token=token)
    with pytest.raises(IntegrityError):
        requested(token=token)


def test_a_batch_runs_to_its_end(online):
    batch = requested(models=(GPT, GEMINI))
    run_calls()
    done = progress(batch)
    assert (done.status, done.succeeded, done.pictures, done.open) == ("succeeded", 4, 4, 0)
    assert done.cost_usd == sum(call.cost_usd for call in Call.objects.all()) > 0


def test_a_batch_does_not_hold_up_somebody_elses_picture():
    batch = requested("\n".join(f"fox {number}" for number in range(30)))
    single = ask().calls.get()
    ahead = Call.objects.filter(generation__batch=batch, turn__lt=single.turn).count()
    assert ahead <= 1


# --- pausing -----------------------------------------------------------------------------------------------------


def test_of_a_paused_batch_nothing_goes_out_until_it_is_resumed(online):
    batch = requested()
    assert batches.pause(batch)
    run_once(batch)
    assert (online.ledger()["received"], statuses(batch)) == (0, ["queued"] * 2)
    assert batches.resume(batch)
    run_calls()
    assert statuses(batch) == ["succeeded"] * 2


def test_pausing_and_resuming_twice_does_nothing_more():
    batch = requested()
    assert batches.pause(batch)
    assert not batches.pause(batch)
    assert batches.resume(batch)
    known = in_queue()
    assert not batches.resume(batch)
    assert in_queue() == known


def test_a_call_that_was_claimed_but_not_sent_is_taken_back():
    batch = requested()
    call = Call.objects.first()
    claim(call)
    call.refresh_from_db()
    batches.pause(batch)
    assert not Call.objects.mark_sent(call, {})
    assert set(Call.objects.values_list("status", flat=True)) == {"queued"}


def test_a_call_that_is_out_finishes_in_a_paused_batch(recorder):
    batch = requested("a fox")
    recorder.meanwhile = partial(sync_to_async(batches.pause), batch)
    run_once(batch)
    assert statuses(batch) == ["succeeded"]


def test_a_call_that_stood_by_while_its_batch_was_paused_and_resumed_goes_once(recorder):
    batch = requested("a fox")
    [pk] = in_queue()

    async def run():
        out, stale_is_over = asyncio.Event(), asyncio.Event()

        async def meanwhile():  # the resumed one is out, and what the first one clears away must not be its answer
            out.set()
            await stale_is_over.wait()

        async def may_go():
            await sync_to_async(batches.pause)(batch)
            await sync_to_async(batches.resume)(batch)
            running.append(asyncio.create_task(calls.run_call.acall(pk)))
            await out.wait()
            return True

        recorder.meanwhile, running = meanwhile, []
        await calls.run_call.acall(pk, may_go=may_go)
        stale_is_over.set()
        await asyncio.gather(*running)

    async_to_sync(run)()
    assert (len(recorder.requests), statuses(batch)) == (1, ["succeeded"])


def test_resumed_calls_take_turns_anew():
    batch = requested()
    batches.pause(batch)
    assert not Call.objects.in_line().exists()
    others = [ask().calls.get() for _ in range(3)]
    batches.resume(batch)
    waiting = Call.objects.in_line().filter(generation__batch=batch)
    assert waiting.count() == 2
    assert min(call.turn for call in waiting) >= min(call.turn for call in others)


def test_after_a_crash_a_paused_batch_stays_where_it_is():
    paused, running = requested(), requested()
    batches.pause(paused)
    queue_rows().delete()
    async_to_sync(recovery.recover_calls)()
    assert set(in_queue()) == set(Call.objects.filter(generation__batch=running).values_list("pk", flat=True))


# --- cancelling --------------------------------------------------------------------------------------------------


def test_cancelling_the_rest_sends_nothing_more(online):
    batch = requested()
    batches.cancel_rest(batch)
    run_once(batch)
    assert (online.ledger()["received"], statuses(batch)) == (0, ["cancelled"] * 2)
    assert set(Call.objects.values_list("status", flat=True)) == {"cancelled"}


def test_cancelling_the_rest_lets_what_is_out_finish(recorder):
    batch = requested("a fox\nan owl", models=(GEMINI,), number=2)
    recorder.meanwhile = partial(sync_to_async(batches.cancel_rest), batch)
    run_once(batch)
    assert statuses(batch) == ["cancelled", "partial"]
    assert [generation.images.count() for generation in batch.generations.order_by("pk")] == [1, 0]
    assert len(recorder.requests) == 1


def test_cancelling_keeps_what_has_ended(batch):
    done, failed = cell(batch), cell(batch, "failed", row=1)
    batches.cancel_rest(batch)
    assert {done.status, failed.status} == set(statuses(batch))


def test_a_paused_batch_that_is_cancelled_is_paused_no_more():
    batch = requested()
    batches.pause(batch)
    batches.cancel_rest(batch)
    assert (progress(batch).status, batch.paused_at) == ("cancelled", None)


# --- retrying ----------------------------------------------------------------------------------------------------


def test_retrying_asks_anew_in_the_cells_that_failed_and_no_others(batch):
    for row, status in enumerate(("failed", "interrupted", "succeeded", "partial", "cancelled", "queued")):
        cell(batch, status, row=row, prompt=status, options={"size": "256x256"}, wanted=2)
    asker = make_member(batch.project)
    assert batches.retry_failed(asker, batch) == 2
    again = Generation.objects.filter(user=asker)
    assert [(g.prompt, g.batch_row, g.wanted, g.options, g.status) for g in again.order_by("pk")] == [
        ("failed", 0, 2, {"size": "256x256"}, "queued"),
        ("interrupted", 1, 2, {"size": "256x256"}, "queued"),
    ]
    assert len(in_queue()) == 2


def test_retrying_twice_asks_once(batch):
    cell(batch, "failed")
    assert [batches.retry_failed(batch.user, batch) for _ in range(2)] == [1, 0]


def test_a_retry_in_a_paused_batch_waits_with_it(batch):
    make_call(cell(batch, "queued"))
    cell(batch, "failed", row=1)
    batches.pause(batch)
    batches.retry_failed(batch.user, batch)
    assert not in_queue()
    batches.resume(batch)
    assert len(in_queue()) == 2


def test_a_retry_after_all_else_has_ended_ends_the_pause(batch):
    cell(batch, "failed")
    batches.pause(batch)
    batches.retry_failed(batch.user, batch)
    assert (progress(batch).status, len(in_queue())) == ("queued", 1)


def test_what_is_not_on_offer_any_more_is_not_retried(batch):
    cell(batch, "failed")
    ModelEntry.objects.filter(name=GPT).update(is_active=False)
    with pytest.raises(NotOnOffer, match=GPT):
        batches.retry_failed(batch.user, batch)
    assert batch.generations.count() == 1


# --- reading -----------------------------------------------------------------------------------------------------


def test_the_newest_generation_stands_for_its_cell_and_every_cost_counts(batch):
    old = cell(batch, "failed", estimated_usd="0.1")
    make_call(old, Call.Status.ANSWERED, cost_usd="0.25")
    new = cell(batch, "succeeded", estimated_usd="0.2", wanted=2)
    make_image(call=make_call(new, Call.Status.ANSWERED, cost_usd="0.5"))
    found = progress(batch)
    assert (found.cells, found.failed, found.succeeded) == (1, 0, 1)
    assert (found.pictures, found.wanted) == (1, 2)
    assert (found.cost_usd, found.estimated_usd) == (Decimal("0.75"), Decimal("0.2"))
    assert [generation.pk for generation in sheets.cells(batch, batch.user)] == [new.pk]


def test_a_picture_in_the_trash_is_not_counted(batch):
    make_image(cell(batch), trashed_at=timezone.now())
    assert progress(batch).pictures == 0


def test_what_nobody_knows_the_cost_of_is_said(batch):
    make_call(cell(batch, "interrupted"), Call.Status.INTERRUPTED, may_have_been_billed=True)
    found = progress(batch)
    assert (found.cost_usd, found.unknown_costs, found.estimate_is_complete) == (None, 1, False)


@pytest.mark.parametrize(
    ("of_cells", "word"),
    [
        ("queued queued", "queued"),
        ("queued running", "running"),
        ("queued succeeded", "running"),
        ("succeeded succeeded", "succeeded"),
        ("succeeded failed", "partial"),
        ("partial succeeded", "partial"),
        ("succeeded cancelled", "partial"),
        ("failed failed", "failed"),
        ("failed cancelled", "failed"),
        ("interrupted cancelled", "interrupted"),
        ("cancelled cancelled", "cancelled"),
    ],
)
def test_one_word_says_how_a_batch_stands(batch, of_cells, word):
    for row, status in enumerate(of_cells.split()):
        cell(batch, status, row=row)
    assert progress(batch).status == word


def test_what_can_still_be_stopped_is_counted(batch):
    for status in Call.Status.values:
        make_call(cell(batch, "running"), status)
    assert progress(batch).unsent == 2


def test_the_bar_is_drawn_of_what_there_is(batch):
    for row, status in enumerate(("succeeded", "partial", "failed", "cancelled", "running", "queued")):
        cell(batch, status, row=row)
    assert progress(batch).parts == [("done", 0, 2), ("failed", 2, 1), ("stopped", 3, 1), ("running", 4, 1)]


def test_many_batches_cost_no_more_queries_than_one(batch):
    def cost(shown):
        with CaptureQueriesContext(connection) as captured:
            sheets.with_thumbs(sheets.with_progress(shown))
        return len(captured)

    make_image(cell(batch))
    others = [requested() for _ in range(5)]
    assert cost([batch]) == cost([batch, *others])


def test_only_cells_that_changed_since_are_told(batch):
    old, new = cell(batch), cell(batch, row=1)
    for generation in (old, new):
        Event.objects.append(generation)
    Event.objects.filter(generation=old).update(at=timezone.now() - timedelta(minutes=1))
    since = timezone.now() - timedelta(seconds=10)
    assert [generation.pk for generation in sheets.cells(batch, batch.user, since)] == [new.pk]


def test_on_create_stand_a_persons_own_batches_while_they_are_open_or_new(batch):
    cell(batch)
    long_ago = timezone.now() - 2 * sheets.RECENT
    project, user = batch.project, batch.user
    requested(project=project)  # a colleague's
    open_one, ended = (requested(user=user, project=project) for _ in range(2))
    batches.cancel_rest(ended)
    Batch.objects.filter(pk__in=[open_one.pk, ended.pk]).update(created_at=long_ago)
    assert [shown.pk for shown in sheets.shown_on_create(user)] == [open_one.pk, batch.pk]
