"""The disk is full while an answer or a picture is written: that generation says so, and the worker does the next."""

import pytest
from django.db import connection

from gallery import wording
from tests.services.running import ask

from .folders import Launchers, Studio, keep_in, settle_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="what is written to the disk is the same"),
]


@pytest.fixture(scope="module")
def launcher():
    started = Launchers(1)
    yield started
    started.end()


@pytest.fixture
def studio(tmp_path, settings):
    """A data folder in which two generations wait."""
    keep_in(tmp_path / "template", settings)
    for _ in range(2):
        ask()
    return Studio(settle_in(tmp_path / "template"), tmp_path / "studio")


@pytest.mark.parametrize("kind", ["body", "picture"])
def test_no_room_for_an_answer_or_a_picture(kind, studio, sandbox, launcher):
    assert launcher.run(studio, sandbox.url, full=kind) == 0, studio.log
    failed, made = sorted(studio.generations, key=lambda row: row["status"])
    assert (failed["status"], failed["error_code"], made["status"]) == ("failed", "disk_full", "succeeded")
    assert "disk is full" in wording.sentence(failed["error_code"])
    assert [picture["generation_id"] for picture in studio.pictures] == [made["id"]]
    assert not list(studio.folder.glob("*/.unfinished/*"))
    studio.check_files()
    [call] = [call for call in studio.calls if call["generation_id"] == failed["id"]]
    assert call["may_have_been_billed"] or call["cost_usd"] is not None
    assert sandbox.ledger()["received"] == 2


def test_what_could_not_be_kept_is_brought_in_at_the_next_start_and_not_asked_for_again(studio, sandbox, launcher):
    launcher.run(studio, sandbox.url, full="picture")
    assert launcher.run(studio, sandbox.url) == 0, studio.log
    assert {row["status"] for row in studio.generations} == {"succeeded"}
    studio.check_files()
    assert sandbox.ledger()["received"] == 2
