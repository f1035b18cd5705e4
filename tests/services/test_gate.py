"""The shared rate gate: no minute has more requests than the limit, whoever asks, and nobody fails for asking."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.utils import timezone

from gallery.models import Call, Event, Generation, RateGate
from gallery.sandbox.server import SandboxServer
from gallery.services import calls, gate, generations
from tests.factory import make_call

from .running import ask, made, queue_rows, run_calls, side_by_side
from .taking import take

pytestmark = pytest.mark.django_db

HEADERS = {"x-ratelimit-limit-requests": "30", "x-ratelimit-remaining-requests": "7"}


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self):
        self.seconds = 1_800_000_000.0

    def now(self):
        return datetime.fromtimestamp(self.seconds, UTC)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


def passed():
    """How many requests may go at this moment."""
    number = 0
    while not gate.pass_gate():
        number += 1
    return number


def test_after_a_pause_a_tenth_of_the_minutes_requests_go_at_once(settings, clock):
    settings.REQUESTS_PER_MINUTE = 200
    assert passed() == 20
    clock.seconds += 3600
    assert passed() == 20


@pytest.mark.parametrize("limit", [1, 7, 30, 200])
def test_no_minute_has_more_requests_than_the_limit_and_hardly_fewer(settings, clock, limit):
    settings.REQUESTS_PER_MINUTE = limit
    start, went = clock.seconds, []
    while clock.seconds < start + 180:
        if wait := gate.pass_gate():
            clock.seconds += wait
        else:
            went.append(clock.seconds)
    assert max(sum(moment <= other < moment + 60 for other in went) for moment in went) <= limit
    assert len(went) >= 3 * limit * 0.9


def test_the_time_told_is_the_time_to_wait(settings, clock):
    settings.REQUESTS_PER_MINUTE = 10
    passed()
    wait = gate.pass_gate()
    clock.seconds += wait - 0.01
    assert gate.pass_gate() == pytest.approx(0.01)
    clock.seconds += 0.01
    assert gate.pass_gate() == 0


@pytest.mark.django_db(transaction=True)
def test_no_request_is_lost_count_of_between_connections(settings):
    settings.REQUESTS_PER_MINUTE = 100_000
    before = timezone.now().timestamp() + 3  # in debt, but within the burst: each request adds its interval to this
    RateGate.objects.create(pk=1, next_at=before)
    start = threading.Barrier(6)

    def ask_often(_):
        start.wait()
        waits = [gate.pass_gate() for _ in range(40)]
        connection.close()
        return waits

    with ThreadPoolExecutor(6) as threads:
        waits = [wait for waits in threads.map(ask_often, range(6)) for wait in waits]
    row = RateGate.objects.get()
    assert waits == [0] * 240
    assert (row.next_at - before) / row.interval == pytest.approx(240, abs=0.5)


def test_a_limit_that_answers_tell_is_kept_where_the_setting_allows_more(settings, clock):
    settings.REQUESTS_PER_MINUTE = 200
    gate.pass_gate()
    gate.learn(HEADERS, clock.now())
    assert RateGate.objects.current().rate == 30
    settings.REQUESTS_PER_MINUTE = 20
    assert RateGate.objects.current().rate == 20


def test_answers_without_a_limit_leave_the_learned_one(settings, clock):
    gate.pass_gate()
    gate.learn(HEADERS, clock.now())
    gate.learn({"x-ratelimit-limit-requests": "many"}, clock.now())
    assert RateGate.objects.get().per_minute == 30


def test_nothing_goes_until_the_reset_when_nothing_is_left(clock):
    gate.pass_gate()
    told = HEADERS | {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "40s"}
    gate.learn(told, clock.now() - timedelta(seconds=10))
    assert gate.pass_gate() == pytest.approx(30)


def test_a_429_closes_the_gate_for_the_time_it_names_and_never_opens_it_earlier(clock):
    gate.pass_gate()
    gate.push(12)
    gate.push(3)
    assert gate.pass_gate() == pytest.approx(12)
    clock.seconds += 12
    assert gate.pass_gate() == 0


def test_a_429_without_a_time_closes_the_gate_for_a_moment_and_one_with_a_day_not_for_a_day(clock):
    gate.pass_gate()
    gate.push()
    assert gate.pass_gate() == gate.PAUSE
    gate.push(86_400)
    assert gate.pass_gate() == gate.LONGEST_PAUSE


def test_workers_take_only_what_may_soon_go(settings, clock):
    settings.REQUESTS_PER_MINUTE = 30  # three at once, then one in two seconds
    make_call(status=Call.Status.CLAIMED, claimed_at=clock.now())
    make_call(status=Call.Status.CLAIMED, claimed_at=clock.now() - timedelta(hours=1))  # its worker is dead
    assert gate.room() == 2
    gate.pass_gate()
    assert gate.room() == 1
    gate.push(60)
    assert gate.room() == 0


def test_a_short_wait_is_waited_and_a_long_one_handed_back():
    gate.pass_gate()
    gate.push(0.1)
    assert async_to_sync(gate.patiently)(gate.pass_gate) == 0
    gate.push(30)
    next_at = RateGate.objects.get().next_at
    assert async_to_sync(gate.patiently)(gate.pass_gate) == pytest.approx(30, abs=1)
    assert RateGate.objects.get().next_at == next_at


def test_a_call_before_a_closed_gate_goes_back_to_the_queue_and_says_until_when(online, clock, settings):
    made()
    gate.push(30)
    generation = ask()
    call = generation.calls.get()
    told = Event.objects.filter(generation=generation).count()
    async_to_sync(calls.run_call.acall)(call.pk)
    call.refresh_from_db()
    assert (call.status, call.worker, call.run_after) == ("queued", "", clock.now() + timedelta(seconds=30))
    assert queue_rows().filter(due=call.run_after).count() == 1
    assert Event.objects.filter(generation=generation).count() == told + 1
    assert (online.ledger()["received"], list(settings.SPOOL_DIR.iterdir())) == (1, [])
    run_calls()
    assert Generation.objects.get(pk=generation.pk).status == "succeeded"


@pytest.mark.parametrize("seconds", [0.2, 30])
def test_a_call_that_is_cancelled_at_the_gate_never_goes_out(online, clock, seconds):
    made()
    gate.push(seconds)
    generation = ask()

    call = generation.calls.get()

    async def cancelled_while_it_waits():
        running = asyncio.create_task(calls.run_call.acall(call.pk))
        await asyncio.sleep(0.05)
        await sync_to_async(generations.cancel_generation)(generation)
        await running

    async_to_sync(cancelled_while_it_waits)()
    call.refresh_from_db()
    assert (call.status, online.ledger()["received"]) == ("cancelled", 1)


def test_a_429_on_the_wire_closes_the_gate_for_everybody(online):
    online.faults([{"name": "429", "retry_after": 30}])
    async_to_sync(side_by_side)([ask().calls.get().pk])
    assert gate.pass_gate() == pytest.approx(30, abs=2)
    assert RateGate.objects.get().per_minute == 1_000_000


@pytest.mark.parametrize(("asked_a_minute", "refused"), [(200, 0), (1000, 30)])
def test_sixty_calls_at_thirty_a_minute_all_arrive(online, settings, monkeypatch, clock, asked_a_minute, refused):
    """The gateway tells its limit with the first answers; what had gone out by then is all that it refuses."""
    settings.REQUESTS_PER_MINUTE = asked_a_minute
    monkeypatch.setattr(gate, "AHEAD", 0)  # the clock does not go on while a call waits in memory
    with SandboxServer(requests_per_minute=30) as strict:
        strict.server.config.app.rate.clock = lambda: clock.seconds
        settings.OFOX_BASE_URL = strict.url
        for _ in range(60):
            ask()
        start = clock.seconds
        while Generation.objects.open().exists() and clock.seconds < start + 300:
            taken = take(64)
            async_to_sync(side_by_side)([call.pk for call in taken])
            clock.seconds += 0 if taken else 1
        assert strict.ledger()["received"] == 60 + refused
    assert set(Generation.objects.values_list("status", flat=True)) == {"succeeded"}
    assert clock.seconds - start < 150
