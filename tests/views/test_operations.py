"""What machines ask: is the studio ready, its numbers, and an id to follow a request by."""

import asyncio
import json
import logging
import re
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from django.core.files.storage import storages
from django.utils import timezone

from gallery import logs, metrics, periods, readiness
from gallery.models import Call, Generation, RateGate, Worker
from gallery.ofox.client import Gateway
from gallery.services import workers
from tests.factory import GEMINI, make_call
from tests.services.running import KEY, Recorder, Script, ask, connect, made, run_calls

pytestmark = pytest.mark.django_db


# --- ready ---------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch):
    monkeypatch.setattr(readiness, "gateway", readiness.Gateway())
    monkeypatch.setattr(metrics, "ledger", metrics.Ledger())


def ready(browse):
    response = browse().get("/readyz")
    parts = {name: part["ready"] for name, part in response.json()["parts"].items()}
    return response.status_code, parts


def test_a_studio_with_all_its_parts_is_ready(browse, online):
    workers.beat("worker", 0)
    assert ready(browse) == (
        200,
        {"database": True, "originals": True, "previews": True, "worker": True, "gateway": True},
    )
    assert online.ledger()["received"] == 0


def test_each_part_that_fails_is_named_and_says_no_secret(browse, online, monkeypatch, settings):
    workers.beat("worker", 0)
    Worker.objects.update(seen_at=timezone.now() - timedelta(seconds=40))
    settings.OFOX_BASE_URL = "http://127.0.0.1:9"
    monkeypatch.setattr(storages["previews"], "path", lambda name: 1 / 0)
    status, parts = ready(browse)
    assert (status, [name for name, is_ready in parts.items() if not is_ready]) == (
        503,
        ["previews", "worker", "gateway"],
    )
    shown = browse().get("/readyz").content.decode()
    assert "No worker gave a sign of life in the last 30 seconds." in shown
    assert "ZeroDivision" not in shown and KEY not in shown


def test_a_part_that_hangs_is_not_waited_for(browse, online, monkeypatch):
    monkeypatch.setattr(readiness, "PATIENCE", 0.05)
    monkeypatch.setattr(readiness.gateway, "is_reachable", lambda: asyncio.sleep(60))
    assert ready(browse)[1]["gateway"] is False


def test_the_gateway_is_asked_once_in_a_while_however_often_we_are(browse, monkeypatch, settings):
    asked = []
    connect(
        monkeypatch, settings, Script(lambda request: asked.append(request) or httpx.Response(200, json={"data": []}))
    )
    ready(browse)
    ready(browse)
    assert [request.url.path for request in asked] == ["/v1/models"]
    readiness.gateway.asked_at -= readiness.GATEWAY_EVERY
    ready(browse)
    assert len(asked) == 2


def test_a_folder_that_cannot_be_written_to_is_no_storage(browse, online, monkeypatch):
    monkeypatch.setattr(readiness.os, "access", lambda path, mode: False)
    assert ready(browse)[1]["originals"] is False


# --- numbers -------------------------------------------------------------------------------------------------------


def read(browse, **headers):
    """Sample to number, from the text."""
    text = browse().get("/metrics", headers={"authorization": "Bearer token"} | headers).content.decode()
    samples = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r'studio_\w+(\{(\w+="[^"\n]*",?)+\})?', name) for name, _, _ in samples)
    return {name: float(number) for name, _, number in samples}


@pytest.fixture
def token(settings):
    settings.METRICS_TOKEN = "token"


def test_the_numbers_are_for_the_token_and_for_admins_only(browse, staff, editor, settings):
    assert browse().get("/metrics").status_code == 401
    assert browse().get("/metrics", headers={"authorization": "Bearer "}).status_code == 401
    assert browse(editor).get("/metrics").status_code == 401
    assert browse(staff).get("/metrics").status_code == 200
    settings.METRICS_TOKEN = "token"
    assert browse().get("/metrics", headers={"authorization": "Bearer other"}).status_code == 401
    response = browse().get("/metrics", headers={"authorization": "Bearer token"})
    assert (response.status_code, response["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")


def test_what_is_under_way_is_counted(browse, token):
    make_call(created_at=timezone.now() - timedelta(seconds=50))
    make_call()
    make_call(status=Call.Status.CLAIMED)
    make_call(status=Call.Status.SENT)
    workers.beat("worker", 2)
    RateGate.objects.create(pk=1, per_minute=30, closed_until=timezone.now().timestamp() + 20)
    numbers = read(browse)
    assert numbers["studio_calls_queued"] == 2
    assert numbers["studio_oldest_queued_seconds"] == pytest.approx(50, abs=5)
    assert numbers['studio_calls_in_flight{status="claimed"}'] == 1
    assert numbers['studio_calls_in_flight{status="sent"}'] == 1
    assert (numbers["studio_workers"], numbers["studio_gate_requests_per_minute"]) == (1, 30)
    assert numbers["studio_gate_wait_seconds"] == pytest.approx(20, abs=5)


def test_what_has_ended_is_added_up_as_in_the_ledger(browse, token, online):
    online.faults([{"name": "slow", "seconds": 0}, "html"])
    made(model=GEMINI, wanted=2)
    numbers = read(browse)
    answered = Call.objects.get(status="answered")
    of_model = f'model="{GEMINI}"'
    assert numbers[f'studio_calls_total{{{of_model},status="answered",error=""}}'] == 1
    assert numbers[f'studio_calls_total{{{of_model},status="failed",error="not_json"}}'] == 1
    assert numbers[f'studio_tokens_total{{{of_model},kind="image_out"}}'] == answered.image_out
    assert Decimal(str(numbers[f"studio_cost_usd_total{{{of_model}}}"])) == answered.cost_usd
    assert numbers[f"studio_before_sending_seconds_count{{{of_model}}}"] == 2
    assert numbers[f'studio_call_seconds_bucket{{{of_model},le="5"}}'] == 1
    assert numbers[f"studio_call_seconds_sum{{{of_model}}}"] == pytest.approx(answered.seconds)


def test_an_answer_is_counted_in_every_bucket_from_its_time_up(browse, token):
    now = timezone.now()
    make_call(status=Call.Status.ANSWERED, sent_at=now - timedelta(seconds=25), finished_at=now)
    buckets = {name: number for name, number in read(browse).items() if "_bucket" in name}
    assert [number for name, number in sorted(buckets.items(), key=lambda item: float(item[0].split('"')[3]))] == [
        *[0, 0, 0],
        *[1] * 8,
    ]


def test_settled_calls_are_added_up_once_and_later_ones_with_them(
    browse, token, monkeypatch, django_assert_max_num_queries
):
    long_ago = timezone.now() - timedelta(days=3)
    monkeypatch.setattr(periods, "today", long_ago.date)  # so that they are of one month on every day of it
    for _ in range(3):
        make_call(status=Call.Status.FAILED, error_code="internal_error", created_at=long_ago)
    late = make_call(status=Call.Status.INTERRUPTED, error_code="worker_stopped")
    failed = 'studio_calls_total{model="openai/gpt-image-2",status="failed",error="internal_error"}'
    assert read(browse)[failed] == 3
    assert metrics.ledger.upto == late.pk - 1
    make_call(status=Call.Status.FAILED, error_code="internal_error")
    Call.objects.filter(pk=late.pk).update(status="answered", error_code="")
    with django_assert_max_num_queries(12):
        numbers = read(browse)
    assert (numbers[failed], sum(number for name, number in numbers.items() if "calls_total" in name)) == (4, 5)


def test_counters_begin_anew_with_the_month(browse, token, monkeypatch):
    start = periods.midnight(periods.month_of(periods.today()).start)
    for moment in (start - timedelta(seconds=1), start, timezone.now()):
        make_call(status=Call.Status.FAILED, created_at=moment)
    [count] = [number for name, number in read(browse).items() if "calls_total" in name]
    assert count == 2
    monkeypatch.setattr(periods, "today", lambda: periods.month_of(start.date()).end)
    assert not [name for name in read(browse) if "calls_total" in name]


# --- an id to follow -----------------------------------------------------------------------------------------------


def test_every_answer_names_its_request(browse):
    given = browse().get("/healthz", headers={"x-request-id": "proxy-17.a:b"})
    assert given["X-Request-ID"] == "proxy-17.a:b"
    first, second = (browse().get("/healthz")["X-Request-ID"] for _ in range(2))
    assert first != second and re.fullmatch("[0-9a-f]{32}", first)


@pytest.mark.parametrize("odd", ["", "x" * 65, "a b", "a\tb", "ä", 'a"b', "<b>"])
def test_an_odd_id_is_replaced(browse, odd):
    assert re.fullmatch("[0-9a-f]{32}", browse().get("/healthz", headers={"x-request-id": odd})["X-Request-ID"])


@pytest.fixture
def lines():
    """What the studio logs meanwhile, as JSON."""
    found = []

    class Keep(logging.Handler):
        def emit(self, record):
            found.append(json.loads(self.format(record)))

    handler = Keep()
    handler.addFilter(logs.AddRequestId())
    handler.setFormatter(logs.JsonFormatter(secret=KEY))
    logging.getLogger().addHandler(handler)
    yield found
    logging.getLogger().removeHandler(handler)


def test_a_generation_is_followed_from_the_page_to_the_gateway_and_back(online, monkeypatch, settings, lines):
    before = logs.current_request_id()
    recorder = connect(monkeypatch, settings, Recorder())
    online.faults(["not_a_picture"])
    with logs.about("page-1"):
        generation = ask()
    with logs.about("page-2"):
        ask()
    run_calls()
    assert Generation.objects.get(pk=generation.pk).request_id == "page-1"
    assert sorted(request.headers["x-request-id"] for request in recorder.requests) == ["page-1", "page-2"]
    [line] = [line for line in lines if "cannot be kept" in line["message"]]
    assert (line["request_id"], line["level"], line["logger"]) in {
        (asked, "WARNING", "gallery.services.results") for asked in ("page-1", "page-2")
    }
    assert logs.current_request_id() == before


def test_a_request_without_an_id_names_none_to_the_gateway(tmp_path):
    seen = []

    async def ask_once():
        transport = Script(lambda request: seen.append(request) or httpx.Response(200, json={}))
        async with Gateway(root="http://ofox", key=KEY, timeout=5, transport=transport) as gateway:
            await gateway.models()

    asyncio.run(ask_once())
    assert "x-request-id" not in seen[0].headers


def test_the_key_never_reaches_the_log(lines):
    try:
        raise RuntimeError(f"Bearer {KEY} was refused")
    except RuntimeError:
        logging.getLogger("a.foreign.library").exception("request with %s failed", KEY)
    text = logs.TextFormatter(secret=KEY)
    record = logging.makeLogRecord({"msg": "key %s", "args": (KEY,), "request_id": "-"})
    assert KEY not in json.dumps(lines[-1]) + text.format(record)
    assert "[key] was refused" in lines[-1]["exception"]
