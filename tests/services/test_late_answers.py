"""Workers that seemed dead: what others do about their calls, and what becomes of an answer that comes after all."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.test import override_settings
from django.utils import timezone

from gallery.models import Call, Worker
from gallery.ofox.errors import OfoxUnreachable
from gallery.services import calls, workers
from gallery.services.generations import cancel_generation
from gallery.services.recovery import recover_calls

from .running import ask, claim, in_queue, queue_rows, run_calls
from .test_recovery import crashed

pytestmark = pytest.mark.django_db


def recover(*alive):
    async_to_sync(recover_calls)(set(alive))


def given_up(generation, tmp_path):
    """Another machine, where the answer does not lie, found this one silent."""
    with override_settings(SPOOL_DIR=tmp_path / "elsewhere"):
        recover()
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == ("interrupted", "worker_stopped")


def test_calls_of_a_living_worker_are_left_alone(online):
    claimed, sent = ask(), ask()
    claimed.calls.update(status="claimed", claimed_at=timezone.now(), worker="far")
    sent.calls.update(status="sent", claimed_at=timezone.now(), worker="far", sent_at=timezone.now())
    recover("far")
    assert list(Call.objects.order_by("pk").values_list("status", flat=True)) == ["claimed", "sent"]
    recover("near")
    assert list(Call.objects.order_by("pk").values_list("status", flat=True)) == ["queued", "interrupted"]


def test_a_call_that_this_worker_lost_to_an_error_is_recovered_while_it_lives(online, monkeypatch):
    generation = crashed(monkeypatch)
    assert generation.calls.get().worker == calls.WORKER
    recover(calls.WORKER)
    generation.refresh_from_db()
    assert (generation.status, online.ledger()["received"]) == ("succeeded", 1)


def test_a_call_that_this_worker_is_at_is_left_alone(online, monkeypatch):
    generation = ask()
    generation.calls.update(status="sent", claimed_at=timezone.now(), worker=calls.WORKER, sent_at=timezone.now())
    monkeypatch.setattr(calls, "running", [generation.calls.get().pk])
    recover(calls.WORKER)
    assert generation.calls.get().status == "sent"


def test_what_the_engine_lost_is_told_to_it_once(online):
    asked = [ask(), ask()]
    queue_rows().filter(pk=queue_rows().first().pk).delete()
    recover(calls.WORKER)
    recover(calls.WORKER)
    assert in_queue() == [generation.calls.get().pk for generation in asked]


def test_an_answer_that_lay_on_a_silent_machine_is_used_when_it_comes_back(online, monkeypatch, tmp_path):
    generation = crashed(monkeypatch, wanted=2)
    given_up(generation, tmp_path)
    recover()
    recover()
    generation.refresh_from_db()
    call = generation.calls.get()
    assert (generation.status, generation.error_code, generation.images.count()) == ("succeeded", "", 2)
    assert (call.status, call.error_code, call.may_have_been_billed) == ("answered", "", False)
    assert call.cost_usd > 0
    assert online.ledger()["received"] == 1
    assert not calls.spool_folder(call).exists()


def test_a_refusal_that_came_late_is_told_and_not_repeated(online, monkeypatch, tmp_path):
    online.faults([{"name": "503", "retry_after": 0}])
    generation = crashed(monkeypatch)
    given_up(generation, tmp_path)
    recover()
    generation.refresh_from_db()
    assert (generation.status, generation.calls.get().status) == ("failed", "failed")
    assert not generation.may_have_been_billed


def test_a_late_answer_does_not_reopen_what_was_cancelled(online, monkeypatch, tmp_path):
    generation = crashed(monkeypatch)
    cancel_generation(generation)
    with override_settings(SPOOL_DIR=tmp_path / "elsewhere"):
        recover()
    recover()
    generation.refresh_from_db()
    assert (generation.status, generation.images.count()) == ("cancelled", 1)
    assert generation.calls.get().status == "answered"


def test_a_worker_that_comes_back_cannot_send_what_was_given_to_another(online):
    generation = ask()
    [(ours, _)] = calls._claim([generation.calls.get().pk]).values()
    calls.running.remove(ours.pk)
    recover("another")
    claim(ours, "another")
    assert calls._pass_as_sent(ours, {}) is None
    assert (generation.calls.get().status, generation.calls.get().worker) == ("claimed", "another")


def test_the_rest_of_a_recovery_goes_on_where_one_call_cannot_be_recovered(online, monkeypatch):
    first, second = ask(), ask()
    Call.objects.update(status="sent", claimed_at=timezone.now(), worker="dead", sent_at=timezone.now())
    finish = calls.finish

    async def stumble(call, *arguments, **named):
        if call.generation_id == first.pk:
            raise OSError("a bad disk")
        await finish(call, *arguments, **named)

    monkeypatch.setattr(calls, "finish", stumble)
    recover()
    assert [generation.calls.get().status for generation in (first, second)] == ["sent", "interrupted"]


def test_signs_of_life_come_and_go():
    workers.beat("near", 3)
    workers.beat("near", 4)
    workers.beat("far", 0)
    Worker.objects.filter(name="far").update(seen_at=timezone.now() - timedelta(seconds=31))
    assert workers.alive() == {"near"}
    assert Worker.objects.get(name="near").in_flight == 4
    workers.forget_dead()
    workers.leave("near")
    assert not Worker.objects.exists()


def test_what_arrives_at_a_frozen_worker_of_this_machine_is_left_to_it(online):
    generation = ask()
    generation.calls.update(status="sent", claimed_at=timezone.now(), sent_at=timezone.now(), worker="here:1:frozen")
    call = generation.calls.get()
    folder = calls.spool_folder(call)
    folder.mkdir(parents=True)
    for _ in range(2):  # the first gives the call up, the second finds it given up with something in its spool
        async_to_sync(recover_calls)(set(), {"here:1:frozen"})
        call.refresh_from_db()
        assert (call.status, call.error_code, folder.exists()) == ("interrupted", "worker_stopped", True)
    async_to_sync(recover_calls)()
    assert not folder.exists()


def test_a_worker_that_wakes_clears_only_what_it_prepared_itself(online):
    generation = ask()
    generation.calls.update(status="claimed", claimed_at=timezone.now(), worker="here:1:frozen")
    frozen = generation.calls.get()
    async_to_sync(recover_calls)(set(), {"here:1:frozen"})
    run_calls()
    generation.refresh_from_db()
    assert generation.status == "succeeded"
    assert calls.spool_folder(frozen) != calls.spool_folder(generation.calls.get())


def test_a_worker_that_wakes_and_never_got_through_says_that_nothing_was_sent(online):
    generation = ask()
    generation.calls.update(status="sent", claimed_at=timezone.now(), sent_at=timezone.now(), worker="here:1:frozen")
    call = generation.calls.get()
    recover("another")
    assert generation.calls.get().may_have_been_billed
    spool = calls.spool_folder(call) / "body"
    async_to_sync(calls.finish)(call, spool, error=OfoxUnreachable("connect_timeout"))
    generation.refresh_from_db()
    call.refresh_from_db()
    assert (call.status, call.error_code, call.may_have_been_billed) == ("failed", "connect_timeout", False)
    assert (generation.status, generation.error_code, generation.calls.count()) == ("failed", "connect_timeout", 1)
