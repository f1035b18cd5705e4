"""What holds between several connections: one claim, `sent` before the request, no transaction around the network."""

import asyncio
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from gallery.models import Call, Generation, ModelEntry
from gallery.models.usage import CallQuerySet
from gallery.ofox.client import Gateway
from gallery.services import calls
from gallery.services.generations import cancel_generation
from tests.factory import GEMINI, GPT, make_call, make_image, make_member, make_project

from .running import ask, claim, in_queue, made, run_calls, side_by_side

pytestmark = pytest.mark.django_db(transaction=True)


def from_elsewhere(function, *arguments):
    """The answer of a function that runs on a database connection of its own."""
    try:
        return function(*arguments)
    finally:
        connection.close()


def at_once(*functions):
    """What the functions answer when each runs in its own thread and all start together."""
    start = threading.Barrier(len(functions))

    def run(function):
        start.wait()
        return from_elsewhere(function)

    with ThreadPoolExecutor(len(functions)) as threads:
        return list(threads.map(run, functions))


def test_one_of_many_workers_claims_a_call():
    call = make_call()
    won = at_once(*[partial(claim, call, f"worker {number}") for number in range(12)])
    assert won.count(True) == 1
    call.refresh_from_db()
    assert call.worker == f"worker {won.index(True)}"


def test_a_second_delivery_does_nothing(online):
    call = ask().calls.get()
    async_to_sync(side_by_side)([call.pk] * 5)
    assert online.ledger()["received"] == 1
    async_to_sync(calls.run_call.acall)(call.pk)
    assert (Call.objects.get().status, online.ledger()["received"]) == ("answered", 1)


def stand_by(call, meanwhile=lambda: None, goes=True):
    """Run a call; what happens before it may go, and whether it may."""

    async def may_go():
        await sync_to_async(meanwhile)()
        return goes

    async_to_sync(calls.run_call.acall)(call.pk, may_go=may_go)
    call.refresh_from_db()


def test_a_call_that_is_cancelled_while_it_stands_by_is_not_sent(online):
    generation = ask()
    call = generation.calls.get()
    stand_by(call, partial(cancel_generation, generation))
    assert (call.status, online.ledger()["received"]) == ("cancelled", 0)
    assert not list(settings.SPOOL_DIR.iterdir())


def test_a_call_that_may_not_go_is_in_the_queue_again_with_its_turn(online):
    call = ask().calls.get()
    turn = call.turn
    stand_by(call, goes=False)
    assert (call.status, call.worker, call.run_after, call.turn) == ("queued", "", None, turn)
    assert online.ledger()["received"] == 0
    run_calls()
    call.refresh_from_db()
    assert call.status == "answered"


def test_a_claim_that_was_lost_and_won_again_is_another_claim():
    call = make_call()
    claim(call)
    lost = Call.objects.get()
    Call.objects.update(status="queued")
    claim(call)
    won = Call.objects.get()
    assert not Call.objects.mark_sent(lost, {})
    assert not Call.objects.put_back(lost, None)
    assert calls.spool_folder(lost) != calls.spool_folder(won)
    assert Call.objects.mark_sent(won, {})


def queries_to_claim(number):
    ids = [make_call().pk for _ in range(number)]
    with CaptureQueriesContext(connection) as asked:
        claimed = async_to_sync(claim_together)(ids)
    assert [call.pk for call, _entry in claimed] == ids
    assert {entry.name for _call, entry in claimed} == {GPT}
    calls.running.clear()
    return len(asked)


async def claim_together(ids):
    return await asyncio.gather(*(calls.claims.take(pk) for pk in ids))


def test_calls_that_start_at_once_are_claimed_together():
    assert queries_to_claim(30) == queries_to_claim(3)


def test_of_calls_that_start_at_once_each_is_claimed_by_itself():
    """One of them twice, one that another has, and one that is gone."""
    ours, theirs = make_call(), make_call()
    claim(theirs, "another")
    claimed = async_to_sync(claim_together)([theirs.pk, ours.pk, ours.pk, theirs.pk + 1])
    assert [one and one[0].pk for one in claimed] == [None, ours.pk, None, None]
    assert calls.running == [ours.pk]
    calls.running.clear()


def test_a_claim_that_fails_claims_none_and_the_next_one_works(monkeypatch):
    ids = [make_call().pk for _ in range(3)]
    with monkeypatch.context() as broken, pytest.raises(Crash):
        broken.setattr(ModelEntry.objects, "filter", crash)
        async_to_sync(claim_together)(ids)
    assert set(Call.objects.values_list("status", flat=True)) == {"queued"}
    assert calls.running == []
    assert all(async_to_sync(claim_together)(ids))
    calls.running.clear()


def test_a_double_click_from_two_tabs_is_one_generation():
    token, project = uuid.uuid4(), make_project()
    user = make_member(project)
    ask_now = partial(ask, user, project=project, token=token)
    assert len(set(at_once(ask_now, ask_now, ask_now))) == 1
    assert (Generation.objects.count(), Call.objects.count(), len(in_queue())) == (1, 1, 1)


@pytest.fixture
def while_out(recorder):
    """What functions see, from a connection of their own, while the request of a call is out."""

    def look(*functions, **wish):
        seen = []

        async def see():
            seen.extend([await asyncio.to_thread(from_elsewhere, function) for function in functions])

        recorder.meanwhile = see
        made(**wish)
        return seen

    return look


def test_a_call_is_known_as_sent_before_the_request_leaves(while_out):
    [row, status] = while_out(Call.objects.get, lambda: Generation.objects.get().status)
    assert row.status == "sent"
    assert row.sent_at
    assert row.sent["fields"]["prompt"] == "A red fox in the snow"
    assert status == "running"


def test_others_can_write_while_a_request_is_out(while_out):
    assert while_out(lambda: Call.objects.update(worker="somebody else")) == [1]


def test_no_transaction_is_open_while_a_request_is_out(recorder):
    seen = []

    async def see():
        seen.append(await sync_to_async(connection.get_autocommit)())

    recorder.meanwhile = see
    made(attached=[make_image()])
    assert seen == [True]


def test_files_are_there_before_their_rows(online, monkeypatch):
    """A crash between the two leaves a file too many, never a row without its file."""
    generation = ask()
    monkeypatch.setattr(CallQuerySet, "end", crash)
    with pytest.raises(Crash):
        run_calls()
    call = generation.calls.get()
    assert (call.status, generation.images.count()) == ("sent", 0)
    assert (calls.spool_folder(call) / "body").exists()


def test_an_answer_is_stored_when_those_beside_it_have_been_read(online, monkeypatch):
    generation, seen = ask(), []

    async def caught_up(gateway):
        seen.append(await sync_to_async(lambda: (generation.calls.get().status, generation.images.count()))())

    monkeypatch.setattr(Gateway, "caught_up", caught_up)
    run_calls()
    assert (seen, generation.images.count()) == ([("sent", 0)], 1)


class Crash(Exception):
    pass


def crash(*_arguments, **_fields):
    raise Crash


def test_calls_are_not_known_before_their_generation_is_whole():
    with pytest.raises(Crash), transaction.atomic():
        ask(model=GEMINI, wanted=3)
        assert at_once(Call.objects.count, in_queue) == [0, []]
        raise Crash
    assert not in_queue()


def test_cancelling_and_sending_at_the_same_time_do_not_lock_each_other_out():
    for _ in range(15):
        generation = ask()
        claim(generation.calls.get())
        call = generation.calls.get()
        cancelled, sent = at_once(partial(cancel_generation, generation), partial(calls._pass_as_sent, call, {}))
        call.refresh_from_db()
        assert cancelled
        assert (call.status, call.may_have_been_billed) == (("sent", True) if sent == 0 else ("cancelled", False))
