"""Puts drawn pictures and usage into the answer of either protocol."""

import time
import uuid
from dataclasses import dataclass

import msgspec

from gallery.sandbox import faults
from gallery.sandbox.usage import (
    PARTIAL_TOKENS,
    Tokens,
    as_gemini,
    as_images,
    input_tokens,
    picture_tokens,
    text_tokens,
)

MEDIA_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
GEMINI_WORDS = "Here is your picture."
JSON = "application/json"
EVENTS = "text/event-stream"


@dataclass(slots=True)
class Reply:
    chunks: list[bytes]
    content_type: str = JSON
    tokens: Tokens | None = None
    pictures: int = 0
    cut: int | None = None


def compose(wish, pictures, fault):
    if fault.name == "html":
        return Reply([b"<!doctype html><title>502</title><h1>Bad gateway</h1>"], "text/html; charset=utf-8")
    if fault.name == "empty":
        return Reply([b""])
    if fault.name == "no_image" and wish.protocol == "images":
        pictures = []
    if wish.stream:
        return _events(wish, pictures, fault)
    return _gemini(wish, pictures, fault) if wish.protocol == "gemini" else _images(wish, pictures, fault)


def refused_by_gemini(wish, fault):
    """Google refuses with a 200 that counts the prompt; `safety` blocks the prompt itself."""
    tokens = input_tokens(wish)
    answer = _gemini_frame(faults.spoiled_usage(fault, as_gemini(tokens)))
    if fault.name == "safety":
        answer["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
        return Reply([msgspec.json.encode(answer)], tokens=tokens)
    candidate = {"index": 0, "finishReason": _finish_reason(fault)}
    if fault.name == "text_only":
        words = "I would rather describe it: a quiet room, a table, and nothing on it."
        tokens += Tokens(text_out=text_tokens(words))
        answer["usageMetadata"] = as_gemini(tokens)
        candidate["content"] = {"role": "model", "parts": [{"text": words}]}
    else:
        candidate["finishMessage"] = "Unable to show the generated image."
    answer["candidates"] = [candidate]
    return Reply([msgspec.json.encode(answer)], tokens=tokens)


def _finish_reason(fault):
    reasons = {"no_image": "NO_IMAGE", "text_only": "STOP", "finish": fault.reason}
    return reasons.get(fault.name, "IMAGE_SAFETY")


def _images(wish, pictures, fault):
    tokens = sum([picture_tokens(wish)] * len(pictures), input_tokens(wish))
    answer = {
        "created": int(time.time()),
        "data": [{"b64_json": _raw(picture.whole), "index": index} for index, picture in enumerate(pictures)],
        "model": wish.model,
        **_told_back(wish),
    }
    usage = faults.spoiled_usage(fault, as_images(tokens, wish))
    body = msgspec.json.encode(answer | ({"usage": usage} if usage else {}))
    return Reply(
        [body],
        tokens=None if faults.hides_usage(fault) else tokens,
        pictures=len(pictures),
        cut=faults.cut_at(fault, body, rb'"b64_json"'),
    )


def _gemini(wish, pictures, fault):
    tokens = input_tokens(wish) + picture_tokens(wish) + Tokens(text_out=text_tokens(GEMINI_WORDS))
    inline = {"mimeType": MEDIA_TYPES[wish.output_format], "data": _raw(pictures[0].whole)}
    answer = _gemini_frame(faults.spoiled_usage(fault, as_gemini(tokens)))
    parts = [{"text": GEMINI_WORDS}, {"inlineData": inline}]
    answer["candidates"] = [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": parts}}]
    body = msgspec.json.encode(answer)
    return Reply(
        [body],
        tokens=None if faults.hides_usage(fault) else tokens,
        pictures=1,
        cut=faults.cut_at(fault, body, rb'"inlineData"'),
    )


def _gemini_frame(usage):
    frame = {"modelVersion": "gemini-3.1-flash-image-preview", "responseId": uuid.uuid4().hex[:22]}
    return frame | ({"usageMetadata": usage} if usage else {})


def _events(wish, pictures, fault):
    """One completed event for each picture; the first carries the input's tokens, so that the sum is the call's."""
    kind = "image_edit" if wish.operation == "edit" else "image_generation"
    chunks, total = [], Tokens()
    for index, picture in enumerate(pictures):
        for number, partial in enumerate(picture.partials):
            chunks.append(_event(wish, f"{kind}.partial_image", partial, {"partial_image_index": number}))
        tokens = picture_tokens(wish) + Tokens(image_out=PARTIAL_TOKENS * len(picture.partials))
        tokens += input_tokens(wish) if index == 0 else Tokens()
        total += tokens
        usage = faults.spoiled_usage(fault, as_images(tokens, wish))
        chunks.append(_event(wish, f"{kind}.completed", picture.whole, {"usage": usage} if usage else {}))
    return Reply(
        chunks,
        EVENTS,
        tokens=None if faults.hides_usage(fault) else total,
        pictures=len(pictures),
        cut=faults.cut_at(fault, b"".join(chunks), rb"event: \w+\.completed"),
    )


def _event(wish, name, encoded, more):
    data = {"type": name, "b64_json": _raw(encoded), "created_at": int(time.time()), **_told_back(wish), **more}
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


def _told_back(wish):
    """Gemini ignores these options and does not speak of them."""
    if wish.is_gemini:
        return {}
    return {
        "size": wish.asked_size,
        "quality": wish.quality,
        "output_format": wish.output_format,
        "background": "transparent" if wish.transparent else "opaque",
    }


def _raw(encoded):
    return msgspec.Raw(b'"' + encoded + b'"')
