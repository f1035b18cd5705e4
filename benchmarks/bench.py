"""What all rows share: the run's folder, how often to repeat, the gateway, the floor, and the lines of the table."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx

from .processes import Process, free_port, listens, run
from .studio import Studio

NOISE = 1024  # px; 1.5 MB as PNG


@dataclass(frozen=True)
class Line:
    """A figure and its goal, if it has one: at most so much, or at least where `least`."""

    name: str
    values: tuple[float, ...]
    unit: str
    goal: float | None = None
    least: bool = False
    of: Callable = median  # what the values come to

    @property
    def value(self):
        return self.of(self.values)

    @property
    def is_met(self):
        return self.value >= self.goal if self.least else self.value <= self.goal

    def __str__(self):
        value = f"{_short(self.value)} {self.unit}".strip()
        spread = f"{_short(min(self.values))}-{_short(max(self.values))}" if len(self.values) > 1 else "once"
        if self.goal is None:
            return f"| {self.name} | {value} | {spread} | | |"
        wanted = f"{'over' if self.least else 'under'} {self.goal:g} {self.unit}".strip()
        return f"| {self.name} | {value} | {spread} | {wanted} | {'met' if self.is_met else 'missed'} |"


def _short(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


@dataclass
class Bench:
    """`with Bench(...) as bench`: a folder that goes at the end, and how long a run should be."""

    quick: bool = False
    repeats: int = 5
    folder: Path = field(init=False)
    number: int = field(init=False, default=0)

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="studio-bench-"))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def rounds(self, most=5):
        return range(1 if self.quick else min(self.repeats, most))

    def fresh(self, name):
        self.number += 1
        return self.folder / f"{self.number}-{name}"

    @contextlib.contextmanager
    def gateway(self, delay, noise=NOISE):
        port = free_port()
        arguments = ("-m", "benchmarks.gateway", "--port", port, "--delay", delay, "--noise", noise)
        with Process(*arguments, log=self.folder / "gateway.log") as process:
            process.wait_for(lambda: listens(port))
            yield f"http://127.0.0.1:{port}"

    @contextlib.contextmanager
    def studio(self, gateway, **options):
        """A studio that has made its first picture, so that nothing is measured which happens once."""
        studio = Studio(self.fresh("studio"), gateway, **options)
        with studio:
            studio.queue(1)
            studio.books.wait_until_ended()
            yield studio
        shutil.rmtree(studio.folder)

    def floor(self, gateway, number=1, at_once=1):
        """Seconds of the official SDK: all together, and each call's."""
        folder = self.fresh("floor")
        told = run("-m", "benchmarks.floor", gateway, folder, "--number", number, "--at-once", at_once)
        shutil.rmtree(folder)
        return json.loads(told)


def gateways_answers(gateway):
    """The sandbox's record of its answers, by their request id."""
    ledger = httpx.get(f"{gateway}/sandbox/ledger", trust_env=False, timeout=60).json()
    return {entry["request_id"]: entry for entry in ledger["answered"]}
