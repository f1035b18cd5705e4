import pytest

from gallery import wording


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0.04, "0.0 s"),
        (12.34, "12.3 s"),
        (99.9, "99.9 s"),
        (100, "1:40 min"),
        (599.6, "10:00 min"),
        (3599.4, "59:59 min"),
        (3600, "1:00 h"),
        (100_000, "27:46 h"),
    ],
)
def test_a_time_is_as_short_as_it_is_exact_enough(seconds, words):
    assert wording.took(seconds) == words
