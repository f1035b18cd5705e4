"""Reads of the days and months of usage: what calls came to, cut by model, project, person, key, kind and day."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from statistics import median, quantiles
from types import SimpleNamespace

from django.contrib.auth import get_user_model
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from gallery import periods
from gallery.models import ApiKey, Call, Generation, ModelEntry, Price, Project, UsageDay, UsageMonth
from gallery.models.aggregates import MEASURES, dollars_of
from gallery.periods import DAY, Period
from gallery.pricing import IN_KINDS, KINDS, OUT_KINDS

# The ways to cut, as addresses name them, and their columns.
COLUMNS = {"model": "model", "project": "project_id", "person": "user_id", "key": "key_id", "kind": "operation"}
BESIDE = {"kind": ["model"]}  # rows are grouped by that too, as the unique index is: SQLite has nothing to sort then
FEW = 20  # parts; the whole of so few is added up from them, and not read once more
NO_KEY = 0  # what a person asked for in the browser
STEP_MEASURES = ("calls", "pictures", *KINDS, "cost_micros", "unknown")  # shown by day
SHOWN_APART = 7  # the rest of a chart's stack is "others"; more colours could not be told apart
MOST_BARS = 120
LATENCY_OF = 1000  # the newest calls of a period that answer times are taken from
MICROSECONDS = 1_000_000


class Sums(SimpleNamespace):
    """The measures of some days, added up; `rows` have them in their order."""

    def __init__(self, rows, measures=MEASURES):
        columns = zip([0] * len(measures), *rows, strict=True)  # in C, as a page adds up 150,000 numbers
        super().__init__(**dict(zip(measures, map(sum, columns), strict=True)))

    @property
    def cost_usd(self):
        """Known dollars; None where something was used and nothing is known."""
        return None if self.unknown and not self.cost_micros else dollars_of(self.cost_micros)

    @property
    def possible_usd(self):
        return dollars_of(self.possible_micros)

    @property
    def fruitless_usd(self):
        return dollars_of(self.fruitless_micros)

    @property
    def usd_per_picture(self):
        return dollars_of(Decimal(self.cost_micros) / self.pictures) if self.pictures and self.cost_micros else None

    @property
    def tokens_in(self):
        return sum(getattr(self, kind) for kind in IN_KINDS)

    @property
    def tokens_out(self):
        return sum(getattr(self, kind) for kind in OUT_KINDS)

    @property
    def tokens(self):
        return self.tokens_in + self.tokens_out

    @property
    def errors(self):
        return self.failed + self.interrupted

    @property
    def error_percent(self):
        return 100 * self.errors / self.calls if self.calls else None

    @property
    def refused_percent(self):
        return 100 * self.refused / self.calls if self.calls else None

    @property
    def seconds(self):
        """Of the mean answer."""
        return self.microseconds / self.answered / MICROSECONDS if self.answered else None


@dataclass(frozen=True)
class Books:
    """Some calls' days of usage, and their months, which are fewer."""

    days: QuerySet = field(default_factory=lambda: UsageDay.objects.order_by())
    months: QuerySet = field(default_factory=lambda: UsageMonth.objects.order_by())

    def filter(self, *conditions, **values):
        return Books(self.days.filter(*conditions, **values), self.months.filter(*conditions, **values))

    def visible_to(self, user):
        return Books(self.days.visible_to(user), self.months.visible_to(user))

    def days_within(self, period):
        return [self.days.within(period.with_days_to_come)]

    def within(self, period):
        """All of a period, in few rows: the months that lie in it whole, and the days at its ends."""
        period = period.with_days_to_come
        head = period.start if period.start.day == 1 else periods.month_of(period.start).end
        tail = period.end.replace(day=1)
        if head >= tail:
            return self.days_within(period)
        ends = [Period(period.start, head), Period(tail, period.end)]
        return [self.months.within(Period(head, tail)), *(self.days.within(end) for end in ends if end.days)]


class Spending:
    """The usage of a period, read once and cut in every way. `books` say whose."""

    def __init__(self, books, period):
        self.period = period
        self.cuts = {}
        self.parts = books.within(period)
        self.cells = [cell for part in self.parts for cell in part.sums(*COLUMNS.values())]
        self.total = Sums(sums for _keys, sums in self.cells)
        if not self.is_monthly:
            self.parts = books.days_within(period)

    def by(self, name):
        """(key, sums) of each model, project, person, API key or kind, the dearest first."""
        if name not in self.cuts:
            place, groups = list(COLUMNS).index(name), defaultdict(list)
            for keys, sums in self.cells:
                groups[keys[place]].append(sums)
            lines = [(key, Sums(rows)) for key, rows in groups.items()]
            self.cuts[name] = sorted(lines, key=lambda line: (-line[1].cost_micros, -line[1].calls, str(line[0])))
        return self.cuts[name]

    @cached_property
    def is_monthly(self):
        """Long periods are shown by month: so many days would be thinner than a line."""
        return len(self.period.days) > MOST_BARS

    def step_of(self, day):
        """The day that a day is shown under."""
        return day.replace(day=1) if self.is_monthly else day

    def stretch_of(self, step):
        """The days that are shown under one."""
        if not self.is_monthly:
            return Period(step, step + DAY)
        month = periods.month_of(step)
        return Period(max(month.start, self.period.start), min(month.end, self.period.end))

    def by_step(self, name):
        """(day or month -> sums, for those in which something was sent; the same of each of the dearest few by key)."""
        column, keys = COLUMNS[name], [key for key, _sums in self.by(name)]
        apart = {key: defaultdict(list) for key in keys[:SHOWN_APART]}
        few = len(keys) <= FEW
        whole = defaultdict(list)
        for part in self.parts:
            time = part.model.TIME
            wanted = {f"{column}__in": keys if few else list(apart)}
            rows = part.filter(**wanted).sums(time, column, *BESIDE.get(name, []), measures=STEP_MEASURES)
            for (day, key, *_beside), sums in rows:
                if key in apart:
                    apart[key][self.step_of(day)].append(sums)
                if few:
                    whole[self.step_of(day)].append(sums)
            if not few:
                for (day,), sums in part.sums(time, measures=STEP_MEASURES):
                    whole[self.step_of(day)].append(sums)
        return _sums_of(whole), {key: _sums_of(rows_of) for key, rows_of in apart.items()}


def _sums_of(rows_of):
    return {step: Sums(rows, STEP_MEASURES) for step, rows in sorted(rows_of.items())}


def labels(name, keys):
    """Key -> the word people know it by."""
    if name == "model":
        known = ModelEntry.objects.labels()
    elif name == "project":
        known = dict(Project.objects.filter(pk__in=keys).values_list("pk", "name"))
    elif name == "person":
        people = get_user_model().objects.filter(pk__in=keys)
        known = {person.pk: person.get_full_name() or person.username for person in people}
    elif name == "key":
        known = {NO_KEY: _("without a key")} | {key.pk: str(key) for key in ApiKey.objects.filter(pk__in=keys)}
    else:
        known = dict(Generation.Kind.choices)
    return {key: known.get(key, key) for key in keys}


def token_stack(by_step):
    """(kind, {day: number}) of tokens, from the sums of days."""
    return [(kind, {step: getattr(sums, kind) for step, sums in by_step.items()}) for kind in KINDS]


def total_between(books, period, measures=MEASURES):
    """Of all measures, or of those that are wanted."""
    found = [part.aggregate(**{name: Sum(name) for name in measures}) for part in books.within(period)]
    return Sums([[sums[name] or 0 for name in measures] for sums in found], measures)


def answer_times(period):
    """Model -> (median, 95th percentile, number) seconds of the newest answers of a period, from the ledger itself."""
    begin, end = period.moments
    newest = Call.objects.filter(sent_at__gte=begin, sent_at__lt=end).order_by("-sent_at")
    names = ("generation__model", "status", "sent_at", "finished_at")
    times = defaultdict(list)
    for model, status, sent, finished in newest.values_list(*names)[:LATENCY_OF]:
        if status == Call.Status.ANSWERED:
            times[model].append((finished - sent) / timedelta(seconds=1))
    return {model: (median(found), _p95(found), len(found)) for model, found in times.items()}


def _p95(values):
    return quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0]


def prices_of(project, period):
    """The price rows that a project's calls of a period were costed with."""
    begin, end = period.moments
    used = Call.objects.filter(generation__project=project, sent_at__gte=begin, sent_at__lt=end)
    return Price.objects.filter(pk__in=used.order_by().values("price").distinct())


def months_with_usage():
    """Whole months in which something was sent, the newest first."""
    firsts = UsageMonth.objects.order_by("-month").values_list("month", flat=True)
    return [periods.month_of(first) for first in firsts.distinct()]


# --- whose -------------------------------------------------------------------------------------------------------


def books_of(user):
    """What a person's own calls came to."""
    return Books().filter(user=user)


def books_seen_by(user):
    return Books().visible_to(user)


def projects_managed_by(user):
    return list(Project.objects.managed_by(user).filter(archived_at=None))
