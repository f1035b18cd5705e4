"""Whose turn it is: people's calls go out alternately, however many each of them has asked for.

Start-time fair queueing: a person's next call gets the turn after that of the person's last one, but never one that
has passed already. Calls go out by turn, then by age. So one picture beside somebody's 200 goes next, three people
with many calls each get a third, nobody is overtaken for ever, and nobody saves up turns by asking for nothing.
"""

from datetime import UTC, datetime, timedelta

from django.db.models import OuterRef, Subquery

from gallery.models import Call, Generation, RateGate

FIRST = datetime(2000, 1, 1, tzinfo=UTC)  # turn 0; at a second a turn there is room for 800 million calls


def take(user, number=1):
    """The turns of a person's next calls, without writing them."""
    live = Call.objects.filter(generation=OuterRef("pk"), turn__isnull=False).exclude(status=Call.Status.CANCELLED)
    highest = Subquery(live.order_by("-turn").values("turn")[:1])
    # From the newest generation down, and the first that has one: the price does not grow with the person's history.
    theirs = Generation.objects.filter(user=user).annotate(turn=highest).filter(turn__isnull=False).order_by("-pk")
    last = theirs.values_list("turn", flat=True).first()
    come_to = RateGate.objects.current().turn
    first = come_to if last is None else max(come_to, last + 1)
    return range(first, first + number)


def give(user, waiting):
    """Each of a person's calls its turn, without writing them."""
    for call, turn in zip(waiting, take(user, len(waiting)) if waiting else (), strict=True):
        call.turn = turn


def place(call):
    """A call's place in the engine's queue, in the two words that every engine of Django's Tasks API sorts by.

    A turn is told as a moment long past: that means "at once", and the earlier moment goes first. A call that waits
    for a moment to come had its turn before, so it goes before the others then.
    """
    if call.run_after:
        return {"priority": 1, "run_after": call.run_after}
    return {"run_after": FIRST + timedelta(seconds=call.turn)}
