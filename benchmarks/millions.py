"""The row about ten million calls, which `seeding` writes: are pages, and the adding of a call, as fast as ever?"""

import json
import math
import shutil
import time
from pathlib import Path
from statistics import median
from urllib.parse import unquote, urlsplit

import psycopg

from tests.postgres import private_server, server_programs

from .bench import Line
from .processes import cpu_seconds, free_port, listens
from .studio import Studio

FEW, MANY = 1_000, 10_000_000  # calls
QUICKLY = 20_000  # instead of many
ROUNDS = 40  # of a page
PAGES = (
    "/admin/usage/?period=month",
    "/admin/usage/?period=30&by=person",
    "/admin/usage/?period=90&by=project",
    "/admin/usage/?period=90&by=kind",
    "/admin/usage/?period=custom&from=2000-01-01",
    "/usage/",
    "/history/",
    "/gallery/",
    "/admin/gallery/call/",
    "/metrics",
)
SERVER_OPTIONS = "-c max_wal_size=8GB"  # so that seeding is no row of checkpoints; all else as PostgreSQL comes
GIGABYTE = 1024**3


def millions(bench):
    """Pages, and adding a call, at ten million calls on both databases: half an hour, 25 GB; only when it is named."""
    yield from _measured(bench, "SQLite")
    if programs := server_programs():
        with private_server(programs, SERVER_OPTIONS) as address:
            yield from _measured(bench, "PostgreSQL", address)
    else:
        yield "| PostgreSQL: not measured, as its server programs are not installed here | | | | |"


def _measured(bench, engine, address=""):
    few, many = (_studio(bench, address, name) for name in ("few", "many"))
    number = QUICKLY if bench.quick else MANY
    _seed(few, FEW)
    seconds, size = _seed(many, number)
    yield Line(f"{engine}: writing {number:,} calls by SQL", (seconds,), "s")
    yield Line(f"{engine}: size of the database", (size / GIGABYTE,), "GB")
    yield from _pages(bench, engine, many, address)
    yield from _adding(bench, engine, few, many)
    for studio in (few, many):
        shutil.rmtree(studio.folder)


def _studio(bench, address, name):
    database = address and address.removesuffix("postgres") + name
    if database:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
    studio = Studio(bench.fresh(name), f"http://127.0.0.1:{free_port()}", database=database)
    studio.prepare()
    return studio


def _seed(studio, calls):
    return json.loads(studio.shell(f"from benchmarks import seeding; seeding.write({calls})"))


def _pages(bench, engine, studio, address):
    """The pages as an admin's browser asks for them, one at a time, from the real web server."""
    with studio.start("web") as web:
        web.wait_for(lambda: listens(studio.port))
        with studio.sign_in() as person:
            for page in PAGES:
                yield _asked(engine, page, person, lambda: web.cpu_seconds + _server_seconds(address), bench.quick)


def _asked(engine, page, person, busy, quick):
    person.http.get(page).raise_for_status()
    times, before = [], busy()
    for _ in range(5 if quick else ROUNDS):
        begun = time.perf_counter()
        person.http.get(page).raise_for_status()
        times.append(1000 * (time.perf_counter() - begun))
    processor = 1000 * (busy() - before) / len(times)
    name = f"{engine}: {page}, 95th percentile (median {median(times):.0f} ms, processor {processor:.0f} ms)"
    return Line(name, tuple(times), "ms", 300, of=_p95)


def _p95(values):
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def _server_seconds(address):
    """Processor time of PostgreSQL's connections that have ended: each page has one of its own."""
    if not address:
        return 0
    postmaster = Path(unquote(urlsplit(address).hostname), "data", "postmaster.pid")
    return cpu_seconds(postmaster.read_text().split()[0], with_ended=True)


def _adding(bench, engine, few, many):
    rounds = [[_seconds_to_add(studio) for studio in (few, many)] for _ in bench.rounds()]
    for name, seconds in zip(("1,000 calls", "as many as were written"), zip(*rounds, strict=True), strict=True):
        yield Line(f"{engine}: adding a call to {name}", tuple(1000 * one for one in seconds), "ms")
    yield Line(f"{engine}: cost of adding, many against few", tuple(many / few for few, many in rounds), "x", 1.2)


def _seconds_to_add(studio):
    return json.loads(studio.shell("from benchmarks import adding; adding.measure()"))
