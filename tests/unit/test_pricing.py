from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery.pricing import (
    FIRST_PRICES,
    KINDS,
    ExpectedTokens,
    PricesPerMillion,
    cost,
    estimate_cost,
    estimate_tokens,
    text_tokens,
)

GPT = FIRST_PRICES["openai/gpt-image-2"]
GEMINI = FIRST_PRICES["google/gemini-3.1-flash-image-preview"]
ALL_ONE_DOLLAR = PricesPerMillion(**dict.fromkeys(KINDS, Decimal(1)))

counts = st.integers(min_value=0, max_value=10**9)
usages = st.builds(ExpectedTokens, **dict.fromkeys(KINDS, counts))
dollars = st.decimals(min_value=0, max_value=1000, places=4)
price_rows = st.builds(PricesPerMillion, **dict.fromkeys(KINDS, dollars))


def test_the_answers_of_the_documentation_cost_what_the_price_page_says():
    generated = ExpectedTokens(text_in=14, image_out=208)
    edited = ExpectedTokens(text_in=17, image_in=1024, image_out=358)
    assert cost(GPT, generated) == Decimal("0.006310")
    assert cost(GPT, edited) == Decimal("0.019017")


def test_every_kind_is_counted_at_its_own_price():
    million_each = ExpectedTokens(**dict.fromkeys(KINDS, 1_000_000))
    assert cost(GEMINI, million_each) == Decimal("0.50") + Decimal("0.05") * 2 + Decimal("0.50") + 3 + 60


def test_half_of_the_sixth_place_is_rounded_up():
    prices = replace(ALL_ONE_DOLLAR, text_in=Decimal("0.5"))
    assert cost(prices, ExpectedTokens(text_in=1, image_out=0)) == Decimal("0.000001")


def test_no_reported_kind_is_unknown_and_never_free():
    assert cost(GPT, ExpectedTokens()) is None


@pytest.mark.parametrize("half", [{"text_in": 14}, {"image_out": 208}])
def test_a_bill_with_an_unreported_side_is_unknown(half):
    assert cost(GPT, ExpectedTokens(**half)) is None


def test_a_kind_that_was_used_and_has_no_price_makes_the_cost_unknown():
    assert cost(GPT, ExpectedTokens(text_in=14, image_out=208, text_out=1)) is None
    assert cost(GPT, ExpectedTokens(text_in=14, image_out=208, text_out=0)) == Decimal("0.006310")


def test_reported_zeros_cost_nothing():
    assert cost(GPT, ExpectedTokens(text_in=0, image_out=0)) == 0


@given(price_rows, usages)
def test_cost_is_never_negative_and_has_six_places(prices, usage):
    bill = cost(prices, usage)
    assert bill >= 0
    assert bill.as_tuple().exponent == -6


@given(price_rows, usages, usages)
def test_two_bills_together_are_the_bill_of_both_but_for_rounding(prices, one, other):
    both = ExpectedTokens(**{kind: getattr(one, kind) + getattr(other, kind) for kind in KINDS})
    assert abs(cost(prices, both) - cost(prices, one) - cost(prices, other)) <= Decimal("0.000002")


def picture_tokens(estimator="gpt-image-2", **options):
    return estimate_tokens(estimator, options).image_out


def test_a_square_picture_takes_the_published_tokens_at_each_quality():
    square = [picture_tokens(quality=quality, size="1024x1024") for quality in ("low", "medium", "high")]
    assert square == [196, 1756, 7024]


def test_what_is_left_to_the_model_is_estimated_at_its_bound():
    listed = ["1024x1024", "1536x1024", "1024x1536", "256x256", "512x512", "1792x1024", "1024x1792"]
    assert picture_tokens(quality="auto", size="auto") == picture_tokens() == 7024
    assert max(picture_tokens(size=size) for size in listed) == picture_tokens(size="auto")


def test_a_size_that_is_none_still_has_an_estimate():
    assert picture_tokens(size="0x0") == 0
    assert picture_tokens(size="wide") == picture_tokens()


def test_portrait_and_landscape_cost_the_same():
    assert picture_tokens(quality="medium", size="1536x1024") == picture_tokens(quality="medium", size="1024x1536")


def test_previews_count_only_in_a_stream():
    assert picture_tokens(stream=True, partial_images=3) == picture_tokens() + 300
    assert picture_tokens(stream=False, partial_images=3) == picture_tokens()


def test_gemini_pictures_are_estimated_by_their_resolution():
    sizes = [picture_tokens("gemini", image_size=size) for size in ("512", "1K", "2K", "4K")]
    assert sizes == [747, 1120, 1680, 2520]
    assert picture_tokens("gemini", size="1792x1024") == 1120


def test_inputs_are_paid_with_every_call_and_pictures_once():
    one_call = estimate_tokens("gpt-image-2", {"quality": "low"}, prompt="a fox", images=2, calls=(4,))
    four_calls = estimate_tokens("gemini", {}, prompt="a fox", images=2, calls=(1, 1, 1, 1))
    assert (one_call.text_in, one_call.image_in, one_call.image_out) == (2, 3000, 4 * 196)
    assert (four_calls.text_in, four_calls.image_in, four_calls.image_out) == (8, 4 * 2240, 4 * 1120)


def test_a_model_without_an_estimator_has_no_estimate():
    assert estimate_tokens("", {}) is None
    assert estimate_cost(GPT, "", {}) is None


def test_an_estimate_is_costed_like_a_bill():
    assert estimate_cost(GPT, "gpt-image-2", {"quality": "low"}, prompt="fox!", calls=(2,)) == Decimal("0.011765")
    assert estimate_cost(replace(GPT, image_out=None), "gpt-image-2", {}) is None


def test_wide_letters_count_a_token_each_and_others_a_quarter():
    assert text_tokens("a red apple!") == 3
    assert text_tokens("把苹果改成绿色") == 7
    assert text_tokens("把苹果 green") == 3 + 2
    assert text_tokens("") == 0
