"""How many tokens an answer costs, by kind, and how each protocol spells it."""

import math
from dataclasses import dataclass

LATTICE = {"low": 16, "medium": 48, "high": 96}
PARTIAL_TOKENS = 100
GPT_INPUT_TOKENS = 1500
GEMINI_INPUT_TOKENS = 1120
GEMINI_OUTPUT_TOKENS = {"512": 747, "512px": 747, "1K": 1120, "2K": 1680, "4K": 2520}


@dataclass(frozen=True, slots=True)
class Tokens:
    text_in: int = 0
    image_in: int = 0
    text_out: int = 0
    image_out: int = 0

    def __add__(self, other):
        return Tokens(
            self.text_in + other.text_in,
            self.image_in + other.image_in,
            self.text_out + other.text_out,
            self.image_out + other.image_out,
        )


def input_tokens(wish):
    image = GEMINI_INPUT_TOKENS if wish.is_gemini else GPT_INPUT_TOKENS
    return Tokens(text_in=text_tokens(wish.prompt), image_in=image * len(wish.images))


def picture_tokens(wish):
    """One picture of the answer, without its partial states."""
    if wish.is_gemini:
        size_name = wish.asked_size if wish.protocol == "gemini" else "1K"
        return Tokens(image_out=GEMINI_OUTPUT_TOKENS[size_name])
    return Tokens(image_out=_gpt_tokens(*wish.size, wish.quality))


def text_tokens(text):
    """About four letters a token, and one token for every character of the wider scripts."""
    wide = sum(ord(character) > 0x2E80 for character in text)
    return max(1, wide + math.ceil((len(text) - wide) / 4))


def _gpt_tokens(width, height, quality):
    long = LATTICE.get(quality, LATTICE["medium"])
    short = round(long * min(width, height) / max(width, height))
    return math.ceil(long * short * (2_000_000 + width * height) / 4_000_000)


def as_images(tokens, wish):
    details = {"text_tokens": tokens.text_in}
    if wish.images:
        details["image_tokens"] = tokens.image_in
    usage = {"input_tokens": tokens.text_in + tokens.image_in, "input_tokens_details": details}
    if wish.images:
        usage["num_input_images"] = len(wish.images)
    return usage | {
        "output_tokens": tokens.image_out,
        "total_tokens": tokens.text_in + tokens.image_in + tokens.image_out,
    }


def as_gemini(tokens):
    prompt = tokens.text_in + tokens.image_in
    candidates = tokens.text_out + tokens.image_out
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "totalTokenCount": prompt + candidates,
        "promptTokensDetails": _details(TEXT=tokens.text_in, IMAGE=tokens.image_in),
        "candidatesTokensDetails": _details(TEXT=tokens.text_out, IMAGE=tokens.image_out),
    }


def _details(**counts):
    return [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]
