"""Charts: round numbers at the axis, parts upon one another, and nothing that is there drawn as nothing."""

import pytest

from gallery import charts

DAYS = ["mon", "tue"]


def drawn(*series):
    return charts.stacked(DAYS, series, say=str, say_day=str.title, url=lambda day: f"/{day}/")


@pytest.mark.parametrize(("amount", "top"), [(0, 1), (1, 1), (3, 4), (41, 60), (1_000_001, 2_000_000), (0.03, 0.04)])
def test_the_axis_ends_at_the_next_round_number(amount, top):
    assert charts.ceiling(amount) == pytest.approx(top)


def test_parts_stand_upon_one_another():
    chart = drawn(("a", {"mon": 10}), ("b", {"mon": 30}))
    assert [path for _number, path in chart.paths] == ["M0.08 100h0.84v-25h-0.84z", "M0.08 75h0.84v-75h-0.84z"]


def test_a_day_without_anything_has_no_bar_and_a_little_is_seen():
    chart = drawn(("a", {"tue": 1_000_000}), ("b", {"tue": 1}))
    assert [(bar.x, bar.url) for bar in chart.bars] == [(1, "/tue/")]
    assert chart.bars[0].title == "Tue: 1000001\na: 1000000\nb: 1"
    assert chart.paths[1][1].endswith(f"v-{charts.HAIRLINE}h-0.84z")


def test_what_never_occurs_is_not_named():
    assert drawn(("a", {}), ("b", {"mon": 1})).names == ((2, "b"),)
