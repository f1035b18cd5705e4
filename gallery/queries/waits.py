"""What open generations wait for: their turn, the rate limit, the moment of a repeated call."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from gallery import wording
from gallery.models import Call, RateGate
from gallery.models.usage import MOST_ATTEMPTS

GOING = (Call.Status.CLAIMED, Call.Status.SENT)


@dataclass(frozen=True)
class Wait:
    """Until when a generation waits: for the rate limit or, with an attempt, to repeat a call that failed."""

    until: datetime
    attempt: int = 0
    because: str = ""
    most_attempts: int = MOST_ATTEMPTS

    @property
    def seconds(self):
        return max(0, round((self.until - timezone.now()).total_seconds()))


def add(generations):
    """Puts `queue_place` and `wait` on open generations; None where there is none. Wants `calls` prefetched."""
    places = places_in_line([generation.pk for generation in generations]) if generations else {}
    gate = RateGate.objects.current() if generations else None
    going = _going() if places else {}
    # Where as many calls are out as a worker carries, the others wait for those and not for the rate limit; and behind
    # those that it has claimed to go next.
    full = sum(going.values()) >= settings.CALLS_IN_FLIGHT
    standing_by = going.get(Call.Status.CLAIMED, 0) if full else 0
    for generation in generations:
        queued = generation.status == generation.Status.QUEUED
        place, ahead = places.get(generation.pk, (None, None)) if queued else (None, None)
        generation.queue_place = place and place + standing_by
        generation.wait = _for_a_moment(generation, gate)
        if ahead is not None and not full and not generation.wait:
            generation.wait = _for_the_rate(gate, ahead)


def _going():
    """Status -> how many calls are out, or about to be."""
    rows = Call.objects.filter(status__in=GOING).order_by().values_list("status")
    return dict(rows.annotate(number=Count("pk")))


def _for_a_moment(generation, gate):
    calls = {(call.position, call.attempt): call for call in generation.calls.all()}
    waiting = [call for call in calls.values() if call.status == Call.Status.QUEUED and call.run_after]
    if not waiting:
        return None
    call = min(waiting, key=lambda call: call.run_after)
    until = max(call.run_after, _moment(gate.closed_until))
    if call.attempt == 1:
        return Wait(until)
    earlier = calls.get((call.position, call.attempt - 1))
    return Wait(until, call.attempt, wording.because(earlier.error_code if earlier else ""))


def _for_the_rate(gate, ahead):
    now = timezone.now().timestamp()
    seconds = gate.wait(now, ahead)
    return Wait(_moment(now + seconds)) if seconds >= 1 else None


def _moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def places_in_line(ids):
    """Generation id -> (place, calls ahead of its first); place 1 begins next. One query, by ranges of an index."""
    line = Call.objects.in_line()
    earlier = line.filter(turn__lte=OuterRef("turn")).filter(Q(turn__lt=OuterRef("turn")) | Q(pk__lt=OuterRef("pk")))
    number = {"number": Count("pk")}
    calls = earlier.order_by().values("status").annotate(**number).values("number")
    beginnings = earlier.order_by().filter(position=0).values("status").annotate(**number).values("number")
    asked = line.filter(generation_id__in=ids).annotate(
        calls=Coalesce(Subquery(calls), 0), beginnings=Coalesce(Subquery(beginnings), 0)
    )
    rows = asked.order_by("-turn", "-pk").values_list("generation_id", "beginnings", "calls")
    return {pk: (beginnings + 1, calls) for pk, beginnings, calls in rows}  # the last of a generation is its first
