"""Gemini's native generateContent: how its requests are written and its answers read."""

import re
from pathlib import Path
from urllib.parse import quote

import msgspec

from gallery.ofox import bodies
from gallery.ofox.errors import OfoxGarbled, OfoxRefused, classify
from gallery.ofox.messages import (
    Answer,
    Attachment,
    ImageRequest,
    Picture,
    Receipt,
    Usage,
    WireRequest,
    request_id,
    rest,
    share_of_cache,
    tokens,
    total,
)

IMAGE_CONFIG = {"aspect_ratio": "aspectRatio", "image_size": "imageSize"}
WHOLE_PICTURE = re.compile(rb'"data"\s*:\s*"([^"]*)"')
REFUSALS = {
    "SAFETY": "safety",
    "IMAGE_SAFETY": "safety",
    "PROHIBITED_CONTENT": "prohibited",
    "IMAGE_PROHIBITED_CONTENT": "prohibited",
    "BLOCKLIST": "blocklist",
    "SPII": "personal_data",
    "RECITATION": "recitation",
    "IMAGE_RECITATION": "recitation",
    "LANGUAGE": "language",
    "MAX_TOKENS": "max_tokens",
}  # NO_IMAGE, IMAGE_OTHER, OTHER and whatever comes next are "no_image"


def build(request: ImageRequest) -> WireRequest:
    path = f"/gemini/v1beta/models/{quote(request.model, safe='/:@')}:generateContent"
    config = {"responseModalities": ["TEXT", "IMAGE"]}
    if image_config := {IMAGE_CONFIG[name]: request.options[name] for name in IMAGE_CONFIG if name in request.options}:
        config["imageConfig"] = image_config
    pieces = [b'{"contents":[{"role":"user","parts":[']
    for image in request.images:
        pieces += _inline(image)
    text = msgspec.json.encode({"text": request.prompt})
    pieces += [text, b']}],"generationConfig":', msgspec.json.encode(config), b"}"]
    summary = {
        "path": path,
        "fields": {"text": request.prompt, "generationConfig": config},
        "files": [{"field": "inlineData", **image.summary()} for image in request.images],
    }
    return WireRequest(url_path=path, auth="google", json=tuple(pieces), summary=summary)


def read(body: Path, receipt: Receipt) -> Answer:
    view = bodies.successful(body, receipt)
    whole = bodies.parsed(view, receipt.status)
    told = bodies.without_pictures(whole)
    if told.get("error"):
        raise classify(receipt.status, receipt.headers, msgspec.json.encode(told))
    parts = _parts(whole)
    pictures = _pictures(parts)
    text = "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str)).strip()
    answer = Answer(
        pictures=pictures,
        usage=_usage(told.get("usageMetadata"), pictures=bool(pictures)),
        model=_text(told.get("modelVersion")),
        upstream_id=_text(told.get("responseId")) or request_id(receipt.headers),
        text=text,
        refusal=None if pictures else _refusal(told, text, receipt.status),
        envelope=bodies.envelope(told),
    )
    if pictures or answer.refusal:
        return answer
    garbled = OfoxGarbled("unexpected_shape", status=receipt.status)
    garbled.answer = answer
    raise garbled


def salvage(body: Path) -> tuple[Picture, ...]:
    """The pictures that arrived whole in a body that broke off, or that cannot be read."""
    view = bodies.mapped(body)
    whole = memoryview(view)
    spans = [match.span(1) for match in WHOLE_PICTURE.finditer(view)]
    return tuple(Picture(index=index, encoded=whole[slice(*span)]) for index, span in enumerate(spans))


def _inline(image: Attachment) -> list[bytes | Attachment]:
    media_type = msgspec.json.encode(image.media_type)
    return [b'{"inlineData":{"mimeType":' + media_type + b',"data":"', image, b'"}},']


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _candidates(whole: dict) -> list[dict]:
    candidates = whole.get("candidates")
    return [one for one in candidates if isinstance(one, dict)] if isinstance(candidates, list) else []


def _parts(whole: dict) -> list[dict]:
    """Everything said to the person; parts marked as thought are the model talking to itself."""
    contents = [candidate.get("content") for candidate in _candidates(whole)]
    lists = [content.get("parts") for content in contents if isinstance(content, dict)]
    parts = [part for parts in lists if isinstance(parts, list) for part in parts]
    return [part for part in parts if isinstance(part, dict) and part.get("thought") is not True]


def _pictures(parts: list[dict]) -> tuple[Picture, ...]:
    inline = [part["inlineData"] for part in parts if isinstance(part.get("inlineData"), dict)]
    return tuple(
        Picture(index=index, encoded=data["data"], media_type=_text(data.get("mimeType")))
        for index, data in enumerate(inline)
        if isinstance(data.get("data"), memoryview)
    )


def _refusal(told: dict, text: str, status: int) -> OfoxRefused | None:
    """Why a 200 holds no picture; None when it says nothing at all."""
    feedback = told.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        detail = feedback.get("blockReasonMessage") or feedback["blockReason"]
        return OfoxRefused("prompt_blocked", str(detail), status=status)
    if not (candidates := _candidates(told)):
        return None
    reason = str(candidates[0].get("finishReason") or "STOP")
    detail = str(candidates[0].get("finishMessage") or text or reason)
    code = "text_only" if reason == "STOP" and text else REFUSALS.get(reason, "no_image")
    return OfoxRefused(code, detail, status=status)


def _usage(raw: object, *, pictures: bool) -> Usage:
    if not isinstance(raw, dict):
        return Usage()
    prompt = _by_modality(raw.get("promptTokensDetails"))
    text_in, image_in = prompt.get("TEXT"), prompt.get("IMAGE")
    cached_text, cached_image = _cached(raw, text_in, image_in)
    text_out, image_out = _output(raw, pictures=pictures)
    return Usage(
        text_in=rest(text_in, cached_text),
        cached_text_in=cached_text,
        image_in=rest(image_in, cached_image),
        cached_image_in=cached_image,
        text_out=text_out,
        image_out=image_out,
        raw=raw,
    )


def _by_modality(details: object) -> dict[str, int | None]:
    rows = [row for row in details if isinstance(row, dict)] if isinstance(details, list) else []
    return {str(row.get("modality")): tokens(row.get("tokenCount")) for row in rows}


def _cached(raw: dict, text_in: int | None, image_in: int | None) -> tuple[int | None, int | None]:
    split = _by_modality(raw.get("cacheTokensDetails"))
    cached = tokens(raw.get("cachedContentTokenCount"))
    if cached is None or split:
        return split.get("TEXT"), split.get("IMAGE")
    return share_of_cache(cached, text_in, image_in)


def _output(raw: dict, *, pictures: bool) -> tuple[int | None, int | None]:
    """Pictures are part of the candidates' tokens; the rest of those, and thoughts, are text."""
    said, thought = tokens(raw.get("candidatesTokenCount")), tokens(raw.get("thoughtsTokenCount"))
    image = _by_modality(raw.get("candidatesTokensDetails")).get("IMAGE")
    if image is None and pictures:
        return None, None  # how much of it was picture is not said, and a picture token costs twenty text tokens
    if said is not None and image is not None and said < image:
        return None, image
    return total(rest(said, image), thought), image
