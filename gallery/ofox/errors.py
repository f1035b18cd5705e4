"""What can go wrong when we talk to Ofox, and how an answer is recognised as an error.

OfoxError
  OfoxUnreachable   we never got through                 retry
  OfoxSilent        asked, then no answer: maybe billed  do not retry
  OfoxBusy          429, 5xx                             retry
  OfoxRefused       other 4xx: parameters, policy        do not retry
  OfoxGarbled       2xx that we cannot read              do not retry
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from gallery.ofox import rates

READ_AT_MOST = 64 * 1024  # bytes of an error body; some proxies answer with whole web sites
DETAIL_AT_MOST = 500  # characters


class OfoxError(Exception):
    """Callers look at the class and at `code`; `detail` is the upstream's own words, for people."""

    codes: frozenset[str] = frozenset()
    may_be_billed = False

    def __init__(self, code: str, detail: str = "", *, status: int | None = None, retry_after: float | None = None):
        self.code = code
        self.detail = one_line(detail)
        self.status = status
        self.retry_after = retry_after
        super().__init__(code, self.detail)

    def __str__(self):
        return f"{self.code}: {self.detail}" if self.detail else self.code


class OfoxUnreachable(OfoxError):
    codes = frozenset({"connection_refused", "name_not_resolved", "connect_timeout", "tls_failed"})


class OfoxSilent(OfoxError):
    codes = frozenset({"no_answer", "cut_body", "proxy_timeout"})
    may_be_billed = True


class OfoxBusy(OfoxError):
    codes = frozenset({"rate_limited", "server_error", "upstream_error", "unavailable"})


class OfoxRefused(OfoxError):
    codes = frozenset(
        {
            "bad_request", "too_large", "not_authenticated", "no_credit", "forbidden", "not_found", "model_not_found",
            "stream_unsupported", "safety", "prompt_blocked", "prohibited", "blocklist", "personal_data", "recitation",
            "language", "max_tokens", "no_image", "text_only",
        }
    )  # fmt: skip


class OfoxGarbled(OfoxError):
    """`answer` is the messages.Answer as far as it could be read: its usage was paid for."""

    codes = frozenset({"not_json", "empty_body", "no_image", "bad_base64", "unexpected_shape"})
    may_be_billed = True
    answer = None


RETRYABLE = (OfoxUnreachable, OfoxBusy)

# A proxy in between gave up; the model may go on working, and be billed.
NEVER_ANSWERED = {504, 524}

# What `error.code`, `error.type` and Google's `error.status` may say. `invalid_request_error` and
# INVALID_ARGUMENT are absent on purpose: they come with 401, 404 and 413 too, so the status decides.
BY_WORD = {
    "moderation_blocked": (OfoxRefused, "safety"),
    "content_policy_violation": (OfoxRefused, "safety"),
    "image_generation_user_error": (OfoxRefused, "safety"),
    "model_not_found": (OfoxRefused, "model_not_found"),
    "invalid_api_key": (OfoxRefused, "not_authenticated"),
    "authentication_error": (OfoxRefused, "not_authenticated"),
    "unauthenticated": (OfoxRefused, "not_authenticated"),
    "insufficient_quota": (OfoxRefused, "no_credit"),
    "billing_hard_limit_reached": (OfoxRefused, "no_credit"),
    "permission_error": (OfoxRefused, "forbidden"),
    "permission_denied": (OfoxRefused, "forbidden"),
    "not_found_error": (OfoxRefused, "not_found"),
    "not_found": (OfoxRefused, "not_found"),
    "rate_limit_error": (OfoxBusy, "rate_limited"),
    "resource_exhausted": (OfoxBusy, "rate_limited"),
    "internal_error": (OfoxBusy, "server_error"),
    "internal": (OfoxBusy, "server_error"),
    "upstream_error": (OfoxBusy, "upstream_error"),
    "service_unavailable": (OfoxBusy, "unavailable"),
    "unavailable": (OfoxBusy, "unavailable"),
    "deadline_exceeded": (OfoxSilent, "proxy_timeout"),
}
BY_STATUS = {
    401: (OfoxRefused, "not_authenticated"),
    402: (OfoxRefused, "no_credit"),
    403: (OfoxRefused, "forbidden"),
    404: (OfoxRefused, "not_found"),
    405: (OfoxRefused, "not_found"),
    413: (OfoxRefused, "too_large"),
    429: (OfoxBusy, "rate_limited"),
    502: (OfoxBusy, "upstream_error"),
    503: (OfoxBusy, "unavailable"),
}


def classify(status: int, headers: Mapping[str, str], body: bytes) -> OfoxError:
    """The error that a non-2xx answer means; also for a 2xx whose body says `error`."""
    body = body[:READ_AT_MOST]
    error = _error_object(body)
    message = error.get("message")
    detail = message if isinstance(message, str) and message else plain_text(body)
    kind, code = _verdict(status, error, detail)
    wait = _retry_after(headers, limited=code == "rate_limited")
    return kind(code, detail, status=status, retry_after=wait)


def plain_text(body: bytes) -> str:
    """A web page's title, or any other text without its tags."""
    text = body[:READ_AT_MOST].decode("utf-8", "replace")
    title = re.search(r"<title[^>]*>([^<]*)", text, re.IGNORECASE)
    return title[1] if title and title[1].strip() else re.sub(r"<[^<>]*>", " ", text)


def one_line(text: str) -> str:
    """Fit for a page, a log line and a database column: printable, short, without secrets."""
    text = " ".join("".join(char if char.isprintable() else " " for char in text[:READ_AT_MOST]).split())
    for secret in SECRETS:
        text = secret.sub(lambda match: f"{match[1] or ''}***", text)
    return text if len(text) <= DETAIL_AT_MOST else text[: DETAIL_AT_MOST - 1] + "…"


# The first group is kept, the rest of the match is hidden.
SECRETS = (
    re.compile(r"(\bbearer\s+)[^\s\"',;]+", re.IGNORECASE),
    re.compile(r"(\b(?:api[ _-]?key|token|secret|authorization)\b[^:=]{0,20}[:=]\s*[\"']?)[^\s\"',;]+", re.IGNORECASE),
    re.compile(r"()\b(?:sk|pk|ofox)-[\w*.-]{4,}"),
    re.compile(r"()\bAIza[\w-]{10,}"),
    re.compile(r"()\b(?=\w*\d)(?=\w*[A-Za-z])\w{24,}"),
)


def _error_object(body: bytes) -> dict:
    """Both protocols say `{"error": {...}}`; Google's streams wrap it in a list, proxies say `{"message"}` alone."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if isinstance(answer, list) and answer:
        answer = answer[0]
    if not isinstance(answer, dict):
        return {}
    error = answer.get("error", answer)
    return error if isinstance(error, dict) else {"message": error}


def _verdict(status: int, error: dict, detail: str) -> tuple[type[OfoxError], str]:
    if status in NEVER_ANSWERED:
        return OfoxSilent, "proxy_timeout"
    words = [word.lower() for name in ("code", "type", "status") if isinstance(word := error.get(name), str)]
    kind, code = next((BY_WORD[word] for word in words if word in BY_WORD), None) or _by_status(status, error, words)
    if code == "not_found" and re.search(r"\bmodels?\b", detail, re.IGNORECASE):
        code = "model_not_found"
    about_streams = error.get("param") == "stream" or re.search(r"\bstream(ing)?\b", detail, re.IGNORECASE)
    if code == "bad_request" and about_streams:
        code = "stream_unsupported"
    return kind, code


def _by_status(status: int, error: dict, words: list[str]) -> tuple[type[OfoxError], str]:
    number = error.get("code")
    if 200 <= status < 300 and isinstance(number, int):
        status = number
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status >= 500:
        return OfoxBusy, "server_error"
    if 300 <= status < 400:
        return OfoxRefused, "not_found"  # a redirect: the gateway's root is not what it should be
    if status >= 400 or "invalid_request_error" in words or "invalid_argument" in words:
        return OfoxRefused, "bad_request"
    return OfoxGarbled, "unexpected_shape"


def _retry_after(headers: Mapping[str, str], *, limited: bool) -> float | None:
    headers = {name.lower(): value for name, value in headers.items()}
    wait = _seconds_or_date(headers.get("retry-after", ""), headers.get("date", ""))
    if wait is None and limited:
        wait = rates.duration(headers.get("x-ratelimit-reset-requests", ""))
    return wait


def _seconds_or_date(value: str, server_date: str) -> float | None:
    try:
        seconds = float(value)
        return seconds if math.isfinite(seconds) and seconds >= 0 else None
    except ValueError:
        until = _date(value)
    if until is None:
        return None
    # Measured by the server's clock where it names it: ours may be wrong.
    return max(0.0, (until - (_date(server_date) or datetime.now(UTC))).total_seconds())


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
