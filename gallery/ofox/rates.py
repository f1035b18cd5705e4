"""What an answer's headers say about how fast the whole team may ask."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SECONDS_IN = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Requests a minute, how many of them are left, and seconds until all are there again; None where not told."""

    limit: int | None = None
    remaining: int | None = None
    reset: float | None = None


def read(headers: Mapping[str, str]) -> Rate:
    """Names in lower case, as the client's receipts have them."""
    return Rate(
        limit=_number(headers.get("x-ratelimit-limit-requests", "")) or None,
        remaining=_number(headers.get("x-ratelimit-remaining-requests", "")),
        reset=duration(headers.get("x-ratelimit-reset-requests", "")),
    )


def duration(value: str) -> float | None:
    """`12s`, `1m3s`, `500ms`; a bare number is seconds."""
    if not re.fullmatch(r"(\d+(\.\d+)?(ms|[smhd]))+|\d+(\.\d+)?", value.strip()):
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhd])?", value)
    return sum(float(number) * SECONDS_IN[unit or "s"] for number, unit in parts)


def _number(value: str) -> int | None:
    return int(value) if re.fullmatch(r"[0-9]{1,9}", value.strip()) else None
