"""The list of models that Ofox offers, with its prices."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import msgspec

from gallery.ofox.errors import OfoxGarbled, plain_text

KINDS = {
    "prompt": "text_in",
    "input_cache_read": "cached_text_in",
    "image": "image_in",
    "completion": "text_out",
    "output_image": "image_out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """`pricing` is in US dollars per million tokens, by our names of the kinds; None is a price not told."""

    id: str
    name: str
    aliases: tuple[str, ...]
    input_modalities: tuple[str, ...]
    output_modalities: tuple[str, ...]
    pricing: dict[str, Decimal | None]
    is_deprecated: bool
    expiration_date: str | None


def read(body: bytes) -> tuple[ListedModel, ...]:
    try:
        listing = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise OfoxGarbled("not_json", plain_text(body)) from error
    rows = listing.get("data") if isinstance(listing, dict) else None
    if not isinstance(rows, list):
        raise OfoxGarbled("unexpected_shape", plain_text(body))
    return tuple(_model(row) for row in rows if isinstance(row, dict) and _text(row.get("id")))


def _model(row: dict) -> ListedModel:
    architecture = _object(row.get("architecture"))
    pricing = _object(row.get("pricing"))
    return ListedModel(
        id=row["id"],
        name=_text(row.get("name")) or row["id"],
        aliases=_texts(row.get("aliases")),
        input_modalities=_texts(architecture.get("input_modalities")),
        output_modalities=_texts(architecture.get("output_modalities")),
        pricing={kind: _per_million(pricing.get(name)) for name, kind in KINDS.items()},
        is_deprecated=row.get("is_deprecated") is True,
        expiration_date=_text(row.get("expiration_date")) or None,
    )


def _object(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(text for text in values if isinstance(text, str) and text)


def _per_million(value: object) -> Decimal | None:
    """Listed per token, as a string; a negative price is how some gateways say that it varies."""
    if not isinstance(value, str | int | float):
        return None
    try:
        price = Decimal(str(value)) * 1_000_000
    except InvalidOperation:
        return None
    return price if price.is_finite() and price >= 0 else None
