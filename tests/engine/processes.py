"""The studio's commands as processes of their own, on the tests' database and against the tests' sandbox."""

import os
import signal
import subprocess
import sys
import time
from urllib.parse import quote

import httpx
from django.conf import settings
from django.db import connection

from tests.services.running import KEY

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
    """A command of manage.py, a worker unless named otherwise, on a data folder; `log` is what it wrote."""

    def __init__(self, folder, url, *command, **environment):
        folder.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "imagestudio.settings",
            "STUDIO_DATA_DIR": str(folder),
            "DATABASE_URL": database_url(),
            "OFOX_BASE_URL": url,
            "OFOX_API_KEY": KEY,
            "SECRET_KEY": "known to everybody, for tests only",
            **environment,
        }
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *(command or ["worker"])]
        self.log_file = folder / f"process-{time.monotonic_ns()}.log"
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
            )

    @property
    def pid(self):
        return self.process.pid

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def ends_by_itself(self):
        return self.process.wait(PATIENCE)

    @property
    def log(self):
        return self.log_file.read_text()


def wait_for(condition, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def serves(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
