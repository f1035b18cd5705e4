"""Odd usage: strings, negatives, absurd numbers and sums that do not add up are said, honest blocks are not."""

import pytest

from gallery import oddities

IMAGES = {
    "input_tokens": 1514,
    "input_tokens_details": {"text_tokens": 14, "image_tokens": 1500, "cached_tokens": 10},
    "output_tokens": 200,
    "output_tokens_details": {"image_tokens": 196, "text_tokens": 4},
    "total_tokens": 1714,
}
GEMINI = {
    "promptTokenCount": 14,
    "candidatesTokenCount": 1130,
    "thoughtsTokenCount": 20,
    "totalTokenCount": 1164,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 14}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
}


@pytest.mark.parametrize(
    "raw",
    [
        IMAGES,
        GEMINI,
        {"sum_of": [IMAGES, IMAGES]},
        {"input_tokens": 3, "output_tokens": 4},
        {"total_tokens": 9, "input_tokens": None},
        {"prompt": "5 tokens", "service_tier": "default"},
    ],
)
def test_an_honest_block_is_not_odd(raw):
    assert oddities.of(raw) == []


@pytest.mark.parametrize("raw", [None, {}, [], "12", 12])
def test_no_block_is_missing(raw):
    assert oddities.of(raw) == ["missing"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"output_tokens": "200"}, ["not_a_number"]),
        ({"output_tokens": 200.0}, ["not_a_number"]),
        ({"output_tokens": True}, ["not_a_number"]),
        ({"output_tokens": -200}, ["negative", "sum"]),
        ({"total_tokens": 2**31}, ["absurd", "sum"]),
        ({"total_tokens": 1}, ["sum"]),
        ({"input_tokens_details": {"text_tokens": 14, "image_tokens": "many"}}, ["not_a_number"]),
        ({"input_tokens_details": {"text_tokens": 15, "image_tokens": 1500}}, ["sum"]),
        ({"input_tokens_details": "none", "output_tokens_details": [None, 3]}, []),
    ],
)
def test_what_is_odd_in_a_block_of_images_is_said(change, expected):
    assert oddities.of(IMAGES | change) == expected
    assert oddities.of({"sum_of": [IMAGES, IMAGES | change]}) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"totalTokenCount": 1144}, ["sum"]),
        ({"promptTokensDetails": [{"modality": "TEXT", "tokenCount": -14}]}, ["negative", "sum"]),
        ({"promptTokensDetails": ["TEXT", None]}, []),
        ({"candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": "1120"}]}, ["not_a_number"]),
    ],
)
def test_what_is_odd_in_a_block_of_gemini_is_said(change, expected):
    assert oddities.of(GEMINI | change) == expected
