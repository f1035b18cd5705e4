"""Data folders of their own for processes that are made to die or to find the disk full, and what became of them."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from queue import SimpleQueue

from django.conf import settings
from django.db import connection

from tests.services.running import KEY

TASKS = "django_tasks_database_dbtaskresult"


class Launchers:
    """Processes of dying.py; each does one run at a time."""

    def __init__(self, number):
        command = [sys.executable, "-m", "tests.engine.dying"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": settings.BASE_DIR}
        environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "imagestudio.settings"}
        self.all = [subprocess.Popen(command, env=environment, **pipes) for _ in range(number)]
        self.free = SimpleQueue()
        for process in self.all:
            self.free.put(process)

    def run(self, studio, url, *command, **how):
        """The exit code of a command, the worker unless named, that may `die_at` a step or find the disk `full`."""
        folder = str(studio.folder)
        environment = {"STUDIO_DATA_DIR": folder, "OFOX_BASE_URL": url, "OFOX_API_KEY": KEY, "SECRET_KEY": "x"}
        wish = {"folder": folder, "environment": environment, "command": command or ["worker"], **how}
        process = self.free.get()
        try:
            print(json.dumps(wish), file=process.stdin, flush=True)
            return int(process.stdout.readline())
        finally:
            self.free.put(process)

    def end(self):
        for process in self.all:
            process.stdin.close()
            process.wait(20)


class Studio:
    """A data folder; each of its generations is named after it, which tells it from those of all others."""

    def __init__(self, template, folder):
        shutil.copytree(template, folder)
        self.folder = folder
        self._run("UPDATE gallery_generation SET prompt = ? || ' ' || id", folder.name)

    def _run(self, sql, *values):
        with closing(sqlite3.connect(self.folder / "studio.sqlite3")) as database, database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql, values)]

    def rows(self, table):
        return self._run(f"SELECT * FROM {table} ORDER BY id")

    @property
    def generations(self):
        return self.rows("gallery_generation")

    @property
    def calls(self):
        return self.rows("gallery_call")

    @property
    def pictures(self):
        return [row for row in self.rows("gallery_image") if row["generation_id"]]

    def has_whole_answer(self, call):
        receipts = (self.folder / "spool").glob(f"call-{call['id']}-*/body.json")
        return any(json.loads(receipt.read_bytes())["complete"] for receipt in receipts)

    @property
    def steps(self):
        return (self.folder / "steps").read_text().splitlines()

    @property
    def log(self):
        return (self.folder / "log").read_text()

    def check_files(self):
        """Every picture is there, whole, with its previews; and nothing else is left of making it."""
        for picture in self.pictures:
            name = f"{picture['sha256'][:2]}/{picture['sha256']}"
            original = (self.folder / "originals" / f"{name}.{picture['format']}").read_bytes()
            assert hashlib.sha256(original).hexdigest() == picture["sha256"]
            for preview in ("small.webp", "large.jpeg"):
                assert (self.folder / "previews" / f"{name}-{preview}").stat().st_size
        assert not list((self.folder / "previews").glob("partial/*"))
        assert not self.rows(TASKS)


def settle_in(folder):
    """The tests' database as it is now, in a data folder."""
    folder.mkdir(exist_ok=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(folder / "studio.sqlite3")])
    return folder


def keep_in(folder, settings):
    """Have pictures stored in a data folder."""
    backend = "gallery.storage.AtomicFileStorage"
    kept = {name: {"BACKEND": backend, "OPTIONS": {"location": folder / name}} for name in ("originals", "previews")}
    settings.STORAGES = settings.STORAGES | kept
