"""Keeps the days and months of usage equal to the ledger: a call is added in the transaction that ends it."""

from datetime import timedelta

from django.db import transaction

from gallery import periods
from gallery.models import Call, UsageDay, UsageMonth
from gallery.models.aggregates import CUTS, MEASURES, OUTCOMES
from gallery.pricing import KINDS, MILLION

MICROSECOND = timedelta(microseconds=1)


def add(call):
    """Add an ended call to its day. One that never went out cost nothing and is no usage."""
    if call.sent_at is not None:
        _increase(call, measure(call))


def replace(before, call):
    """Put what is known of a call now in the place of what was known before."""
    old, new = measure(before), measure(call)
    _increase(call, {name: new[name] - old[name] for name in MEASURES})


def _increase(call, amounts):
    day, *cuts = key_of(call)
    UsageDay.objects.increase((day, *cuts), amounts)
    UsageMonth.objects.increase((day.replace(day=1), *cuts), amounts)


def key_of(call):
    """The day of a call, and how it is cut."""
    generation = call.generation
    return (
        periods.day_of(call.sent_at),
        generation.model,
        generation.project_id,
        generation.user_id,
        generation.key_id or 0,
        generation.kind,
    )


def measure(call):
    """What one ended call adds to its day. `fruitless` is money for no picture, `possible` money nobody knows of."""
    cost = 0 if call.cost_usd is None else int(call.cost_usd * MILLION)
    is_answered = call.status == Call.Status.ANSWERED
    is_unknown = call.cost_usd is None and (call.may_have_been_billed or is_answered)
    took = (call.finished_at - call.sent_at) // MICROSECOND if is_answered else 0
    return {
        "calls": 1,
        **{outcome: int(call.status == outcome) for outcome in OUTCOMES},
        "pictures": call.pictures,
        **{kind: getattr(call, kind) or 0 for kind in KINDS},
        "cost_micros": cost,
        "unknown": int(is_unknown),
        "possible_micros": expected_micros(call) if is_unknown else 0,
        "fruitless_micros": 0 if call.pictures else cost,
        "microseconds": took,
    }


def expected_micros(call):
    """A call's share of what its generation was estimated to cost; 0 where there was no estimate."""
    generation = call.generation
    return int((generation.estimated_usd or 0) * MILLION) * call.wanted // generation.wanted


# --- the ledger counted anew ---------------------------------------------------------------------------------------


def recount():
    """Key of a day -> what the ledger itself comes to, call by call."""
    days = {}
    ended = Call.objects.exclude(sent_at=None).exclude(finished_at=None)
    light = ended.select_related("generation").defer(
        "sent", "answer", "headers", "raw_usage", "generation__prompt", "generation__options"
    )
    for call in light.iterator(chunk_size=5000):
        _add_up(days, key_of(call), measure(call))
    return days


def months_of(days):
    """The same by month."""
    months = {}
    for (day, *cuts), sums in days.items():
        _add_up(months, (day.replace(day=1), *cuts), sums)
    return months


def _add_up(totals, key, amounts):
    sums = totals.setdefault(key, dict.fromkeys(MEASURES, 0))
    for name, amount in amounts.items():
        sums[name] += amount


def compare():
    """Rows that differ from the ledger: (day or month, key, as kept or None, as counted or None)."""
    days = recount()
    return [*_differences(UsageDay, days), *_differences(UsageMonth, months_of(days))]


def _differences(model, counted):
    kept = {
        (row[model.TIME], *(row[name] for name in CUTS)): {name: row[name] for name in MEASURES}
        for row in model.objects.values()
    }
    for key in sorted(kept.keys() | counted.keys()):
        if kept.get(key) != counted.get(key):
            yield model.TIME, key, kept.get(key), counted.get(key)


def rebuild():
    """Write all days and months anew from the ledger; nothing else may write meanwhile."""
    with transaction.atomic():
        days = recount()
        for model, rows in ((UsageDay, days), (UsageMonth, months_of(days))):
            model.objects.all().delete()
            names = (model.TIME, *CUTS)
            made = (model(**dict(zip(names, key, strict=True)), **sums) for key, sums in rows.items())
            model.objects.bulk_create(made, batch_size=1000)
