"""The worker of the database in use, in this process: what it takes up, how much at once, and how it ends."""

import asyncio
import threading
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.utils import timezone
from django_tasks import task

from gallery.engine import fleet, storing, worker
from gallery.engine.fleet import FleetWorker
from gallery.engine.worker import Worker
from gallery.models import Call, Generation
from gallery.services import calls, files
from gallery.services.generations import cancel_generation
from tests.factory import GEMINI
from tests.services.running import Recorder, ask, connect, in_queue, queue_rows

# procrastinate has connections of its own, which see only what is committed.
FLEET = connection.vendor == "postgresql"
pytestmark = pytest.mark.django_db(transaction=FLEET)

STANDING_BY = 0 if FLEET else 1  # calls beside four that are out
PATIENCE = 10  # seconds


def work(until, in_flight=8):
    """Let a worker run until a function of the database says so, then stop it as SIGTERM does."""

    async def run():
        working = (FleetWorker if FLEET else Worker)(in_flight)
        running = asyncio.create_task(working.run())
        async with asyncio.timeout(PATIENCE):
            while not await sync_to_async(until)():
                await asyncio.sleep(0.02)
        working.stop.set()
        await running

    async_to_sync(run)()


def all_ended():
    return not Generation.objects.open().exists()


def statuses():
    return list(Generation.objects.order_by("pk").values_list("status", flat=True))


def test_queued_calls_run_to_their_end_and_leave_no_task_behind(online):
    ask(wanted=2)
    ask(model=GEMINI, wanted=2)
    work(all_ended)
    assert statuses() == ["succeeded", "succeeded"]
    assert not queue_rows().exists()


class Counting(Recorder):
    """Knows how many requests are out, and how many were at most."""

    out = most = 0

    async def handle_async_request(self, request):
        self.out += 1
        self.most = max(self.most, self.out)
        try:
            return await super().handle_async_request(request)
        finally:
            self.out -= 1


def test_calls_in_flight_are_never_more_than_allowed(online, monkeypatch, settings):
    gateway = connect(monkeypatch, settings, Counting())
    online.faults([{"name": "slow", "seconds": 0.1, "times": 5}])
    for _ in range(5):
        ask()
    work(all_ended, in_flight=2)
    assert (gateway.most, len(gateway.requests)) == (2, 5)


def numbers():
    """How many calls are out, and how many stand by."""
    return tuple(Call.objects.filter(status=status).count() for status in ("sent", "claimed"))


def test_as_many_as_may_are_out_and_where_there_is_one_worker_one_stands_by(online, monkeypatch, settings):
    gateway, seen = connect(monkeypatch, settings, Counting()), set()
    online.faults([{"name": "slow", "seconds": 0.3, "times": 6}])
    for _ in range(6):
        ask()
    work(lambda: seen.add(numbers()) or all_ended(), in_flight=4)
    assert (4, STANDING_BY) in seen
    assert (gateway.most, len(gateway.requests)) == (4, 6)


def test_stopping_gives_back_what_stands_by(online):
    online.faults([{"name": "slow", "seconds": 0.5, "times": 4}])
    for _ in range(5):
        ask()
    work(lambda: numbers() == (4, STANDING_BY), in_flight=4)
    [call] = Call.objects.filter(status="queued", worker="", run_after=None)
    assert in_queue() == [call.pk]
    assert statuses() == ["succeeded"] * 4 + ["queued"]
    assert online.ledger()["received"] == 4


@pytest.fixture
def busy_decoders():
    """Nothing can be stored until it is set."""
    free = threading.Event()
    for _ in range(files.DECODERS._max_workers):
        files.DECODERS.submit(free.wait, PATIENCE)
    yield free
    free.set()


def test_an_answer_that_is_still_being_stored_holds_up_no_other_call(online, busy_decoders):
    for _ in range(3):
        ask()

    def all_answered():
        if online.ledger()["sums"]["calls"] == 3 and not busy_decoders.is_set():
            assert statuses() == ["running"] * 3
            busy_decoders.set()
        return all_ended()

    work(all_answered, in_flight=1)
    assert statuses() == ["succeeded"] * 3


def test_but_not_more_of_them_than_fit_on_the_disk(online, busy_decoders, monkeypatch):
    monkeypatch.setattr(storing, "MOST", 1)
    for _ in range(4):
        ask()
    waited = iter(range(20))

    def waited_for_a_while():
        if next(waited, None) is None:
            busy_decoders.set()
        elif not busy_decoders.is_set():
            assert online.ledger()["received"] <= 2
        return all_ended()

    work(waited_for_a_while, in_flight=1)
    assert statuses() == ["succeeded"] * 4


def test_a_call_that_hangs_holds_up_no_other_and_is_left_for_the_next_start(online, monkeypatch):
    monkeypatch.setattr(fleet if FLEET else worker, "DRAIN", 0.1)
    online.faults(["hang"])
    ask()
    ask()
    work(lambda: sorted(statuses()) == ["running", "succeeded"])
    assert Call.objects.filter(status="sent").count() == 1
    work(all_ended)
    assert sorted(statuses()) == ["interrupted", "succeeded"]
    assert online.ledger()["received"] == 2


def test_a_call_waits_for_its_time(online):
    later = ask()
    queue_rows().delete()
    Call.objects.update(run_after=timezone.now() + timedelta(hours=1))
    calls.enqueue(Call.objects.get())
    ask()
    work(lambda: Generation.objects.filter(status="succeeded").exists())
    later.refresh_from_db()
    assert (later.status, in_queue()) == ("queued", [later.calls.get().pk])


def test_a_refused_call_is_repeated_by_the_worker(online):
    online.faults([{"name": "503", "retry_after": 0.1}])
    generation = ask()
    work(all_ended)
    first, second = generation.calls.all()
    assert statuses() == ["succeeded"]
    assert second.sent_at >= second.run_after > first.finished_at


def test_bad_answers_leave_the_worker_alive(online):
    online.faults(["html", "bomb", "drop", "cut_body", "odd_usage"])
    for _ in range(6):
        ask()
    work(all_ended)
    assert sorted(statuses()) == ["failed", "failed", "interrupted", "interrupted", "succeeded", "succeeded"]


@task
async def from_a_version_to_come(call_id):
    raise NotImplementedError


def test_a_task_that_cannot_run_leaves_the_worker_alive(online):
    from_a_version_to_come.enqueue(1)
    ask()
    calls.run_call.enqueue(10**9)
    work(all_ended)
    assert statuses() == ["succeeded"]


def test_stopping_lets_calls_in_flight_finish_and_starts_no_more(online):
    online.faults([{"name": "slow", "seconds": 0.2, "times": 2}])
    ask()
    ask()
    work(lambda: Call.objects.filter(status="sent").exists(), in_flight=1)
    assert statuses() == ["succeeded", "queued"]


def test_starting_recovers_what_a_dead_worker_left(online):
    claimed, sent = ask(), ask()
    claimed.calls.update(status="claimed", claimed_at=timezone.now())
    sent.calls.update(status="sent", claimed_at=timezone.now(), sent_at=timezone.now())
    work(all_ended)
    assert statuses() == ["succeeded", "interrupted"]


def test_a_generation_cancelled_in_the_queue_is_not_sent(online):
    generation = ask()
    cancel_generation(generation)
    ask()
    work(all_ended)
    assert statuses() == ["cancelled", "succeeded"]
    assert online.ledger()["received"] == 1
