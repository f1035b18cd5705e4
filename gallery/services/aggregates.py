"""Keeps the days of usage equal to the ledger: a call is added in the transaction that ends it."""

from datetime import timedelta

from django.db import transaction

from gallery import periods
from gallery.models import Call, UsageDay
from gallery.models.aggregates import KEY, MEASURES, OUTCOMES
from gallery.pricing import KINDS, MILLION

MICROSECOND = timedelta(microseconds=1)


def add(call):
    """Add an ended call to its day. One that never went out cost nothing and is no usage."""
    if call.sent_at is not None:
        UsageDay.objects.increase(key_of(call), measure(call))


def replace(before, call):
    """Put what is known of a call now in the place of what was known before."""
    old, new = measure(before), measure(call)
    UsageDay.objects.increase(key_of(call), {name: new[name] - old[name] for name in MEASURES})


def key_of(call):
    generation = call.generation
    values = (
        periods.day_of(call.sent_at),
        generation.model,
        generation.project_id,
        generation.user_id,
        generation.key_id or 0,
        generation.kind,
    )
    return dict(zip(KEY, values, strict=True))


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


def recount(calls=None):
    """Key of a day -> what the ledger itself comes to, call by call."""
    days = {}
    ended = (Call.objects.all() if calls is None else calls).exclude(sent_at=None).exclude(finished_at=None)
    light = ended.select_related("generation").defer(
        "sent", "answer", "headers", "raw_usage", "generation__prompt", "generation__options"
    )
    for call in light.iterator(chunk_size=5000):
        sums = days.setdefault(tuple(key_of(call).values()), dict.fromkeys(MEASURES, 0))
        for name, amount in measure(call).items():
            sums[name] += amount
    return days


def compare():
    """Rows that differ from the ledger: (key, as kept or None, as counted or None)."""
    counted = recount()
    kept = {
        tuple(row[name] for name in KEY): {name: row[name] for name in MEASURES} for row in UsageDay.objects.values()
    }
    return [
        (key, kept.get(key), counted.get(key))
        for key in sorted(kept.keys() | counted.keys())
        if kept.get(key) != counted.get(key)
    ]


def rebuild():
    """Write all days anew from the ledger; nothing else may write meanwhile."""
    with transaction.atomic():
        days = recount()
        UsageDay.objects.all().delete()
        rows = (UsageDay(**dict(zip(KEY, key, strict=True)), **sums) for key, sums in days.items())
        UsageDay.objects.bulk_create(rows, batch_size=1000)
