"""Several workers on one PostgreSQL, some of them killed: every call ends, and none is sent twice."""

import random
import signal
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from gallery.models import Call, Generation, Worker
from tests.services.running import ask, queue_rows

from .processes import Process, wait_for

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one worker: test_worker_process.py"),
]

LONG = 60  # seconds; two cores shared by several workers that start


@pytest.fixture
def machines(tmp_path, sandbox):
    """Starts workers, each on the data folder of a machine that is named; those that are left are killed at the end."""
    started = []

    def start(machine):
        started.append(Process(tmp_path / machine, sandbox.url))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.end(signal.SIGKILL)


def row_of(worker):
    return Worker.objects.filter(name__contains=f":{worker.pid}:")


def silent_for_a_minute(worker):
    """What the others see a minute after a machine fell silent."""
    row_of(worker).update(seen_at=timezone.now() - timedelta(minutes=1))


def all_alive(*workers):
    wait_for(lambda: Worker.objects.count() == len(workers), LONG)


def all_ended():
    return not Generation.objects.open().exists()


def sent_by(worker):
    return Call.objects.filter(status="sent", worker__contains=f":{worker.pid}:").exists()


def requests(sandbox):
    """How often the sandbox got each prompt, whether it answered or not."""
    ledger = sandbox.ledger()
    return Counter(entry["prompt"] for entry in [*ledger["answered"], *ledger["unanswered"]])


def test_workers_killed_at_any_moment_leave_no_call_stuck_and_none_is_sent_twice(machines, sandbox):
    workers = [machines(machine) for machine in ("one", "one", "two", "three")]
    all_alive(*workers)
    for number in range(40):
        ask(prompt=f"Fox {number} [[fault: slow seconds=0.8]]")
    for victim in random.sample(workers, 3):
        wait_for(lambda victim=victim: sent_by(victim) or all_ended(), LONG)
        victim.end(signal.SIGKILL)
        silent_for_a_minute(victim)
    machines("one")
    wait_for(all_ended, LONG)
    ended = Counter(Generation.objects.values_list("status", "error_code"))
    assert set(ended) <= {("succeeded", ""), ("interrupted", "worker_stopped")}
    assert ended["succeeded", ""] >= 10
    asked = requests(sandbox)
    assert set(asked.values()) == {1}
    sent = Call.objects.exclude(sent_at=None)
    unheard = sent.exclude(generation__prompt__in=asked)  # killed after the commit, before all of it had gone out
    assert {call.status for call in unheard} <= {"interrupted"}
    assert asked.total() <= sandbox.ledger()["received"] <= sent.count()
    assert set(Call.objects.values_list("status", flat=True)) <= {"answered", "interrupted"}


def test_several_workers_share_the_work(machines, sandbox):
    workers = [machines("one"), machines("two")]
    all_alive(*workers)
    for number in range(12):
        ask(prompt=f"Fox {number} [[fault: slow seconds=0.5]]")
    wait_for(all_ended)
    by_worker = Counter(Call.objects.values_list("worker", flat=True))
    assert len(by_worker) == 2
    assert [worker.end() for worker in workers] == [0, 0]
    assert not (Worker.objects.exists() or queue_rows().exists())


def test_a_worker_that_comes_back_from_a_long_pause_keeps_its_answer_and_sends_nothing_twice(machines, sandbox):
    paused, other = machines("one"), machines("two")
    all_alive(paused, other)
    generations = [ask(prompt=f"Fox {number} [[fault: slow seconds=2]]") for number in range(6)]
    wait_for(lambda: sandbox.ledger()["received"] == 6)  # one that froze before it connected has never sent anything
    assert sent_by(paused)
    paused.process.send_signal(signal.SIGSTOP)
    silent_for_a_minute(paused)
    wait_for(all_ended, LONG)
    given_up = Generation.objects.filter(status="interrupted").count()
    assert given_up
    paused.process.send_signal(signal.SIGCONT)
    wait_for(lambda: not Generation.objects.exclude(status="succeeded").exists(), LONG)
    assert set(requests(sandbox).values()) == {1}
    assert [generation.images.count() for generation in generations] == [1] * 6


def test_a_call_waits_for_no_look_when_a_worker_is_idle(machines):
    all_alive(machines("one"))
    generation = ask()
    wait_for(all_ended)
    call = generation.calls.get()
    assert call.claimed_at - call.created_at < timedelta(seconds=0.4)


def test_sigterm_gives_calls_time_to_come_back_and_leaves_the_rest_in_the_queue(machines, sandbox):
    worker = machines("one")
    all_alive(worker)
    ask(prompt="Fox [[fault: slow seconds=2]]")
    wait_for(lambda: sent_by(worker))
    assert worker.end() == 0
    ask()
    assert list(Generation.objects.order_by("pk").values_list("status", flat=True)) == ["succeeded", "queued"]
    assert not Worker.objects.exists()
    assert queue_rows().count() == 1
