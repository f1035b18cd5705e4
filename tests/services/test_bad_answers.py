"""Every bad answer ends its generation with a sentence, keeps what came, and is repeated only where that is free."""

import asyncio
import json
import logging
import socket
from typing import NamedTuple

import httpx
import pytest
from asgiref.sync import async_to_sync

from gallery import wording
from gallery.models import Call, Event, Generation, Image
from gallery.ofox.errors import OfoxError
from gallery.services import calls, results
from tests.factory import GEMINI, make_image

from .running import KEY, Script, ask, connect, made

pytestmark = pytest.mark.django_db


class Expected(NamedTuple):
    generation: str
    code: str
    call: str
    http_status: int | None
    billed: bool = False
    kept: int = 0


# gpt-image-2, four pictures wanted of one call.
IMAGES = {
    "400": Expected("failed", "bad_request", "refused", 400),
    "401": Expected("failed", "not_authenticated", "refused", 401),
    "403": Expected("failed", "forbidden", "refused", 403),
    "404": Expected("failed", "model_not_found", "refused", 404),
    "504": Expected("interrupted", "proxy_timeout", "interrupted", 504, billed=True),
    "safety": Expected("failed", "safety", "refused", 400),
    "stream_refused": Expected("failed", "stream_unsupported", "refused", 400),
    "no_image": Expected("failed", "no_image", "answered", 200),
    "html": Expected("failed", "not_json", "failed", 200, billed=True),
    "empty": Expected("failed", "empty_body", "failed", 200, billed=True),
    "cut_body": Expected("partial", "cut_body", "interrupted", 200, billed=True, kept=2),
    "cut_between": Expected("partial", "cut_body", "interrupted", 200, billed=True, kept=2),
    "bad_base64": Expected("partial", "bad_base64", "answered", 200, kept=3),
    "not_a_picture": Expected("partial", "not_a_picture", "answered", 200, kept=3),
    "bomb": Expected("partial", "too_many_pixels", "answered", 200, kept=3),
    "no_usage": Expected("succeeded", "", "answered", 200, billed=True, kept=4),
    "odd_usage": Expected("succeeded", "", "answered", 200, billed=True, kept=4),
    "wrong_size": Expected("succeeded", "", "answered", 200, kept=4),
    "drop": Expected("interrupted", "no_answer", "interrupted", None, billed=True),
}

# Gemini edits natively: one picture of one call.
GEMINI_NATIVE = {
    "400": Expected("failed", "bad_request", "refused", 400),
    "401": Expected("failed", "not_authenticated", "refused", 401),
    "403": Expected("failed", "forbidden", "refused", 403),
    "404": Expected("failed", "not_found", "refused", 404),
    "504": Expected("interrupted", "proxy_timeout", "interrupted", 504, billed=True),
    "safety": Expected("failed", "prompt_blocked", "answered", 200),
    "no_image": Expected("failed", "no_image", "answered", 200),
    "text_only": Expected("failed", "text_only", "answered", 200),
    "html": Expected("failed", "not_json", "failed", 200, billed=True),
    "empty": Expected("failed", "empty_body", "failed", 200, billed=True),
    "cut_body": Expected("interrupted", "cut_body", "interrupted", 200, billed=True),
    "bad_base64": Expected("failed", "bad_base64", "answered", 200),
    "not_a_picture": Expected("failed", "not_a_picture", "answered", 200),
    "bomb": Expected("failed", "too_many_pixels", "answered", 200),
    "no_usage": Expected("succeeded", "", "answered", 200, billed=True, kept=1),
    "odd_usage": Expected("succeeded", "", "answered", 200, billed=True, kept=1),
    "drop": Expected("interrupted", "no_answer", "interrupted", None, billed=True),
}

FINISH_REASONS = {
    "IMAGE_SAFETY": "safety",
    "PROHIBITED_CONTENT": "prohibited",
    "BLOCKLIST": "blocklist",
    "SPII": "personal_data",
    "IMAGE_RECITATION": "recitation",
    "LANGUAGE": "language",
    "MAX_TOKENS": "max_tokens",
    "IMAGE_OTHER": "no_image",
    "SOMETHING_NEW": "no_image",
}

BUSY = {429: "rate_limited", 500: "server_error", 502: "upstream_error", 503: "unavailable"}


def state(generation):
    call = generation.calls.last()
    return Expected(
        generation.status,
        generation.error_code,
        call.status,
        call.http_status,
        call.may_have_been_billed,
        generation.images.count(),
    )


@pytest.mark.parametrize("fault", IMAGES)
def test_each_bad_answer_of_the_images_api_ends_as_it_should(online, fault):
    online.faults([fault])
    generation = made(wanted=4)
    assert state(generation) == IMAGES[fault]
    assert bool(generation.sentence) == bool(generation.error_code)
    assert generation.calls.count() == online.ledger()["received"] == 1


@pytest.mark.parametrize("fault", GEMINI_NATIVE)
def test_each_bad_answer_of_gemini_ends_as_it_should(online, fault):
    online.faults([fault])
    generation = made(model=GEMINI, attached=[make_image()])
    assert state(generation) == GEMINI_NATIVE[fault]
    assert bool(generation.sentence) == bool(generation.error_code)
    assert generation.calls.count() == online.ledger()["received"] == 1


@pytest.mark.parametrize("reason", FINISH_REASONS)
def test_each_reason_of_gemini_has_words_of_its_own(online, reason):
    online.faults([{"name": "finish", "reason": reason}])
    generation = made(model=GEMINI, attached=[make_image()])
    assert (generation.status, generation.error_code) == ("failed", FINISH_REASONS[reason])


def test_what_gemini_said_instead_of_drawing_is_shown(online):
    online.faults(["text_only"])
    assert "a quiet room" in made(model=GEMINI, attached=[make_image()]).error_detail


def test_a_refusal_that_counted_tokens_is_costed(online):
    online.faults(["text_only"])
    call = made(model=GEMINI, attached=[make_image()]).calls.get()
    assert call.cost_usd > 0
    assert call.text_out


def test_every_word_for_an_error_has_a_sentence():
    words = frozenset.union(*(kind.codes for kind in OfoxError.__subclasses__()))
    assert len(words) > 20
    assert words <= wording.SENTENCES.keys()


def test_a_word_without_a_sentence_is_said_to_be_unknown():
    assert wording.sentence("never heard of") == wording.UNKNOWN


@pytest.mark.parametrize("status", BUSY)
def test_a_busy_gateway_is_asked_again_by_a_new_call(online, status):
    online.faults([{"name": str(status), "retry_after": 0}])
    generation = made(wanted=2)
    first, second = generation.calls.all()
    assert (first.status, first.attempt, first.error_code, first.http_status) == ("failed", 1, BUSY[status], status)
    assert (second.status, second.attempt, second.wanted) == ("answered", 2, 2)
    assert (generation.status, generation.error_code, generation.images.count()) == ("succeeded", "", 2)
    assert not first.may_have_been_billed


@pytest.mark.parametrize("status", BUSY)
def test_a_gateway_that_stays_busy_is_given_up(online, status):
    online.faults([{"name": str(status), "times": 9}])
    generation = made()
    assert (generation.status, generation.error_code) == ("failed", BUSY[status])
    assert [call.attempt for call in generation.calls.all()] == [1, 2, 3, 4]
    assert not generation.may_have_been_billed


def waits(generation):
    return [
        (call.run_after - before.finished_at).total_seconds()
        for before, call in zip(generation.calls.all(), generation.calls.all()[1:], strict=False)
    ]


def test_waits_between_attempts_grow(online):
    online.faults([{"name": "503", "times": 9}])
    assert waits(made()) == pytest.approx(results.RETRY_DELAYS, rel=0.25)


def test_the_wait_that_the_gateway_names_is_kept(online):
    online.faults([{"name": "429", "retry_after": 7}])
    assert waits(made()) == pytest.approx([7], abs=0.2)


def test_a_gateway_that_asks_for_an_hour_is_not_waited_for(online):
    online.faults([{"name": "429", "retry_after": 3600}])
    generation = made()
    assert (generation.status, generation.calls.count()) == ("failed", 1)


def test_only_the_call_that_failed_is_repeated(online):
    online.faults([{"name": "500", "retry_after": 0}])
    generation = made(model=GEMINI, wanted=3)
    assert generation.status == "succeeded"
    assert sorted(generation.calls.values_list("attempt", flat=True)) == [1, 1, 1, 2]


def test_calls_side_by_side_keep_what_the_others_brought(online):
    online.faults(["ok", "400", "ok"])
    generation = made(model=GEMINI, wanted=3)
    assert (generation.status, generation.error_code) == ("partial", "bad_request")
    assert generation.images.count() == 2


def test_a_generation_that_waits_shows_when_it_goes_on(online):
    online.faults([{"name": "429", "retry_after": 60}])
    generation = ask()
    async_to_sync(calls.run_call.acall)(generation.calls.get().pk)
    generation.refresh_from_db()
    assert generation.is_open
    assert generation.waits_for_retry.attempt == 2


def test_a_connection_that_is_refused_costs_nothing(online, settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody can answer there
        settings.OFOX_BASE_URL = f"http://127.0.0.1:{taken.getsockname()[1]}"
        generation = made()
    assert (generation.status, generation.error_code) == ("failed", "connection_refused")
    assert generation.calls.count() == 4
    assert not generation.may_have_been_billed


def test_a_name_that_does_not_resolve_costs_nothing(online, monkeypatch, settings):
    def no_such_name(request):
        error = httpx.ConnectError("Name or service not known")
        raise error from socket.gaierror(-2, "Name or service not known")

    connect(monkeypatch, settings, Script(no_such_name))
    generation = made()
    assert (generation.status, generation.error_code) == ("failed", "name_not_resolved")
    assert not generation.may_have_been_billed


def test_silence_ends_as_interrupted_and_is_never_repeated(online, settings):
    settings.CALL_TIMEOUT = 0.2
    online.faults(["hang"])
    generation = made()
    assert state(generation) == Expected("interrupted", "no_answer", "interrupted", None, billed=True)
    assert online.ledger()["received"] == 1


def test_a_slow_answer_within_the_time_is_an_answer(online):
    online.faults([{"name": "slow", "seconds": 0.2}])
    generation = made()
    assert generation.status == "succeeded"
    assert generation.calls.get().seconds >= 0.2


def test_a_cut_answer_keeps_its_status_and_its_pictures(online):
    online.faults(["cut_between"])
    generation = made(wanted=4)
    assert [image.position for image in generation.pictures] == [0, 1]
    assert generation.calls.get().cost_usd is None


def test_an_answer_without_usage_has_an_unknown_cost(online):
    online.faults(["no_usage"])
    call = made().calls.get()
    assert (call.cost_usd, call.raw_usage, set(call.tokens.values())) == (None, None, {None})


def test_nonsense_in_the_usage_is_kept_but_not_believed(online):
    online.faults(["odd_usage"])
    call = made().calls.get()
    assert call.raw_usage["input_tokens"] == "12"
    assert set(call.tokens.values()) == {None}


def test_a_call_that_hangs_does_not_hold_up_others(online):
    online.faults(["hang"])
    stuck, good = [ask().calls.get().pk for _ in range(2)]

    async def run():
        waiting = asyncio.create_task(calls.run_call.acall(stuck))
        while not await Call.objects.filter(pk=stuck, status="sent").aexists():
            await asyncio.sleep(0.01)
        await calls.run_call.acall(good)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    async_to_sync(run)()
    assert [Call.objects.get(pk=pk).status for pk in (stuck, good)] == ["sent", "answered"]


def test_our_own_mistake_while_reading_ends_the_call_and_keeps_the_answer(online, settings):
    generation = ask()
    call = generation.calls.get()
    Call.objects.filter(pk=call.pk).update(
        status="sent", protocol="by pigeon", claimed_at=call.created_at, sent_at="2026-01-01T00:00Z"
    )
    call.refresh_from_db()
    spool = calls.spool_folder(call) / "body"
    spool.parent.mkdir(parents=True)
    spool.write_bytes(b"{}")
    async_to_sync(calls.finish)(call, spool, error=OfoxError("cut_body"))
    generation.refresh_from_db()
    assert state(generation) == Expected("failed", "studio_error", "failed", None, billed=True)
    assert spool.exists()


def test_a_key_that_cannot_be_sent_is_said_before_anything_goes_out(online, settings):
    settings.OFOX_API_KEY = "ключ"
    generation = made()
    assert state(generation) == Expected("failed", "studio_error_unsent", "failed", None)
    assert online.ledger()["received"] == 0


def test_the_detail_is_the_gateways_own_word(online):
    online.faults(["400"])
    assert made().error_detail == "The sandbox was told to answer 400 (invalid_request_error)."


ECHOES = {
    "error": lambda key: httpx.Response(401, json={"error": {"message": f"Incorrect API key provided: {key}."}}),
    "html": lambda key: httpx.Response(200, text=f"<title>Bad header: Bearer {key}</title>"),
    "google": lambda key: httpx.Response(403, json={"error": {"code": 403, "message": f"key {key}", "status": "X"}}),
    "word": lambda key: httpx.Response(400, text=key),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_a_key_that_the_gateway_echoes_is_stored_and_logged_nowhere(online, monkeypatch, settings, caplog, echo):
    caplog.set_level(logging.DEBUG)
    connect(monkeypatch, settings, Script(lambda request: ECHOES[echo](KEY)))
    made()
    rows = [row for model in (Generation, Call, Image, Event) for row in model.objects.values()]
    assert KEY not in json.dumps(rows, default=str)
    assert KEY not in caplog.text
