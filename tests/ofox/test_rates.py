"""What the headers of an answer say about the limit."""

import pytest

from gallery.ofox import rates

TOLD = {
    "x-ratelimit-limit-requests": "200",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "12s",
}


def test_limit_remaining_and_reset_are_read():
    assert rates.read(TOLD) == rates.Rate(limit=200, remaining=0, reset=12)


def test_what_is_not_told_is_unknown():
    assert rates.read({}) == rates.Rate(limit=None, remaining=None, reset=None)


@pytest.mark.parametrize("nonsense", ["", "many", "-1", "1.5", "٣", "9" * 30])
def test_a_number_that_is_none_is_unknown(nonsense):
    told = rates.read(dict.fromkeys(TOLD, nonsense))
    assert (told.limit, told.remaining) == (None, None)


def test_a_limit_of_nothing_is_no_limit():
    assert rates.read(TOLD | {"x-ratelimit-limit-requests": "0"}).limit is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("12s", 12), ("1m3s", 63), ("500ms", 0.5), ("1.5s", 1.5), ("2h", 7200), ("7", 7), ("soon", None), ("", None)],
)
def test_durations_have_units(value, seconds):
    assert rates.duration(value) == seconds
