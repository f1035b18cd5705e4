"""The studio's numbers for Prometheus, read from the ledger: every process gives the same ones.

Counters begin anew with the month: to count from the beginning, each process would have to read years of calls once.
"""

import threading
from collections import Counter
from datetime import timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, Q, Sum
from django.utils import timezone

from gallery import periods
from gallery.models import Call, RateGate, Worker
from gallery.models.usage import UNDER_WAY
from gallery.pricing import KINDS

FAMILIES = {
    "calls_queued": ("gauge", "Calls that wait to be sent."),
    "oldest_queued_seconds": ("gauge", "How long the oldest of them has waited."),
    "calls_in_flight": ("gauge", "Calls that a worker is at."),
    "workers": ("gauge", "Workers that are alive."),
    "gate_wait_seconds": ("gauge", "How long a call would wait for the rate limit now."),
    "gate_requests_per_minute": ("gauge", "The rate limit in force."),
    "calls_total": ("counter", "Calls that have ended this month."),
    "before_sending_seconds": ("summary", "From the claim of a call until it went out: preparing, and the rate limit."),
    "call_seconds": ("histogram", "From sending a call to its whole answer."),
    "tokens_total": ("counter", "Tokens of this month's answered calls whose usage is known."),
    "cost_usd_total": ("counter", "Dollars of this month's calls whose cost is known."),
    "calls_of_unknown_cost_total": ("counter", "This month's calls that went out and may have cost something unknown."),
}
BUCKETS = (5, 10, 20, 30, 45, 60, 90, 120, 180, 300)  # seconds; a call takes 5 to 150, a large one minutes
SETTLED_AFTER = timedelta(hours=1)  # until then the answer of a call that was given up may still come


def page():
    """The text that Prometheus reads. Samples are (family, what is added to its name, labels) to number."""
    samples = sorted({**_now(), **ledger.totals()}.items(), key=lambda sample: repr(sample[0]))
    lines = []
    for family, (kind, meaning) in FAMILIES.items():
        lines += [f"# HELP studio_{family} {meaning}", f"# TYPE studio_{family} {kind}"]
        lines += [_line(*sample, number) for sample, number in samples if sample[0] == family]
    return "\n".join([*lines, ""])


def _line(family, suffix, labels, number):
    shown = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"studio_{family}{suffix}{{{shown}}} {float(number):.15g}" if labels else f"studio_{family}{suffix} {number}"


def _escaped(value):
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


# --- as it is now ------------------------------------------------------------------------------------------------


def _now():
    now = timezone.now()
    rows = Call.objects.under_way().not_paused().order_by().values_list("status")
    by_status = {status: rest for status, *rest in rows.annotate(number=Count("pk"), oldest=Min("created_at"))}
    depth, oldest = by_status.get(Call.Status.QUEUED, (0, now))
    gate = RateGate.objects.current()
    return {
        ("calls_queued", "", ()): depth,
        ("oldest_queued_seconds", "", ()): (now - oldest).total_seconds(),
        **{
            ("calls_in_flight", "", (("status", str(status)),)): by_status.get(status, (0,))[0]
            for status in (Call.Status.CLAIMED, Call.Status.SENT)
        },
        ("workers", "", ()): Worker.objects.alive().count(),
        ("gate_wait_seconds", "", ()): gate.wait(now.timestamp()),
        ("gate_requests_per_minute", "", ()): gate.rate,
    }


# --- since the month began ---------------------------------------------------------------------------------------


class Ledger:
    """Sums of the month's ended calls. What is settled is added up once a process, what is fresh each time."""

    def __init__(self):
        self.month = None
        self.upto = 0  # id of the last call that is settled, or of another month
        self.settled = Counter()
        self.lock = threading.Lock()

    def totals(self):
        with self.lock:
            self._turn_over(periods.month_of(periods.today()))
            self._settle()
            total = self.settled.copy()
            total.update(_sums(Call.objects.filter(pk__gt=self.upto)))  # unlike +, it keeps what is 0
            return total

    def _turn_over(self, month):
        if self.month != month:
            before = Call.objects.filter(created_at__lt=month.moments[0]).order_by("-pk")
            self.upto = before.values_list("pk", flat=True).first() or 0
            self.month, self.settled = month, Counter()

    def _settle(self):
        later = Call.objects.filter(pk__gt=self.upto)
        fresh = Q(status__in=UNDER_WAY) | Q(created_at__gt=timezone.now() - SETTLED_AFTER)
        first_fresh = later.filter(fresh).order_by("pk").values_list("pk", flat=True).first()
        settled = later.filter(pk__lt=first_fresh) if first_fresh else later
        if last := settled.order_by("-pk").values_list("pk", flat=True).first():
            self.settled.update(_sums(settled.filter(pk__lte=last)))
            self.upto = last


ledger = Ledger()

DURATION = ExpressionWrapper(F("finished_at") - F("sent_at"), DurationField())
BEFORE_SENDING = ExpressionWrapper(F("sent_at") - F("claimed_at"), DurationField())


# How a call ends without an answer. Said so, as "status = answered" has SQLite go through all answers there ever were.
OTHERWISE = tuple(status for status in Call.Status if status not in (Call.Status.ANSWERED, *UNDER_WAY))


def _sums(calls):
    calls = calls.exclude(status__in=UNDER_WAY).order_by()
    return dict([*_endings(calls), *_waits(calls), *_answers(calls)])


def _endings(calls):
    unknown = Count("pk", filter=Q(may_have_been_billed=True, cost_usd=None))
    rows = calls.values_list("generation__model", "status", "error_code").annotate(number=Count("pk"), unknown=unknown)
    for model, status, error, number, unknown in rows:
        labels = (("model", model), ("status", status), ("error", error))
        yield ("calls_total", "", labels), number
        yield ("calls_of_unknown_cost_total", "", labels), unknown


def _waits(calls):
    rows = calls.exclude(sent_at=None).values_list("generation__model")
    for model, waited, number in rows.annotate(waited=Sum(BEFORE_SENDING), number=Count("pk")):
        labels = (("model", model),)
        yield ("before_sending_seconds", "_sum", labels), waited.total_seconds() if waited else 0
        yield ("before_sending_seconds", "_count", labels), number


def _answers(calls):
    within = {
        f"within_{limit}": Count("pk", filter=Q(finished_at__lte=F("sent_at") + timedelta(seconds=limit)))
        for limit in BUCKETS
    }
    sums = {kind: Sum(kind, default=0) for kind in KINDS}
    rows = calls.exclude(status__in=OTHERWISE).values("generation__model")
    for row in rows.annotate(number=Count("pk"), time=Sum(DURATION), cost=Sum("cost_usd"), **within, **sums):
        labels = (("model", row["generation__model"]),)
        for limit in BUCKETS:
            yield ("call_seconds", "_bucket", (*labels, ("le", limit))), row[f"within_{limit}"]
        yield ("call_seconds", "_bucket", (*labels, ("le", "+Inf"))), row["number"]
        yield ("call_seconds", "_sum", labels), row["time"].total_seconds()
        yield ("call_seconds", "_count", labels), row["number"]
        for kind in KINDS:
            yield ("tokens_total", "", (*labels, ("kind", kind))), row[kind]
        yield ("cost_usd_total", "", labels), row["cost"] or 0
