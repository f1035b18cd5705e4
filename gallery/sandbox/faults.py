"""Every way the sandbox can be told to fail, by a queue for tests or by words in the prompt for people.

In a prompt: `[[fault: NAME key=value ...]]`, for example `a fox [[fault: 429 retry_after=5 times=2]]`.
    400 401 403 404 429 500 502 503 504   that status; 429 and 503 take retry_after
    safety stream_refused                 a refusal
    no_image text_only finish             an answer without a picture; finish takes reason=SPII
    html empty                            a 200 that is no answer
    cut_body cut_between                  the connection closes amid the answer, or after two whole pictures
    bad_base64 not_a_picture bomb         spoils the last k pictures
    wrong_size no_usage odd_usage         an answer that differs from what was asked, or from the page
    slow hang drop                        after seconds; never; closed at once
    ok                                    nothing wrong: a place in the queue that lets a call pass
`times` is how many calls it meets: 1 by default in the queue, always by default in a prompt.
"""

import base64
import re
import struct
import zlib
from collections import Counter, deque
from dataclasses import dataclass, fields, replace

from gallery.sandbox.png import png_chunk
from gallery.sandbox.refusal import ERROR_TYPES, Refusal, unsafe

STATUSES = {"400", "401", "403", "404", "429", "500", "502", "503", "504"}
NAMES = STATUSES | {
    *("safety", "stream_refused", "no_image", "text_only", "finish", "html", "empty", "cut_body", "cut_between"),
    *("bad_base64", "not_a_picture", "bomb", "wrong_size", "no_usage", "odd_usage", "slow", "hang", "drop", "ok"),
}
DIRECTIVE = re.compile(r"\[\[\s*fault:\s*(\w+)((?:\s+\w+=[^\s\]]+)*)\s*\]\]")


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    times: int | None = None
    seconds: float = 0
    retry_after: float | None = None
    k: int = 1
    reason: str = "SPII"

    def __post_init__(self):
        if self.name not in NAMES:
            raise Refusal(f"No fault is named {self.name!r:.60}; there are: {', '.join(sorted(NAMES))}.")


NO_FAULT = Fault("ok")


class Faults:
    def __init__(self):
        self.queue = deque()
        self.met = Counter()

    def add(self, entries):
        for fault in [from_words(entry) for entry in entries]:
            self.queue.extend([fault] * (fault.times or 1))

    def take(self, prompt):
        """The fault for this call: the queue's next one, else the prompt's own."""
        if self.queue:
            return self.queue.popleft()
        fault = in_prompt(prompt)
        self.met[prompt] += 1
        if fault.times is not None and self.met[prompt] > fault.times:
            return NO_FAULT
        return fault


def in_prompt(prompt):
    found = DIRECTIVE.search(prompt)
    if not found:
        return NO_FAULT
    return from_words({"name": found[1]} | dict(word.split("=", 1) for word in found[2].split()))


def from_words(words):
    if isinstance(words, str):
        words = {"name": words}
    kinds = {"times": int, "seconds": float, "retry_after": float, "k": int}
    known = {field.name for field in fields(Fault)}
    if not isinstance(words, dict) or not known.issuperset(words) or "name" not in words:
        raise Refusal(f"A fault is a name, or an object of {', '.join(sorted(known))}.")
    try:
        return Fault(**{key: kinds.get(key, str)(value) for key, value in words.items()})
    except (TypeError, ValueError):
        raise Refusal("A fault's times, seconds, retry_after and k are numbers.") from None


def without_directive(prompt):
    return DIRECTIVE.sub("", prompt).strip()


def refusal(fault, protocol):
    """The refusal this fault stands for, or None."""
    if fault.name in STATUSES:
        status = int(fault.name)
        code = "model_not_found" if status == 404 else None
        message = f"The sandbox was told to answer {status} ({ERROR_TYPES[status]})."
        return Refusal(message, status=status, code=code, retry_after=fault.retry_after)
    if fault.name == "stream_refused":
        return Refusal("Streaming is not supported for this model.", code="unsupported_parameter", param="stream")
    return unsafe() if fault.name == "safety" and protocol == "images" else None


def drawn_instead(fault, wish):
    """The wish as it is really drawn, which is not always as asked."""
    if fault.name != "wrong_size":
        return wish
    other = "png" if wish.output_format == "jpeg" else "jpeg"
    return replace(wish, size=(640, 448), output_format=other, transparent=False)


def spoiled(fault, pictures):
    """The encoded pictures, the last k of them spoiled."""
    spoil = {"not_a_picture": _prose, "bomb": _bomb, "bad_base64": _broken_base64}.get(fault.name)
    if spoil is None:
        return pictures
    good = max(0, len(pictures) - fault.k)
    return pictures[:good] + [replace(picture, whole=spoil(picture.whole)) for picture in pictures[good:]]


def spoiled_usage(fault, usage):
    """None for an answer that says nothing; nonsense in every field for an odd one."""
    if fault.name == "no_usage":
        return None
    if fault.name == "odd_usage":
        nonsense = ("12", -3, 4.5, None, [1], 7)
        return dict(zip(usage, nonsense, strict=False))
    return usage


def hides_usage(fault):
    return fault.name in ("no_usage", "odd_usage", "html", "empty")


def cut_at(fault, body, marker):
    """After how many bytes the connection closes, or None."""
    if fault.name == "cut_body":
        return len(body) * 2 // 3
    if fault.name != "cut_between":
        return None
    starts = [found.start() for found in re.finditer(marker, body)]
    return starts[2] + 200 if len(starts) > 2 else len(body) * 2 // 3


def _prose(_encoded):
    return base64.b64encode(b"This is a sentence and not a picture.\n" * 40)


def _broken_base64(encoded):
    return encoded[: len(encoded) // 2] + b"!not base64!" + encoded[len(encoded) // 2 :]


def _bomb(_encoded):
    """A PNG of a few bytes whose header declares 40,000 x 40,000 pixels."""
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks))
