"""Killed at every step of its way and started again, the studio loses nothing, sticks nowhere and pays nothing twice.

A normal run tries some of the steps; KILL_EVERY=1 tries all of them, KILL_EVERY=5 every fifth.
"""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from tests.factory import GEMINI, make_image
from tests.services.running import SMALL, ask

from .folders import TASKS, Launchers, Studio, keep_in, settle_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="the fleet's workers are killed in test_many_workers.py"),
]

EVERY = int(os.environ.get("KILL_EVERY", "0"))
SAMPLES = 6  # of each way, where not every step is tried
AT_ONCE = 3
KILLED = -signal.SIGKILL

WAYS = {
    "two pictures, streamed": lambda: ask(wanted=2, options=SMALL | {"stream": True, "partial_images": 2}),
    "an edit by Gemini": lambda: ask(model=GEMINI, attached=[make_image(size=(256, 256))]),
}
ASK = """
from tests.factory import GEMINI, make_image
from tests.services.running import ask, brought
ask(model=GEMINI, wanted=2, prompt={prompt!r})
"""


@pytest.fixture(scope="module")
def launchers():
    started = Launchers(AT_ONCE)
    yield started
    started.end()


@pytest.fixture
def template(settings, tmp_path):
    """Makes a data folder of what a function asks for."""

    def of(asking=None):
        folder = tmp_path / "template"
        keep_in(folder, settings)
        if asking:
            asking()
        return settle_in(folder)

    return of


def at_steps_of(studio, kill_at):
    """Kills at steps of a way that was gone to its end; some of them, or all."""
    number = len(studio.steps)
    stride = EVERY or max(1, number // SAMPLES)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        died = list(pool.map(kill_at, range(1, number + 1, stride)))
    assert died.count(KILLED) > len(died) // 2


def ends_to_expect(call, answer_is_whole):
    """How a generation may end whose worker was killed with its call in this state."""
    if call["status"] in ("sent", "interrupted") and not answer_is_whole:
        return {"interrupted", "partial", "succeeded"}  # pictures that had come whole are kept
    return {"succeeded"}


def check_end(studio, ends):
    [generation], [call] = studio.generations, studio.calls
    assert generation["status"] in ends
    if generation["status"] == "succeeded":
        assert len(studio.pictures) == generation["wanted"]
    if call["status"] == "interrupted":
        assert (call["may_have_been_billed"], call["cost_usd"]) == (1, None)
    else:
        assert (call["status"], call["cost_usd"] is None) == ("answered", False)
    assert not list((studio.folder / "spool").iterdir())
    studio.check_files()


def check_asked_once(sandbox):
    ledger = sandbox.ledger()
    prompts = [entry["prompt"] for kind in ("answered", "unanswered") for entry in ledger[kind]]
    assert sorted(set(prompts)) == sorted(prompts)


@pytest.mark.parametrize("way", WAYS)
def test_a_worker_killed_at_any_step_and_killed_again_while_it_recovers(way, template, tmp_path, sandbox, launchers):
    beginning = template(WAYS[way])
    whole = Studio(beginning, tmp_path / "whole way")
    assert launchers.run(whole, sandbox.url) == 0, whole.log
    check_end(whole, {"succeeded"})

    def kill_at(number):
        studio = Studio(beginning, tmp_path / f"killed at step {number}")
        died, history, was_whole = [], [], False
        for step in (number, number // 3 + 1, 0):
            died.append(launchers.run(studio, sandbox.url, die_at=step))
            [call] = studio.calls
            history.append((died[-1], studio.steps[-1], call["status"]))
            if step:
                was_whole = was_whole or studio.has_whole_answer(call)
                ends = ends_to_expect(call, was_whole)
        try:
            assert died[-1] == 0
            check_end(studio, ends)
        except AssertionError as error:
            error.add_note(f"{history}\n{studio.log}")
            raise
        return died[0]

    at_steps_of(whole, kill_at)
    check_asked_once(sandbox)


def test_the_web_killed_while_it_writes_what_somebody_asks_for(template, tmp_path, sandbox, launchers):
    beginning = template()
    whole = Studio(beginning, tmp_path / "whole way")
    assert launchers.run(whole, sandbox.url, "shell", "-c", ASK.format(prompt="whole")) == 0, whole.log

    def kill_at(number):
        studio = Studio(beginning, tmp_path / f"killed at step {number}")
        died = launchers.run(studio, sandbox.url, "shell", "-c", ASK.format(prompt=studio.folder.name), die_at=number)
        asked = len(studio.generations)
        assert (len(studio.calls), len(studio.rows(TASKS))) == (asked * 2, asked * 2)
        assert launchers.run(studio, sandbox.url) == 0, studio.log
        assert [row["status"] for row in studio.generations] == ["succeeded"] * asked
        studio.check_files()
        return died

    at_steps_of(whole, kill_at)
