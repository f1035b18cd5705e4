"""Bars stacked by day: the geometry of a chart, as numbers for an SVG that needs no script."""

import math
from dataclasses import dataclass

HEIGHT = 100  # units; a day is one unit wide and the drawing is stretched to its frame
GAP = 0.08  # of a day, at either side of a bar
HAIRLINE = 0.3  # units: what is there at all can be seen


@dataclass(frozen=True, slots=True)
class Bar:
    """What lies over the parts of one day: the way to its calls, and all its amounts in words."""

    x: float
    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    paths: tuple[tuple[int, str], ...]  # number of its colour, all parts of a name as one path
    width: int
    ticks: tuple[str, ...]  # from the top down, at equal distances
    marks: tuple  # days beneath, at equal distances
    names: tuple[tuple[int, str], ...]

    @property
    def grid(self):
        """Heights of the lines behind the bars."""
        return [HEIGHT * number / (len(self.ticks) - 1) for number in range(len(self.ticks))]


def stacked(days, series, *, say, say_day, url):
    """Bars of each day from (name, {day: amount}); `say` puts amounts in words, `url` leads from a day to its calls."""
    highest = max((sum(values.get(day, 0) for _name, values in series) for day in days), default=0)
    top = ceiling(highest)
    below = dict.fromkeys(days, 0.0)
    paths = tuple((number, _path(days, values, top, below)) for number, (_name, values) in enumerate(series, 1))
    return Chart(
        bars=tuple(
            Bar(place, url(day), _title(day, series, say, say_day)) for place, day in enumerate(days) if below[day]
        ),
        paths=tuple((number, path) for number, path in paths if path),
        width=len(days),
        ticks=tuple(say(top * part / 4) for part in (4, 3, 2, 1, 0)),
        marks=tuple(marks(days)),
        names=tuple((number, series[number - 1][0]) for number, path in paths if path),
    )


def _path(days, values, top, below):
    """The parts of one name, each upon what is `below` it already."""
    parts = []
    for place, day in enumerate(days):
        if amount := values.get(day, 0):
            height = max(HEIGHT * amount / top, HAIRLINE)
            y, wide = HEIGHT - below[day], 1 - 2 * GAP
            parts.append(f"M{place + GAP:g} {y:g}h{wide:g}v{-height:.4g}h{-wide:g}z")
            below[day] += height
    return "".join(parts)


def _title(day, series, say, say_day):
    amounts = [(name, values.get(day, 0)) for name, values in series]
    lines = [f"{name}: {say(amount)}" for name, amount in amounts if amount]
    return "\n".join([f"{say_day(day)}: {say(sum(amount for _name, amount in amounts))}", *lines])


def ceiling(amount):
    """The next round number, so that a quarter of it is one too; 1 for nothing."""
    if amount <= 0:
        return 1
    step = 10 ** math.floor(math.log10(amount))
    return next(nice * step for nice in (1, 2, 4, 6, 8, 10) if nice * step >= float(amount))


def marks(days, most=5):
    """A few days at equal distances, the first and the last among them."""
    if len(days) <= most:
        return list(days)
    return [days[round(number * (len(days) - 1) / (most - 1))] for number in range(most)]
