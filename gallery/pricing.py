"""Tokens to dollars, and what a generation can be expected to cost: Decimal arithmetic over plain values."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

MILLION = Decimal(1_000_000)
SIX_PLACES = Decimal("0.000001")

IN_KINDS = ("text_in", "cached_text_in", "image_in", "cached_image_in")
OUT_KINDS = ("text_out", "image_out")
KINDS = IN_KINDS + OUT_KINDS


class Usage(Protocol):
    """Tokens by kind, as reported or as expected; None is unknown."""

    text_in: int | None
    cached_text_in: int | None
    image_in: int | None
    cached_image_in: int | None
    text_out: int | None
    image_out: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesPerMillion:
    """US dollars per million tokens of a kind; None is no published price."""

    text_in: Decimal | None = None
    cached_text_in: Decimal | None = None
    image_in: Decimal | None = None
    cached_image_in: Decimal | None = None
    text_out: Decimal | None = None
    image_out: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedTokens:
    text_in: int | None = None
    cached_text_in: int | None = None
    image_in: int | None = None
    cached_image_in: int | None = None
    text_out: int | None = None
    image_out: int | None = None


FIRST_PRICES: dict[str, PricesPerMillion] = {
    "openai/gpt-image-2": PricesPerMillion(
        text_in=Decimal("5"),
        cached_text_in=Decimal("1.25"),
        image_in=Decimal("8"),
        cached_image_in=Decimal("2"),
        image_out=Decimal("30"),
    ),
    "google/gemini-3.1-flash-image-preview": PricesPerMillion(
        text_in=Decimal("0.50"),
        cached_text_in=Decimal("0.05"),
        image_in=Decimal("0.50"),
        cached_image_in=Decimal("0.05"),
        text_out=Decimal("3"),
        image_out=Decimal("60"),
    ),
}


def cost(prices: PricesPerMillion, usage: Usage) -> Decimal | None:
    """Dollars in six places, or None where they cannot be known.

    Providers leave out kinds that do not apply, so a missing kind counts as none of it. But a whole side (in or out)
    without one reported kind is unknown, and so is a kind that was used and has no price: half a bill is no bill.
    """
    tokens = {kind: getattr(usage, kind) for kind in KINDS}
    if any(all(tokens[kind] is None for kind in side) for side in (IN_KINDS, OUT_KINDS)):
        return None
    used = [kind for kind in KINDS if tokens[kind]]
    if any(getattr(prices, kind) is None for kind in used):
        return None
    dollars = sum((tokens[kind] * getattr(prices, kind) for kind in used), Decimal(0)) / MILLION
    return dollars.quantize(SIX_PLACES, ROUND_HALF_UP)


def estimate_tokens(
    estimator: str, options: Mapping, *, prompt: str = "", images: int = 0, calls: Sequence[int] = (1,)
) -> ExpectedTokens | None:
    """Tokens to expect of all calls together; `calls` says how many pictures each asks for, as `catalog.calls_for`.

    A fit to readings, not a promise, and leaning high: what is left to the model (`auto`) counts at its bound.
    """
    known = {"gpt-image-2": (_gpt_image_2_picture, 1500), "gemini": (_gemini_picture, 1120)}
    if estimator not in known:
        return None
    picture_tokens, input_tokens = known[estimator]
    return ExpectedTokens(
        text_in=text_tokens(prompt) * len(calls),
        image_in=input_tokens * images * len(calls),
        image_out=picture_tokens(options) * sum(calls),
    )


def estimate_cost(
    prices: PricesPerMillion,
    estimator: str,
    options: Mapping,
    *,
    prompt: str = "",
    images: int = 0,
    calls: Sequence[int] = (1,),
) -> Decimal | None:
    tokens = estimate_tokens(estimator, options, prompt=prompt, images=images, calls=calls)
    return tokens and cost(prices, tokens)


def text_tokens(text: str) -> int:
    """About a token to four letters, and one to each wide character (Chinese, Japanese, Korean, emoji)."""
    wide = 0 if text.isascii() else sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return wide + math.ceil((len(text) - wide) / 4)


_PARTIAL_TOKENS = 100  # each streamed preview, billed as image out
_LONG_SIDE = {"low": 16, "medium": 48, "high": 96}
_GEMINI_PICTURE = {"512": 747, "1K": 1120, "2K": 1680, "4K": 2520}


def _gpt_image_2_picture(options: Mapping) -> int:
    """L x S patches, weighed by the pixels. The square is the dearest of the listed sizes, so it stands for `auto`."""
    long = _LONG_SIDE.get(options.get("quality"), _LONG_SIDE["high"])
    width, _, height = str(options.get("size") or "").partition("x")
    width, height = (int(width), int(height)) if width.isdigit() and height.isdigit() else (1024, 1024)
    short = round(long * min(width, height) / max(width, height, 1))
    partials = int(options.get("partial_images") or 0) if options.get("stream") else 0
    return math.ceil(long * short * (2_000_000 + width * height) / 4_000_000) + partials * _PARTIAL_TOKENS


def _gemini_picture(options: Mapping) -> int:
    """By image_size; the Images endpoint may ignore `size`, and the model then draws its 1K."""
    return _GEMINI_PICTURE.get(options.get("image_size"), _GEMINI_PICTURE["1K"])
