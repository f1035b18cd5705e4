import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.ofox import errors
from gallery.ofox.errors import RETRYABLE, OfoxBusy, OfoxError, OfoxGarbled, OfoxRefused, OfoxSilent, classify


def answer(**error):
    return json.dumps({"error": {"message": "no", **error}}).encode()


def google(code, status, message="no"):
    return json.dumps({"error": {"code": code, "message": message, "status": status}}).encode()


CASES = [
    (400, answer(type="invalid_request_error", code=400), OfoxRefused, "bad_request"),
    (400, answer(type="image_generation_user_error", code="moderation_blocked"), OfoxRefused, "safety"),
    (400, answer(type="image_generation_user_error", code=None), OfoxRefused, "safety"),
    (400, answer(type="image_generation_user_error", code="new_word"), OfoxRefused, "safety"),
    (400, b" " * errors.READ_AT_MOST + answer(type="image_generation_user_error"), OfoxRefused, "bad_request"),
    (400, answer(type="invalid_request_error", code="content_policy_violation"), OfoxRefused, "safety"),
    (400, answer(type="invalid_request_error", param="stream"), OfoxRefused, "stream_unsupported"),
    (400, answer(message="Streaming is not supported for this model"), OfoxRefused, "stream_unsupported"),
    (400, answer(message="the upstream said no"), OfoxRefused, "bad_request"),
    (401, answer(type="authentication_error"), OfoxRefused, "not_authenticated"),
    (401, answer(type="invalid_request_error", code="invalid_api_key"), OfoxRefused, "not_authenticated"),
    (401, answer(type="invalid_request_error"), OfoxRefused, "not_authenticated"),
    (402, b"", OfoxRefused, "no_credit"),
    (403, answer(type="permission_error"), OfoxRefused, "forbidden"),
    (404, answer(type="not_found_error", message="no such path"), OfoxRefused, "not_found"),
    (404, answer(type="not_found_error", message="The model painter-9 does not exist"), OfoxRefused, "model_not_found"),
    (404, answer(type="model_not_found"), OfoxRefused, "model_not_found"),
    (405, b"Method Not Allowed", OfoxRefused, "not_found"),
    (301, b"", OfoxRefused, "not_found"),
    (413, b"<html>nginx</html>", OfoxRefused, "too_large"),
    (422, answer(), OfoxRefused, "bad_request"),
    (429, answer(type="rate_limit_error"), OfoxBusy, "rate_limited"),
    (429, answer(type="insufficient_quota", code="insufficient_quota"), OfoxRefused, "no_credit"),
    (500, answer(type="internal_error"), OfoxBusy, "server_error"),
    (502, answer(type="upstream_error"), OfoxBusy, "upstream_error"),
    (503, answer(type="service_unavailable"), OfoxBusy, "unavailable"),
    (507, b"", OfoxBusy, "server_error"),
    (504, answer(type="upstream_error"), OfoxSilent, "proxy_timeout"),
    (524, b"<html>Cloudflare</html>", OfoxSilent, "proxy_timeout"),
    (400, google(400, "INVALID_ARGUMENT"), OfoxRefused, "bad_request"),
    (401, google(401, "UNAUTHENTICATED"), OfoxRefused, "not_authenticated"),
    (403, google(403, "PERMISSION_DENIED"), OfoxRefused, "forbidden"),
    (404, google(404, "NOT_FOUND", "models/x is not found"), OfoxRefused, "model_not_found"),
    (429, google(429, "RESOURCE_EXHAUSTED"), OfoxBusy, "rate_limited"),
    (500, google(500, "INTERNAL"), OfoxBusy, "server_error"),
    (500, b"[" + google(503, "UNAVAILABLE") + b"]", OfoxBusy, "unavailable"),
    (200, answer(type="upstream_error"), OfoxBusy, "upstream_error"),
    (200, answer(code=429), OfoxBusy, "rate_limited"),
    (200, answer(), OfoxGarbled, "unexpected_shape"),
]


@pytest.mark.parametrize(("status", "body", "kind", "code"), CASES)
def test_an_error_is_known_by_its_type_then_by_its_status(status, body, kind, code):
    error = classify(status, {}, body)
    assert (type(error), error.code, error.status) == (kind, code, status)


@given(
    st.integers(300, 599),
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.dictionaries(st.sampled_from(["error", "message", "type", "code", "status", "param"]), inner),
    ).map(lambda body: json.dumps(body).encode()),
)
def test_no_answer_is_too_strange_to_have_a_known_code(status, body):
    error = classify(status, {}, body)
    assert error.code in error.codes


def test_only_what_cost_nothing_is_retried():
    assert not any(kind.may_be_billed for kind in RETRYABLE)
    assert OfoxSilent.may_be_billed and OfoxGarbled.may_be_billed


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after": "7"}, 7),
        (429, {"Retry-After": "0.5"}, 0.5),
        (503, {"retry-after": "2"}, 2),
        (429, {"x-ratelimit-reset-requests": "12s"}, 12),
        (429, {"x-ratelimit-reset-requests": "1m3s"}, 63),
        (429, {"x-ratelimit-reset-requests": "250ms"}, 0.25),
        (429, {"retry-after": "7", "x-ratelimit-reset-requests": "12s"}, 7),
        (503, {"x-ratelimit-reset-requests": "12s"}, None),
        (429, {"retry-after": "nan"}, None),
        (429, {"retry-after": "inf"}, None),
        (429, {"retry-after": "-1"}, None),
        (429, {"retry-after": "soon"}, None),
        (429, {"x-ratelimit-reset-requests": "later"}, None),
        (429, {}, None),
    ],
)
def test_the_wait_is_what_the_server_names(status, headers, seconds):
    assert classify(status, headers, b"").retry_after == seconds


def test_a_date_to_wait_for_is_measured_by_the_servers_clock():
    headers = {"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert classify(503, headers, b"").retry_after == 30


def test_a_date_without_the_servers_clock_is_measured_by_ours_and_never_in_the_past():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < classify(503, {"retry-after": soon}, b"").retry_after <= 60
    assert classify(503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"").retry_after == 0


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (answer(message="one\n two\t\0three"), "one two three"),
        (b'{"error": "just words"}', "just words"),
        (b'{"message": "a proxy speaks"}', "a proxy speaks"),
        (b"<html><head><title>502 Bad Gateway</title></head><body>x</body></html>", "502 Bad Gateway"),
        (b"<p>not <b>now</b></p>", "not now"),
        (b"", ""),
    ],
)
def test_the_upstreams_words_fit_on_one_line(body, detail):
    assert classify(502, {}, body).detail == detail


def test_long_words_are_cut():
    assert len(classify(400, {}, answer(message="so " * 10_000)).detail) == errors.DETAIL_AT_MOST


@pytest.mark.parametrize(
    "secret",
    [
        "Incorrect API key provided: SECRET9",
        "Authorization: Bearer SECRET9.x",
        '{"api_key": "SECRET9"}',
        "key sk-SECRET9-abc is wrong",
        "key sk-pro******SECRET9 is wrong",
        "AIzaSySECRET9aaaaaaaa",
        "who is abcdefSECRET9ghijklmnopqrstu",
    ],
)
def test_a_key_in_the_answer_is_never_repeated(secret):
    assert "SECRET9" not in str(OfoxError("bad_request", secret))


def test_names_of_models_and_requests_are_no_secrets():
    words = "google/gemini-3.1-flash-image-preview 0b8a6f1e-6a0e-4c44-9d6c-2f3f7b9c1a11 is over its token limit"
    assert OfoxError("bad_request", words).detail == words
