"""Ending the commands that are not a worker, and recovering by hand: each as a process of its own."""

import os
import signal
import subprocess
import time

import httpx
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tests.factory import make_user
from tests.services.running import ask

from .processes import serves, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def children(pid):
    return [int(line) for line in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True).stdout.split()]


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_web_server_ends_although_a_page_listens(start, port):
    browser = Client()
    browser.force_login(make_user())
    web = start("web", STUDIO_PORT=str(port))
    wait_for(lambda: serves(port))
    cookies = {name: cookie.value for name, cookie in browser.cookies.items()}
    with httpx.stream("GET", f"http://127.0.0.1:{port}/events/", cookies=cookies, trust_env=False) as stream:
        assert next(stream.iter_lines()) == ": the studio is listening"
        begin = time.monotonic()
        assert web.end() == 0
    assert time.monotonic() - begin < 5


ALONE = {"DATABASE_URL": "", "OFOX_API_KEY": "", "OFOX_BASE_URL": "", "DJANGO_SUPERUSER_PASSWORD": "for tests only"}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="brings a SQLite of its own")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_the_studio_leaves_no_process_behind_however_it_ends(start, port, how, code):
    studio = start("studio", STUDIO_PORT=str(port), **ALONE)
    wait_for(lambda: serves(port), 60)
    worker_and_sandbox = children(studio.pid)
    assert len(worker_and_sandbox) == 2
    assert studio.end(how) == code
    wait_for(lambda: not any(map(is_running, worker_and_sandbox)))
    assert "Traceback" not in studio.log


def test_calls_can_be_recovered_by_hand(start):
    generation = ask()
    generation.calls.update(status="sent", claimed_at=timezone.now(), worker="dead", sent_at=timezone.now())
    assert start("recover").ends_by_itself() == 0
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == ("interrupted", "worker_stopped")


def test_recovering_by_hand_beside_a_worker_does_no_harm(start, sandbox):
    sandbox.faults([{"name": "slow", "seconds": 3}])
    generation = ask()
    worker = start()
    wait_for(lambda: sandbox.ledger()["received"])
    recovering = start("recover")
    if connection.vendor == "sqlite":  # whose worker does it by itself
        assert recovering.ends_by_itself() == 1
        assert "A worker is running" in recovering.log
    else:
        assert recovering.ends_by_itself() == 0
    assert worker.end() == 0
    generation.refresh_from_db()
    assert (generation.status, sandbox.ledger()["received"]) == ("succeeded", 1)
