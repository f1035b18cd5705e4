"""The OpenAI-compatible Images API: how its requests are written and its answers read."""

import re
from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path

import msgspec

from gallery.ofox import bodies
from gallery.ofox.errors import OfoxGarbled, classify
from gallery.ofox.messages import (
    Answer,
    Attachment,
    ImageRequest,
    Operation,
    Picture,
    Receipt,
    Usage,
    WireRequest,
    request_id,
    rest,
    share_of_cache,
    tokens,
)

GENERATE = "/v1/images/generations"
EDIT = "/v1/images/edits"
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}
REPORTED = ("size", "quality", "background", "output_format")
WHOLE_PICTURE = re.compile(rb'"b64_json"\s*:\s*"([^"]*)"')


def build(request: ImageRequest) -> WireRequest:
    fields = {"model": request.model, "prompt": request.prompt, **request.options}
    if request.operation is Operation.GENERATE:
        summary = {"path": GENERATE, "fields": fields}
        return WireRequest(url_path=GENERATE, auth="bearer", json=(msgspec.json.encode(fields),), summary=summary)
    files = _files(request)
    return WireRequest(
        url_path=EDIT,
        auth="bearer",
        data=tuple((name, _form_value(value)) for name, value in fields.items()),
        files=files,
        summary={"path": EDIT, "fields": fields, "files": [{"field": name, **file.summary()} for name, file in files]},
    )


def read(body: Path, receipt: Receipt) -> Answer:
    view = bodies.successful(body, receipt)
    if bodies.is_event_stream(view):
        return _read_stream(view, receipt)
    whole = bodies.parsed(view, receipt.status)
    told = bodies.without_pictures(whole)
    items = whole.get("data")
    answer = _answer(items if isinstance(items, list) else [], told, _usage(told.get("usage")), receipt)
    return _checked(answer, told, receipt, code="no_image" if isinstance(items, list) else "unexpected_shape")


def salvage(body: Path) -> tuple[Picture, ...]:
    """The pictures that arrived whole in a body that broke off, or that cannot be read."""
    view = bodies.mapped(body)
    if bodies.is_event_stream(view):
        return _pictures([event for event in bodies.events(view) if _is_completed(event)])
    whole = memoryview(view)
    spans = [match.span(1) for match in WHOLE_PICTURE.finditer(view)]
    return tuple(Picture(index=index, encoded=whole[slice(*span)]) for index, span in enumerate(spans))


def partials(body: Path, start: int) -> tuple[tuple[Picture, ...], int]:
    """Partial pictures in the events of a growing stream that came whole after byte `start`, and where to go on."""
    view = bodies.mapped(body)
    if not bodies.is_event_stream(view):
        return (), start
    ends = (view.rfind(b"\n\n", start), view.rfind(b"\r\n\r\n", start))
    if max(ends) < 0:
        return (), start
    found = [event for event in bodies.events(view[start : max(ends) + 2]) if _is_partial(event)]
    return _pictures(found), max(ends) + 2


def _files(request: ImageRequest) -> tuple[tuple[str, Attachment], ...]:
    field = "image" if len(request.images) == 1 else "image[]"
    images = [(field, _named(image, f"image-{number}")) for number, image in enumerate(request.images, start=1)]
    return (*images, ("mask", _named(request.mask, "mask"))) if request.mask else tuple(images)


def _named(attachment: Attachment, stem: str) -> Attachment:
    """People's file names stay at home: they may hold quotes, line ends, or something private."""
    return replace(attachment, name=f"{stem}.{EXTENSIONS.get(attachment.media_type, 'bin')}")


def _form_value(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_stream(view: bodies.Mapped, receipt: Receipt) -> Answer:
    events = list(bodies.events(view))
    completed = [event for event in events if _is_completed(event)]
    told = bodies.without_pictures(completed[-1] if completed else {})
    usage = reduce(add, [_usage(bodies.without_pictures(event.get("usage"))) for event in completed], Usage())
    failure = next((bodies.without_pictures(event) for event in events if event.get("error")), {})
    answer = _answer(completed, told, usage, receipt)
    answer = replace(answer, envelope=bodies.envelope({"events": bodies.without_pictures(events)}))
    return _checked(answer, failure, receipt, code="no_image" if events else "unexpected_shape")


def _is_partial(event: dict) -> bool:
    return str(event["type"]).endswith(".partial_image")


def _is_completed(event: dict) -> bool:
    return str(event["type"]).endswith(".completed")


def _answer(items: list, told: dict, usage: Usage, receipt: Receipt) -> Answer:
    model, upstream_id, created = told.get("model"), told.get("id"), told.get("created", told.get("created_at"))
    return Answer(
        pictures=_pictures(items, told.get("output_format")),
        usage=usage,
        model=model if isinstance(model, str) else None,
        upstream_id=upstream_id if isinstance(upstream_id, str) else request_id(receipt.headers),
        created=created if type(created) is int else None,
        reported={name: told[name] for name in REPORTED if isinstance(told.get(name), str)},
        envelope=bodies.envelope(told),
    )


def _checked(answer: Answer, told: dict, receipt: Receipt, *, code: str) -> Answer:
    if answer.pictures:
        return answer
    if told.get("error"):
        raise classify(receipt.status, receipt.headers, msgspec.json.encode(told))
    garbled = OfoxGarbled(code, status=receipt.status)
    garbled.answer = answer
    raise garbled


def _pictures(items: list, output_format: object = None) -> tuple[Picture, ...]:
    return tuple(
        Picture(index=index, encoded=item["b64_json"], media_type=_media_type(item.get("output_format", output_format)))
        for index, item in enumerate(items)
        if isinstance(item, dict) and isinstance(item.get("b64_json"), memoryview)
    )


def _media_type(output_format: object) -> str | None:
    return f"image/{output_format}" if output_format in ("png", "jpeg", "webp") else None


def _usage(raw: object) -> Usage:
    if not isinstance(raw, dict):
        return Usage()
    inputs, outputs = _details(raw, "input_tokens_details"), _details(raw, "output_tokens_details")
    text_in, image_in = tokens(inputs.get("text_tokens")), tokens(inputs.get("image_tokens"))
    cached_text, cached_image = _cached(inputs, text_in, image_in)
    text_out, image_out = tokens(outputs.get("text_tokens")), tokens(outputs.get("image_tokens"))
    if text_out is None and image_out is None:
        image_out = tokens(raw.get("output_tokens"))  # the page's own example: no details, and all of it is picture
    return Usage(
        text_in=rest(text_in, cached_text),
        cached_text_in=cached_text,
        image_in=rest(image_in, cached_image),
        cached_image_in=cached_image,
        text_out=text_out,
        image_out=image_out,
        raw=raw,
    )


def _details(raw: dict, name: str) -> dict:
    details = raw.get(name)
    return details if isinstance(details, dict) else {}


def _cached(inputs: dict, text_in: int | None, image_in: int | None) -> tuple[int | None, int | None]:
    split = _details(inputs, "cached_tokens_details")
    text, image = tokens(split.get("text_tokens")), tokens(split.get("image_tokens"))
    cached = tokens(inputs.get("cached_tokens"))
    if cached is None or text is not None or image is not None:
        return text, image
    return share_of_cache(cached, text_in, image_in)
