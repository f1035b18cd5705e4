"""Compares the studio's books with the sandbox's own, call by call, and both with the files on the disk."""

import hashlib
import json
from collections import Counter, defaultdict

TOKENS = {
    "text_in": ("text_in", "cached_text_in"),
    "image_in": ("image_in", "cached_image_in"),
    "text_out": ("text_out",),
    "image_out": ("image_out",),
}
SPOILED = ("bad_base64", "not_a_picture", "too_many_pixels")  # the sandbox spoils one picture of such an answer
CALLS = """
    SELECT call.*, generation.prompt, (SELECT count(*) FROM gallery_image WHERE call_id = call.id) AS images
    FROM gallery_call call JOIN gallery_generation generation ON generation.id = call.generation_id
"""
GENERATIONS = """
    SELECT *, (SELECT count(*) FROM gallery_image WHERE generation_id = generation.id) AS images
    FROM gallery_generation generation
"""


def differences(ledger, studio):
    """Sentences, one for each thing that is not as it must be."""
    calls = studio.books.all(CALLS)
    return [
        *_compared(ledger, calls),
        *_tokens_in_all(ledger, calls),
        *_generations(studio.books.all(GENERATIONS)),
        *_files(studio.books.all("SELECT * FROM gallery_image"), studio.folder / "data"),
    ]


def _compared(ledger, calls):
    """Each request that the sandbox worked on belongs to one call of ours, and to no other."""
    by_request = {json.loads(call["headers"]).get("x-request-id"): call for call in calls}
    nameless = defaultdict(list)  # sent, and we never learned the name of the answer
    for call in calls:
        if call["sent_at"] and not json.loads(call["headers"]).get("x-request-id"):
            nameless[call["prompt"]].append(call)
    for entry in ledger["answered"]:
        if call := by_request.get(entry["request_id"]):
            yield from _answered(entry, call)
        elif waiting := nameless[entry["prompt"]]:
            yield from _unheard(entry, waiting.pop())
        else:
            yield f"{entry} was answered, and no call is left that it could belong to: asked twice"
    for entry in ledger["unanswered"]:
        if waiting := nameless[entry["prompt"]]:
            yield from _unheard(entry, waiting.pop())
        else:
            yield f"{entry} was begun, and no call is left that it could belong to: asked twice"
    known = {entry["request_id"] for name in ("answered", "refused") for entry in ledger[name]}
    for request, call in by_request.items():
        if request and request not in known:
            yield f"call {call['id']} has an answer {request} that the sandbox never gave"


def _answered(entry, call):
    if entry["usage"] is None:
        if call["cost_usd"] is not None or not call["may_have_been_billed"]:
            yield f"call {call['id']}: its answer hid the usage, but it does not say that it may have been billed"
    else:
        ours = {kind: _sum(call, names) for kind, names in TOKENS.items()}
        if {kind: number for kind, number in ours.items() if number} != {k: v for k, v in entry["usage"].items() if v}:
            yield f"call {call['id']}: tokens {ours}, the sandbox says {entry['usage']}"
    expected = entry["pictures"] - (call["error_code"] in SPOILED)
    if call["images"] != expected:
        yield f"call {call['id']} ({call['error_code']}): {call['images']} pictures kept of {expected}"


def _unheard(entry, call):
    """Worked on, and its answer never came to us whole."""
    if call["status"] != "interrupted" or not call["may_have_been_billed"]:
        yield f"call {call['id']} is {call['status']}, yet the sandbox worked on it: {entry}"


def _tokens_in_all(ledger, calls):
    heard = {json.loads(call["headers"]).get("x-request-id") for call in calls}
    told = Counter()
    for entry in ledger["answered"]:
        if entry["usage"] and entry["request_id"] in heard:
            told.update(entry["usage"])
    for kind, names in TOKENS.items():
        ours = sum(_sum(call, names) for call in calls)
        if ours != told[kind]:
            yield f"{kind}: {ours} tokens in the ledger, {told[kind]} in the sandbox's"


def _sum(call, names):
    return sum(call[name] or 0 for name in names)


def _generations(generations):
    for generation in generations:
        came, wanted, status = generation["images"], generation["wanted"], generation["status"]
        if status in ("queued", "running"):
            yield f"generation {generation['id']} is still {status}"
        elif (status == "succeeded") != (came >= wanted) or (status == "partial") != (0 < came < wanted):
            yield f"generation {generation['id']} is {status} with {came} of {wanted} pictures"
        elif status not in ("succeeded", "partial") and not generation["error_code"]:
            yield f"generation {generation['id']} is {status} and does not say why"


def _files(images, data):
    for image in images:
        digest = image["sha256"]
        path = data / "originals" / digest[:2] / f"{digest}.{image['format']}"
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield f"image {image['id']}: its file is missing or damaged"
        for preview in ("small.webp", "large.webp" if image["has_alpha"] else "large.jpeg"):
            if not (data / "previews" / digest[:2] / f"{digest}-{preview}").exists():
                yield f"image {image['id']}: its preview {preview} is missing"
    for folder in (data / "spool", data / "previews" / "partial"):
        if left := list(folder.glob("*")):
            yield f"{len(left)} files of calls are left, such as {left[0]}"
