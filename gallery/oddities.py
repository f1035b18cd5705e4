"""What is odd in a usage block as a gateway reported it: nothing is corrected, it is only said."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

MOST_TOKENS = 2**31  # no honest answer comes near it


class Oddity(StrEnum):
    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    NEGATIVE = "negative"
    ABSURD = "absurd"
    SUM = "sum"


def of(raw: object) -> list[str]:
    """Codes of what is odd, sorted. A stream of several pictures has a block for each."""
    if not isinstance(raw, Mapping) or not raw:
        return [Oddity.MISSING]
    found: set[str] = set()
    for block in raw.get("sum_of", [raw]):
        found.update(oddity for value in _counts(block) if (oddity := _of_count(value)))
        if any(_differs(whole, parts) for whole, parts in (*_images_sums(block), *_gemini_sums(block))):
            found.add(Oddity.SUM)
    return sorted(found)


def _counts(block: object) -> Iterator[object]:
    """Every value that ought to be a number of tokens, at any depth."""
    if isinstance(block, list):
        for part in block:
            yield from _counts(part)
    elif isinstance(block, Mapping):
        for name, value in block.items():
            if isinstance(value, Mapping | list):
                yield from _counts(value)
            elif str(name).lower().endswith(("tokens", "tokencount")) and value is not None:
                yield value


def _of_count(value: object) -> Oddity | None:
    if type(value) is not int:
        return Oddity.NOT_A_NUMBER
    if value < 0:
        return Oddity.NEGATIVE
    return Oddity.ABSURD if value >= MOST_TOKENS else None


def _images_sums(block: Mapping) -> Iterator[tuple[object, list]]:
    """(whole, its parts) by the Images API; cached tokens are a share of the input, not a part beside it."""
    yield block.get("total_tokens"), [block.get("input_tokens"), block.get("output_tokens")]
    for side in ("input_tokens", "output_tokens"):
        details = block.get(f"{side}_details")
        if isinstance(details, Mapping):
            yield block.get(side), [details[name] for name in ("text_tokens", "image_tokens") if name in details]


def _gemini_sums(block: Mapping) -> Iterator[tuple[object, list]]:
    """By generateContent; what the candidates' details leave out is text, so those need not add up."""
    optional = [block[name] for name in ("thoughtsTokenCount", "toolUsePromptTokenCount") if name in block]
    yield block.get("totalTokenCount"), [block.get("promptTokenCount"), block.get("candidatesTokenCount"), *optional]
    details = block.get("promptTokensDetails")
    if isinstance(details, list):
        counts = [part.get("tokenCount") for part in details if isinstance(part, Mapping)]
        yield block.get("promptTokenCount"), counts


def _differs(whole: object, parts: list) -> bool:
    """Only where all of it is told: what is missing is unknown, not odd."""
    if not parts or any(type(value) is not int for value in (whole, *parts)):
        return False
    return whole != sum(parts)
