"""What usage pages have in common: figures with what came before, charts by day, tables whose numbers are links."""

import sys
from collections import defaultdict
from decimal import Decimal
from functools import cache
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gallery import charts, periods
from gallery.accounting import exports, spending
from gallery.forms.usage import CHOICES, CUTS
from gallery.models import Call


class Report:
    """A period of some people's usage, ready to be shown. `calls_url` leads from filters to the calls."""

    most_lines = 20  # of a table; the rest are added up
    places = 4  # of dollars in tables

    def __init__(self, form, books, calls_url):
        self.form = form
        self.seen = books
        self.books = books.filter(**{spending.COLUMNS[name]: value for name, value in form.chosen.items()})
        self.calls_url = calls_url
        self.period = form.stretch
        self.say_step, self.step_url = cache(self.say_step), cache(self.step_url)  # for both charts and the table
        self.spending = spending.Spending(self.books, self.period)
        self.total = self.spending.total

    @property
    def before_period(self):
        """What to compare with: as far into the month before as this one has come, or as many days before."""
        before, today = self.period.before, periods.today()
        if self.period.is_month and today < self.period.last:
            return before.upto(before.start + (today - self.period.start))
        return before

    def url(self, **filters):
        return self.calls_url(self.period, self.form.chosen | filters)

    def context(self):
        before = spending.total_between(self.books, self.before_period, COMPARED)
        by_step, apart = self.spending.by_step(self.form.cut)
        return {
            "form": self.form,
            "period": self.period,
            "period_words": words_of(self.period),
            "before_words": words_of(self.before_period),
            "total": self.total,
            "figures": self.figures(before),
            "charts": self.charts(by_step, apart) if by_step else [],
            "tables": [self.table(name, title) for name, title in CUTS],
            "steps_title": _("By month") if self.spending.is_monthly else _("By day"),
            "steps": [
                {"words": self.say_step(step), "step": step, "cells": self.cells(sums), "url": self.step_url(step)}
                for step, sums in sorted(by_step.items(), reverse=True)
            ],
            "periods": [(name, word, f"?{self.query(period=name)}") for name, word in CHOICES if name != "custom"],
            "chosen": self.chips(),
            "export": urlencode({"from": self.period.start, "to": self.period.last, **self.of, **self.form.chosen}),
            "cut_urls": [(name, word, f"?{self.query(by=name)}") for name, word in CUTS],
        }

    def figures(self, before):
        """(label, value in words, note, address) of the numbers that come first."""
        total, unknown = self.total, ngettext("%d call of unknown cost", "%d calls of unknown cost", self.total.unknown)
        known = unknown % total.unknown if total.unknown else _("every call accounted for")
        pictures = (self.url(status=Call.Status.ANSWERED), change(total.pictures, before.pictures))
        each = _("%s before") % money(before.usd_per_picture, 4)
        return [
            (_("Spent"), money(total.cost_usd), change(total.cost_micros, before.cost_micros), self.url()),
            (_("May have been billed"), money(total.possible_usd), known, self.url(unknown=1)),
            (_("Pictures"), whole(total.pictures), pictures[1], pictures[0]),
            (_("A picture"), money(total.usd_per_picture, 4), each, pictures[0]),
            (_("Calls"), whole(total.calls), change(total.calls, before.calls), self.url()),
        ]

    def charts(self, by_step, apart):
        """Cost and tokens, cut in the same way; only tokens know their own kinds."""
        labels = spending.labels(self.form.cut, list(apart))
        costs, tokens = (
            self.with_others([(labels[key], sums_of) for key, sums_of in apart.items()], by_step, name)
            for name in ("cost_micros", "tokens")
        )
        if self.form.cut == "kind":
            tokens = [(KIND_WORDS[kind], found) for kind, found in spending.token_stack(by_step)]
        return [
            {"title": _("Cost"), "id": "cost", "chart": self.chart(costs, of_micros)},
            {"title": _("Tokens"), "id": "tokens", "chart": self.chart(tokens, short)},
        ]

    def with_others(self, stack, by_step, name):
        """The series of a number, and what is left of the whole."""
        series = [
            (label, defaultdict(int, {step: getattr(sums, name) for step, sums in sums_of.items()}))
            for label, sums_of in stack
        ]
        rest = {
            step: getattr(sums, name) - sum(found[step] for _name, found in series) for step, sums in by_step.items()
        }
        return [*series, (_("others"), rest)] if any(rest.values()) else series

    def chart(self, series, say):
        steps = {self.spending.step_of(day) for day in self.period.upto(periods.today()).days}
        return charts.stacked(sorted(steps), series, say=say, say_day=self.say_step, url=self.step_url)

    def say_step(self, step):
        return date_format(step, "YEAR_MONTH_FORMAT" if self.spending.is_monthly else "SHORT_DATE_FORMAT")

    def step_url(self, step):
        return self.calls_url(self.spending.stretch_of(step), self.form.chosen)

    def table(self, name, title):
        lines = self.spending.by(name)
        apart, rest = lines[: self.most_lines], [vars(sums).values() for _key, sums in lines[self.most_lines :]]
        labels = spending.labels(name, [key for key, _sums in apart])
        shown = [
            {
                "key": key,
                "label": labels[key],
                "sums": sums,
                "cells": self.cells(sums),
                "url": self.url(**{name: key}),
                "narrow": f"?{self.query(**{name: key})}",
            }
            for key, sums in apart
        ]
        others = {"others": len(rest), "cells": self.cells(spending.Sums(rest)), "url": self.url()}
        return {"name": name, "title": title, "lines": shown, **others}

    def cells(self, sums):
        """The numbers of a row of a table, in words."""
        return {
            "calls": whole(sums.calls),
            "pictures": whole(sums.pictures),
            "tokens_in": whole(sums.tokens_in),
            "tokens_out": whole(sums.tokens_out),
            "cost": money(sums.cost_usd, self.places),
            "unknown": _("+ %(n)s unknown") % {"n": sums.unknown} if sums.unknown else "",
        }

    def chips(self):
        """The filters that are set, each with the address of the page without it."""
        chosen = self.form.chosen
        return [
            {
                "title": title,
                "label": self.label(name, chosen[name]),
                "url": f"?{self.query(**{name: ''})}",
            }
            for name, title in CUTS
            if name in chosen
        ]

    def label(self, name, key):
        """A word for it only where something of it can be seen: an address may name what is a stranger's."""
        known = self.seen.months.filter(**{spending.COLUMNS[name]: key}).exists()
        return spending.labels(name, [key])[key] if known else key

    @property
    def of(self):
        """The project whose people are shown, where it is not the person alone."""
        project = self.form.cleaned_data.get("of")
        return {"of": project} if project else {}

    def query(self, **changes):
        """The address of this page with some of its choices changed."""
        custom = {"from": self.period.start, "to": self.period.last} if self.form.name == "custom" else {}
        chosen = {"period": self.form.name, **custom, **self.of, "by": self.form.cut, **self.form.chosen, **changes}
        return urlencode({name: value for name, value in chosen.items() if value != ""})


class Statement(Report):
    """On paper nobody is among the others, and the lines add up to the last digit."""

    most_lines = sys.maxsize
    places = 6

    def context(self):
        more = {
            "together": {"cells": self.cells(self.total), "url": self.url()},
            "tokens": [(word, getattr(self.total, kind)) for kind, word in KIND_WORDS.items()],
            "price_heads": KIND_WORDS.values(),
        }
        return super().context() | more

    def usd_changed_from(self, closed):
        """What was known when the month was closed, in words; None where that is what is known now."""
        return money(closed.cost_usd, self.places) if closed and closed != self.total else None


COMPARED = ("calls", "pictures", "cost_micros")  # with the period before
TEN_CENTS = Decimal("0.1")
KIND_WORDS = {kind: Call._meta.get_field(kind).verbose_name for kind in spending.KINDS}


def money(usd, places=2):
    """Dollars to the cent, below ten of them to the tenth; unknown stays unknown."""
    if usd is None:
        return _("unknown")
    return f"${usd:,.{max(places, 3) if 0 < usd < TEN_CENTS else places}f}"


def of_micros(micros):
    return money(spending.dollars_of(round(micros)))


def whole(number):
    return f"{number:,}"


def short(number):
    """A count on an axis: 1.2 M, 40 k."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.3g}"


def change(now, before):
    if not before:
        return _("nothing before")
    percent = round(100 * (now - before) / before)
    return _("%(sign)s%(percent)s %% against before") % {"sign": "+" if percent > 0 else "", "percent": percent}


def words_of(period):
    if period.is_month:
        return date_format(period.start, "YEAR_MONTH_FORMAT")
    if period.start == period.last:
        return date_format(period.start, "SHORT_DATE_FORMAT")
    return f"{date_format(period.start, 'SHORT_DATE_FORMAT')} – {date_format(period.last, 'SHORT_DATE_FORMAT')}"


def history_url(period, filters):
    """The generations of which calls were sent in a period."""
    chosen = {name: filters[name] for name in spending.COLUMNS if name in filters}
    return f"{reverse('gallery:history')}?{urlencode({'since': period.start, 'until': period.last, **chosen})}"


ADMIN_NAMES = {name: f"generation__{field}" for name, field in exports.CUTS.items()} | {"status": "status"}


def ledger_url(period, filters):
    """The calls themselves, in the admin."""
    begin, end = period.moments
    chosen = {ADMIN_NAMES[name]: value for name, value in filters.items() if name in ADMIN_NAMES}
    if filters.get("key") == spending.NO_KEY:
        chosen |= {"generation__key__isnull": True}
        del chosen["generation__key"]
    if "errors" in filters:
        chosen["status__in"] = f"{Call.Status.FAILED},{Call.Status.INTERRUPTED}"
    if "unknown" in filters:
        chosen |= {"cost_usd__isnull": True, "may_have_been_billed__exact": 1}
    moments = {"sent_at__gte": begin.isoformat(), "sent_at__lt": end.isoformat(), "finished_at__isnull": False}
    return f"{reverse('admin:gallery_call_changelist')}?{urlencode(moments | chosen)}"
