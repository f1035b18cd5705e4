"""The one way out to the gateway: all workers together never ask faster than its rate limit."""

import asyncio
import time
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from gallery.models import Call, RateGate
from gallery.ofox import rates

AHEAD = 1  # seconds of requests that workers take from the queue in advance; the rest keeps its order there
PATIENCE = 2  # seconds a call waits in memory; for more it goes back to the queue
PAUSE = 2  # seconds after a 429 that names no time
LONGEST_PAUSE = 600  # seconds; a mistaken header must not close the studio for a day
PREPARING = timedelta(minutes=1)  # a claimed call that is not at the gate by then stands by, or lost its worker


def pass_gate(turn=0):
    """0 where a request may go now, its slot taken; else the seconds until the next one may."""
    with transaction.atomic(savepoint=False):
        gate = RateGate.objects.locked()
        now = timezone.now().timestamp()
        wait = gate.wait(now)
        if not wait:
            gate.next_at = max(gate.next_at, now) + gate.interval
            gate.turn = max(gate.turn, turn)
            gate.save(update_fields=["next_at", "turn"])
        return wait


async def patiently(attempt):
    """What an attempt to pass says at last: 0 or None when it is over, else the seconds for which a call should rather
    go back to the queue. Short waits are waited for here."""
    give_up = time.monotonic() + PATIENCE
    while wait := await sync_to_async(attempt)():
        if time.monotonic() + wait > give_up:
            break
        await asyncio.sleep(wait)
    return wait


def room():
    """How many calls more workers may take from the queue: those that may soon go, less those on their way to it.

    Taking only these is what keeps people's turns: whoever comes meanwhile is still before all that stayed.
    """
    now = timezone.now()
    coming = Call.objects.filter(status=Call.Status.CLAIMED, claimed_at__gt=now - PREPARING).count()
    return max(0, RateGate.objects.current().room(now.timestamp(), AHEAD) - coming)


def learn(headers, sent_at):
    """What the headers of an answer say about the limit; inside the transaction that records the answer."""
    told = rates.read(headers)
    if told.limit:
        RateGate.objects.filter(pk=1).exclude(per_minute=told.limit).update(per_minute=told.limit)
    if told.remaining == 0 and told.reset:
        # Headers may have been written when the request came in, minutes ago: counted from then, at the earliest it
        # can mean. If it meant later, a 429 says so at once; closed too long, nobody would ever notice.
        _close_until(sent_at.timestamp() + min(told.reset, LONGEST_PAUSE))


def push(seconds=None):
    """Close the gate after a 429; inside the transaction that records it."""
    _close_until(timezone.now().timestamp() + min(seconds or PAUSE, LONGEST_PAUSE))


def _close_until(moment):
    RateGate.objects.filter(pk=1, closed_until__lt=moment).update(closed_until=moment)
