"""`manage.py worker` as a process: killed, started again, drained, and alone on its folder."""

import signal

import pytest
from django.db import connection

from gallery.models import Generation
from tests.services.running import KEY, ask

from .processes import Process, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def start(tmp_path, sandbox):
    """Starts workers on one data folder; those that are left are killed at the end."""
    started = []

    def start():
        started.append(Process(tmp_path, sandbox.url))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.end(signal.SIGKILL)


def test_a_worker_killed_while_a_call_is_out_leaves_it_to_a_person(start, sandbox):
    sandbox.faults(["hang"])
    lost = ask()
    killed = start()
    wait_for(lambda: sandbox.ledger()["received"])
    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    waiting = ask()
    again = start()
    wait_for(lambda: not Generation.objects.open().exists())
    assert again.end() == 0
    lost.refresh_from_db()
    waiting.refresh_from_db()
    assert (lost.status, lost.error_code, waiting.status) == ("interrupted", "worker_stopped", "succeeded")
    assert lost.may_have_been_billed
    assert sandbox.ledger()["received"] == 2
    assert KEY not in again.log


@pytest.mark.skipif(connection.vendor == "postgresql", reason="there any number may run: test_many_workers.py")
def test_a_worker_is_alone_on_its_folder_and_finishes_its_calls_before_it_ends(start, sandbox):
    sandbox.faults([{"name": "slow", "seconds": 2}])
    generation = ask()
    first = start()
    wait_for(lambda: sandbox.ledger()["received"])
    second = start()
    assert second.ends_by_itself() == 1
    assert "Another worker is running" in second.log
    assert first.end() == 0
    generation.refresh_from_db()
    assert (generation.status, generation.images.count()) == ("succeeded", 1)
