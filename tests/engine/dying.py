"""Runs commands of manage.py again and again, and kills each at a step of its way: a write to the database, a commit,
a file that is opened, synced, renamed or removed, a piece of an answer. Or lets it find the disk full.

Reads a line of JSON for each run, the arguments of `run`, and answers with a line: the exit code. What is slow to
import is imported once, then each run is a process of its own.
"""

import json
import os
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path

import django.contrib.admin.options
import django.core.handlers.asgi
import django.db.backends.sqlite3.base
import django.db.migrations.recorder  # noqa: F401
import django_tasks_db  # noqa: F401
import httpx
import procrastinate  # noqa: F401
from django.core.management import execute_from_command_line
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from gallery import pictures  # noqa: F401
from gallery.ofox import gemini_api, images_api  # noqa: F401

WRITES = ("INSERT", "UPDATE", "DELETE", "BEGIN", "SAVEPOINT", "RELEASE")
CHANGES = {"os.rename": "rename", "os.mkdir": "mkdir", "os.remove": "remove", "os.rmdir": "rmdir"}
MOST_SECONDS = 60  # of a run: one that hangs is killed by its own alarm clock
LOOK_EVERY = 0.02  # seconds between looks whether there is anything left to do
UNFINISHED = (
    "SELECT EXISTS (SELECT 1 FROM gallery_generation WHERE status IN ('queued', 'running'))"
    " OR EXISTS (SELECT 1 FROM gallery_call WHERE status IN ('queued', 'claimed', 'sent'))"
    " OR EXISTS (SELECT 1 FROM django_tasks_database_dbtaskresult)"
)


class Way:
    """Counts the steps, writes each down, and ends the process at one of them."""

    def __init__(self, die_at, trace):
        self.die_at = die_at
        self.trace = trace
        self.number = 0
        self.lock = threading.Lock()

    def step(self, name):
        with self.lock:
            self.number += 1
            os.write(self.trace, f"{self.number} {name}\n".encode())
            if self.number == self.die_at:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)  # the kernel is not told to hurry, and no other step may follow

    def watch(self):
        sys.addaudithook(self._on_audit)
        connection_created.connect(self._on_connection, weak=False)
        self._around(BaseDatabaseWrapper, "_commit", "commit")
        self._around(os, "fsync", "fsync")
        self._in_pieces()

    def _on_audit(self, event, given):
        if event in CHANGES and is_ours(given[0]):
            self.step(f"{CHANGES[event]} {given[0]}")
        elif event == "open" and given[2] & (os.O_WRONLY | os.O_RDWR) and is_ours(given[0]):
            self.step(f"open {given[0]}")
        elif event == "socket.connect":
            self.step("connect")

    def _on_connection(self, connection, **_):
        connection.execute_wrappers.append(self._on_query)

    def _on_query(self, execute, sql, params, many, context):
        if sql.lstrip().startswith(WRITES):
            self.step(sql.lstrip()[:70])
        return execute(sql, params, many, context)

    def _around(self, owner, name, called):
        act = getattr(owner, name)

        def stepping(*given):
            self.step(f"before {called}")
            done = act(*given)
            self.step(f"after {called}")
            return done

        setattr(owner, name, stepping)

    def _in_pieces(self):
        pieces = httpx.Response.aiter_bytes

        async def stepping(response, *given):
            async for piece in pieces(response, *given):
                self.step("piece of the answer")
                yield piece
            self.step("end of the answer")

        httpx.Response.aiter_bytes = stepping


def is_ours(path):
    """A name, for a number is of a file that was opened before; and not one that Python writes for itself."""
    return not isinstance(path, int) and "__pycache__" not in str(path)


def stop_when_done(folder):
    """As SIGTERM does, when nothing is left to do."""
    database = sqlite3.connect(f"file:{folder}/studio.sqlite3?mode=ro", uri=True, timeout=20)
    while signal.getsignal(signal.SIGTERM) == signal.SIG_DFL or database.execute(UNFINISHED).fetchone()[0]:
        time.sleep(LOOK_EVERY)
    database.close()
    os.kill(os.getpid(), signal.SIGTERM)


class FullDisk:
    """The first file of a kind that is written finds no room, by the kernel's own word: /dev/full stands in for it."""

    def __init__(self, kind):
        self.left = 1
        {"body": self._in_place_of_a_body, "picture": self._in_place_of_a_picture}[kind]()

    def _take(self):
        self.left -= 1
        return self.left == 0

    def _in_place_of_a_body(self):
        opened = Path.open

        def open_full(path, mode="r", *given, **named):
            full = path.name == "body" and "w" in mode and self._take()
            return opened(Path("/dev/full") if full else path, mode, *given, **named)

        Path.open = open_full

    def _in_place_of_a_picture(self):
        made = tempfile.mkstemp

        def make_full(*given, **named):
            handle, path = made(*given, **named)
            if self._take():
                os.dup2(os.open("/dev/full", os.O_WRONLY), handle)
            return handle, path

        tempfile.mkstemp = make_full


def run(folder, environment, command, die_at=0, full=""):
    os.environ.update(environment)
    log = os.open(f"{folder}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    trace = os.open(f"{folder}/steps", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    Way(die_at, trace).watch()
    if full:
        FullDisk(full)
    signal.alarm(MOST_SECONDS)
    if command == ["worker"]:
        threading.Thread(target=stop_when_done, args=[folder], daemon=True).start()
    execute_from_command_line(["manage.py", *command])


def serve():
    for line in sys.stdin:
        wish = json.loads(line)
        child = os.fork()
        if not child:
            try:
                run(**wish)
            finally:
                sys.stderr.flush()
                os._exit(0 if sys.exc_info()[0] is None else 1)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
