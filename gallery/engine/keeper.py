"""What every worker does beside running calls: say that it lives, and look after the calls of those that do not."""

import asyncio
import contextlib
import itertools
import logging
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from gallery.models import Event
from gallery.services import workers
from gallery.services.calls import WORKER, running
from gallery.services.recovery import recover_calls

logger = logging.getLogger(__name__)

BEAT = 5  # seconds between two signs of life
RECOVER_EVERY = 2  # beats
TIDY_EVERY = 720  # beats
EVENTS_KEPT = timedelta(days=1)
DRAIN = 25  # seconds that calls in flight get at the end; what is still unanswered then is for recovery


@contextlib.asynccontextmanager
async def kept(alive):
    """Keeps house while the body runs calls. `alive` gives the names of living workers; what others left is recovered.

    The body begins after the first round, so that what a crash left is dealt with before anything new.
    """
    await _round(0, alive)
    keeping = asyncio.create_task(_keep(alive))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await sync_to_async(_quietly)(workers.leave, WORKER)


async def _keep(alive):
    for number in itertools.count(1):
        await asyncio.sleep(BEAT)
        await _round(number, alive)


async def _round(number, alive):
    await sync_to_async(_quietly)(workers.beat, WORKER, len(running))
    if number % RECOVER_EVERY == 0:
        await _recover(alive)
    if number % TIDY_EVERY == 0:
        await sync_to_async(_quietly)(_tidy)


async def _recover(alive):
    if await sync_to_async(_quietly)(workers.try_recovery_lock):
        try:
            await recover_calls(await sync_to_async(alive)())
        except Exception:
            logger.exception("recovery could not look at the calls")
        finally:
            await sync_to_async(_quietly)(workers.release_recovery_lock)


def _quietly(act, *arguments):
    """A worker outlives its database's restart: the next round finds a new connection."""
    try:
        return act(*arguments)
    except Exception:
        logger.exception("%s did not work", act.__name__)
        connection.close_if_unusable_or_obsolete()


def _tidy():
    Event.objects.filter(at__lt=timezone.now() - EVENTS_KEPT).delete()
    workers.forget_dead()
