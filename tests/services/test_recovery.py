"""After a crash: finished from disk, queued again, or put before a person. Nothing paid is asked for twice."""

import shutil
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from gallery.models import Call, Event, Image
from gallery.services import calls
from gallery.services.recovery import recover_calls

from .running import ask, in_queue, made, queue_rows, run_calls

pytestmark = pytest.mark.django_db


def recover():
    async_to_sync(recover_calls)()


def crashed(monkeypatch, **wish):
    """A generation whose worker died after the answer was on disk and before a row said so."""

    def die(*_):
        raise KeyboardInterrupt

    generation = ask(**wish)
    with monkeypatch.context() as dying:
        dying.setattr(calls, "_record", die)
        with pytest.raises(KeyboardInterrupt):
            run_calls()
    return generation


def left(generation, status, **fields):
    generation.calls.update(status=status, claimed_at=timezone.now(), worker="a dead one", **fields)
    return calls.spool_folder(generation.calls.get())


def test_a_whole_answer_on_disk_is_used_without_asking_again(online, monkeypatch):
    generation = crashed(monkeypatch, wanted=2)
    asked = online.ledger()["received"]
    recover()
    generation.refresh_from_db()
    assert (generation.status, generation.images.count()) == ("succeeded", 2)
    assert generation.calls.get().cost_usd > 0
    assert online.ledger()["received"] == asked == 1


def test_files_that_were_stored_before_the_crash_are_not_stored_twice(online, monkeypatch, settings):
    generation = crashed(monkeypatch)
    recover()
    recover()
    assert Image.objects.filter(generation=generation).count() == 1
    assert not list(settings.SPOOL_DIR.iterdir())


def test_an_error_that_was_on_disk_is_an_error_and_may_be_repeated(online, monkeypatch):
    online.faults([{"name": "503", "retry_after": 0}])
    generation = crashed(monkeypatch)
    recover()
    assert [call.status for call in generation.calls.all()] == ["failed", "queued"]
    run_calls()
    generation.refresh_from_db()
    assert generation.status == "succeeded"


def test_sent_without_an_answer_is_interrupted_and_left_to_a_person(online):
    generation = ask()
    left(generation, "sent", sent_at=timezone.now())
    recover()
    run_calls()
    generation.refresh_from_db()
    call = generation.calls.get()
    assert (generation.status, generation.error_code) == ("interrupted", "worker_stopped")
    assert (call.status, call.may_have_been_billed, call.cost_usd) == ("interrupted", True, None)
    assert online.ledger()["received"] == 0


def test_pictures_that_came_whole_before_the_crash_are_kept(online, monkeypatch):
    generation = crashed(monkeypatch, wanted=3)
    spool = calls.spool_folder(generation.calls.get())
    body = (spool / "body").read_bytes()
    (spool / "body.json").unlink()
    (spool / "body").write_bytes(body[: body.rindex(b'"b64_json"') + 100])
    recover()
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == ("partial", "worker_stopped")
    assert generation.images.count() == 2
    assert not spool.exists()


def test_a_receipt_without_its_body_is_no_answer_and_does_not_keep_the_worker_from_starting(online, monkeypatch):
    generation, other = crashed(monkeypatch), ask()
    (calls.spool_folder(generation.calls.get()) / "body").unlink()
    left(other, "claimed")
    recover()
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == ("interrupted", "worker_stopped")
    assert generation.may_have_been_billed
    assert other.calls.get().status == "queued"


def test_claimed_and_never_sent_goes_back_to_the_queue(online):
    generation = ask()
    left(generation, "claimed")
    recover()
    call = generation.calls.get()
    assert (call.status, call.worker, call.claimed_at) == ("queued", "", None)
    run_calls()
    assert generation.calls.get().status == "answered"


def test_the_engines_rows_are_made_anew_from_the_calls(online):
    done, waiting = made(), ask()
    queue_rows().delete()
    recover()
    recover()
    assert in_queue() == [waiting.calls.get().pk]
    assert done.status == "succeeded"


def test_a_repetition_still_waits_its_time(online):
    generation, later = ask(), timezone.now() + timedelta(minutes=1)
    generation.calls.update(run_after=later)
    queue_rows().delete()
    recover()
    assert queue_rows().get().due == later


def test_recovery_says_what_it_changed(online):
    generation = ask()
    left(generation, "claimed")
    before = Event.objects.count()
    recover()
    assert Event.objects.count() > before


def test_a_cancelled_generation_stays_cancelled(online, monkeypatch):
    generation = crashed(monkeypatch)
    type(generation).objects.update(status="cancelled")
    recover()
    generation.refresh_from_db()
    assert (generation.status, generation.images.count()) == ("cancelled", 1)
    assert Call.objects.get().status == "answered"


def test_a_spool_that_vanished_is_an_answer_that_never_came(online, monkeypatch):
    generation = crashed(monkeypatch)
    shutil.rmtree(calls.spool_folder(generation.calls.get()))
    recover()
    generation.refresh_from_db()
    assert generation.status == "interrupted"
