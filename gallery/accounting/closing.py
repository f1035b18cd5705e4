"""Months held against the gateway's bill: what the ledger says now, and what it said when the month was closed."""

from dataclasses import dataclass

from gallery import periods
from gallery.models import MonthClose
from gallery.models.aggregates import MEASURES, dollars_of
from gallery.periods import Period

from . import exports, spending

CUTS = tuple(spending.COLUMNS)
COUNTS = MEASURES[: MEASURES.index("cost_micros")]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A month as the ledger has it now, beside how it was closed."""

    period: Period
    now: spending.Sums
    close: MonthClose | None

    @property
    def key(self):
        return f"{self.period.start:%Y-%m}"

    @property
    def can_be_closed(self):
        """A month that is over, by the studio's calendar, and not closed yet."""
        return self.close is None and self.period.last < periods.today()

    @property
    def closed_sums(self):
        return self.close and _sums_of([self.close.snapshot["total"]])

    def closed_sums_of(self, project):
        """A project's part of the month as it was closed; None where it was not."""
        return self.close and _sums_of([one for one in self.close.snapshot["project"] if one["key"] == project.pk])

    @property
    def shown(self):
        """The month as it was closed, else as it is."""
        return self.closed_sums or self.now

    @property
    def difference_usd(self):
        """What was billed beyond what the ledger knew when the month was closed."""
        return self.close and self.close.billed_usd - dollars_of(self.closed_sums.cost_micros)

    @property
    def late(self):
        """What came after the close: late answers, which the snapshot does not have. None where nothing did."""
        if self.close is None:
            return None
        changes = {name: getattr(self.now, name) - getattr(self.closed_sums, name) for name in MEASURES}
        return _sums_of([changes]) if any(changes.values()) else None

    @property
    def late_usd(self):
        return self.late and dollars_of(self.late.cost_micros)


def _sums_of(lines):
    return spending.Sums([[line.get(name, 0) for name in MEASURES] for line in lines])


def months():
    """Every month with usage or a close, the newest first."""
    closes = {row.month: row for row in MonthClose.objects.select_related("closed_by")}
    used = {period.start for period in spending.months_with_usage()}
    return [_standing(first, closes.get(first)) for first in sorted(used | closes.keys(), reverse=True)]


def standing(period):
    return _standing(period.start, MonthClose.objects.filter(month=period.start).first())


def _standing(first, close):
    period = periods.month_of(first)
    return Standing(period=period, now=spending.total_between(spending.Books(), period), close=close)


def snapshot(period):
    """The month by model, project, person and kind, and together, as numbers that JSON keeps exactly."""
    month = spending.Spending(spending.Books(), period)
    lines = {}
    for name in CUTS:
        found = month.by(name)
        words = spending.labels(name, [key for key, _sums in found])
        lines[name] = [{"key": key, "label": str(words[key]), **vars(sums)} for key, sums in found]
    return {"total": vars(month.total), **lines}


def sheet(close):
    """Rows of a closed month for a spreadsheet; dollars in six places."""
    yield ["cut", "name", *COUNTS, "cost_usd", "unknown_calls", "possible_usd"]
    for name in CUTS:
        for line in close.snapshot[name]:
            yield [name, exports.harmless(line["label"]), *_numbers(line)]
    yield ["total", f"{close.month:%Y-%m}", *_numbers(close.snapshot["total"])]
    yield ["billed", "", *[""] * len(COUNTS), f"{close.billed_usd:.6f}", "", ""]


def _numbers(line):
    cost, possible = (dollars_of(line[name]) for name in ("cost_micros", "possible_micros"))
    return [*(line[name] for name in COUNTS), cost, line["unknown"], possible]
