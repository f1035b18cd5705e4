"""Usage as gateways get it wrong: kept as it came, flagged on the row, and never taken for 0."""

import base64
import json

import httpx
import pytest

from gallery.models import Call
from gallery.services.generations import retry
from tests.factory import picture_bytes

from .running import Script, connect, made, run_calls
from .test_late_answers import given_up, recover
from .test_recovery import crashed

pytestmark = pytest.mark.django_db


@pytest.fixture
def answer_with(monkeypatch, settings, online):
    picture = base64.b64encode(picture_bytes((256, 256))).decode()

    def of(usage):
        body = json.dumps({"created": 1, "data": [{"b64_json": picture}], "usage": usage})
        connect(monkeypatch, settings, Script(lambda request: httpx.Response(200, content=body)))
        return made().calls.get()

    return of


@pytest.mark.parametrize(
    ("usage", "flags", "cost_is_known"),
    [
        ({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}, [], False),
        ({"input_tokens_details": {"text_tokens": 3}, "output_tokens": 4}, [], True),
        ({"input_tokens_details": {"text_tokens": 3}, "output_tokens": "4"}, ["not_a_number"], False),
        ({"input_tokens_details": {"text_tokens": -3}, "output_tokens": 4}, ["negative"], False),
        (
            {"input_tokens": 3, "input_tokens_details": {"text_tokens": 3}, "output_tokens": 4, "total_tokens": 9},
            ["sum"],
            True,
        ),
    ],
)
def test_odd_usage_is_kept_and_flagged(answer_with, usage, flags, cost_is_known):
    call = answer_with(usage)
    assert (call.status, call.raw_usage, call.usage_flags) == ("answered", usage, flags)
    assert (call.cost_usd is not None) == cost_is_known
    assert len(call.odd_usage) == len(flags)


@pytest.mark.parametrize("usage", [None, "12", []])
def test_an_answer_without_usage_is_flagged_and_of_unknown_cost(answer_with, usage):
    call = answer_with(usage)
    assert (call.usage_flags, call.cost_usd, call.image_out) == (["missing"], None, None)


def test_a_refusal_without_usage_is_not_odd(online):
    online.faults([{"name": "safety"}])
    assert made().calls.get().usage_flags == []


def test_an_honest_answer_is_not_odd(online):
    assert made().calls.get().usage_flags == []


def test_a_retried_call_that_was_answered_twice_is_two_rows(online, monkeypatch, tmp_path):
    generation = crashed(monkeypatch)
    given_up(generation, tmp_path)
    retry(generation.user, generation)
    run_calls()
    recover()
    rows = Call.objects.values_list("status", "cost_usd")
    assert [status for status, _cost in rows] == ["answered", "answered"]
    assert all(cost > 0 for _status, cost in rows)
