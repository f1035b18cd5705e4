"""`manage.py worker` as a process: killed, started again, drained, and alone on its folder."""

import os
import signal
import subprocess
import sys
import time
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection

from gallery.models import Generation
from tests.services.running import KEY, ask

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20  # seconds


def database_url():
    """The tests' own database, for another process."""
    parts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{parts['NAME']}"
    account = quote(parts["USER"], safe="") + (f":{quote(parts['PASSWORD'], safe='')}" if parts["PASSWORD"] else "")
    port = f":{parts['PORT']}" if parts["PORT"] else ""
    return f"postgres://{account}@{quote(parts['HOST'], safe='')}{port}/{parts['NAME']}"


class Process:
    """A worker on a data folder; `log` is what it wrote."""

    def __init__(self, folder, url):
        self.log_file = folder / "worker.log"
        environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "imagestudio.settings",
            "STUDIO_DATA_DIR": str(folder),
            "DATABASE_URL": database_url(),
            "OFOX_BASE_URL": url,
            "OFOX_API_KEY": KEY,
            "SECRET_KEY": "known to everybody, for tests only",
        }
        command = [sys.executable, str(django_settings.BASE_DIR / "manage.py"), "worker"]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
            )

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def ends_by_itself(self):
        return self.process.wait(PATIENCE)

    @property
    def log(self):
        return self.log_file.read_text()


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


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


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
