"""What is asked of Ofox and what it answered, as plain frozen values that both protocols share."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

import msgspec
import pybase64

from gallery.ofox.errors import OfoxGarbled, OfoxRefused

TOKENS_BELOW = 2**31  # what the database columns hold; no honest answer comes near it

REQUEST_IDS = ("x-request-id", "request-id", "x-ofox-request-id", "x-goog-request-id", "cf-ray")


class Operation(StrEnum):
    GENERATE = "generate"
    EDIT = "edit"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file ready to be sent as it is."""

    name: str
    media_type: str
    path: Path

    def summary(self) -> dict:
        return {"name": self.name, "media_type": self.media_type, "size": self.path.stat().st_size}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """`options` holds names of the wire only, and only those that the model accepts: they are sent as they are."""

    model: str
    prompt: str
    operation: Operation
    options: Mapping[str, str | int | bool]
    images: tuple[Attachment, ...] = ()
    mask: Attachment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One POST: either `json`, whose attachments become base64 while it is sent, or `data` and `files` (multipart).

    `summary` is what was sent, without bytes and fit for JSON: it is kept in the ledger.
    """

    url_path: str
    auth: Literal["bearer", "google"]
    json: tuple[bytes | Attachment, ...] = ()
    data: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, Attachment], ...] = ()
    summary: dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came with a body that lies in a spool file."""

    status: int
    headers: dict[str, str]
    bytes: int
    complete: bool

    def to_json(self) -> dict:
        return asdict(self)

    @classmethod
    def from_json(cls, receipt: dict) -> Self:
        return cls(**{field.name: receipt[field.name] for field in fields(cls)})


def request_id(headers: Mapping[str, str]) -> str | None:
    return next((headers[name] for name in REQUEST_IDS if headers.get(name)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens by kind; unknown is None and never 0. Cached input is not counted a second time as plain input."""

    text_in: int | None = None
    cached_text_in: int | None = None
    image_in: int | None = None
    cached_image_in: int | None = None
    text_out: int | None = None
    image_out: int | None = None
    raw: dict | None = None

    def __add__(self, other: Self) -> Self:
        kinds = [field.name for field in fields(self) if field.name != "raw"]
        sums = {kind: total(getattr(self, kind), getattr(other, kind)) for kind in kinds}
        raws = [raw for usage in (self, other) if usage.raw for raw in usage.raw.get("sum_of", [usage.raw])]
        return type(self)(**sums, raw={"sum_of": raws} if len(raws) > 1 else (self.raw or other.raw))


def tokens(value: object) -> int | None:
    """A reported number of tokens, or None for anything that cannot be one."""
    return value if type(value) is int and 0 <= value < TOKENS_BELOW else None


def total(first: int | None, second: int | None) -> int | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def rest(whole: int | None, part: int | None) -> int | None:
    """What is left of `whole`; None when the two cannot both be true."""
    if whole is None or part is None:
        return whole
    return whole - part if whole >= part else None


def share_of_cache(cached: int, text: int | None, image: int | None) -> tuple[int | None, int | None]:
    """Cached text and cached image when only their sum is told: text first, the dearer reading of the two."""
    if text is None:
        return None, None
    return min(cached, text), None if image is None else max(0, cached - text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture as base64, where it lies in the body's file: nothing is copied before `decode`."""

    index: int
    encoded: memoryview | bytes
    media_type: str | None = None

    def decode(self) -> bytes:
        try:
            decoded = pybase64.b64decode(self.encoded, validate=True)
        except ValueError:
            decoded = self._decode_untidy()
        if not decoded:
            raise OfoxGarbled("bad_base64", "The picture is empty.")
        return decoded

    def _decode_untidy(self) -> bytes:
        """JSON may escape the slash, and some gateways wrap lines or write data URLs."""
        try:
            text = msgspec.json.decode(b'"%b"' % bytes(self.encoded), type=str)
            return pybase64.b64decode("".join(text.rpartition("base64,")[2].split()), validate=True)
        except ValueError as error:
            raise OfoxGarbled("bad_base64", str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`reported` is what the answer says it made; `envelope` is all of it but the pictures, kept in the ledger.

    `refusal` is only set when there is no picture; the usage counts all the same.
    """

    pictures: tuple[Picture, ...]
    usage: Usage
    model: str | None = None
    upstream_id: str | None = None
    created: int | None = None
    reported: dict = field(default_factory=dict)
    text: str = ""
    refusal: OfoxRefused | None = None
    envelope: dict = field(default_factory=dict)
