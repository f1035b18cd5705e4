"""What every worker does beside running calls: say that it lives, and look after the calls of those that do not."""

import asyncio
import contextlib
import logging
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from gallery.models import Event
from gallery.services import previews, workers
from gallery.services.calls import WORKER, running
from gallery.services.recovery import recover_calls
from gallery.storage import AtomicFileStorage

logger = logging.getLogger(__name__)

BEAT = 5  # seconds between two signs of life
LOOK_AFTER = 10  # seconds between two looks after calls that nobody runs any more
TIDY = 3600  # seconds
EVENTS_KEPT = timedelta(days=1)
DRAIN = 25  # seconds that calls in flight get at the end; what is still unanswered then is for recovery


@contextlib.asynccontextmanager
async def kept(left_alone, here):
    """Keeps house while the body runs calls. `left_alone` gives the names of the workers whose calls others run, `here`
    those of the processes of this machine.

    The body begins after the first look, so that what a crash left is dealt with before anything new.
    """
    await _beat()
    # Apart, so that signs of life are given while a recovery decodes a hundred pictures.
    keeping = [asyncio.create_task(_again_and_again(BEAT, _beat))]
    try:
        await _look_after(left_alone, here)
        await _tidy()
        keeping.append(asyncio.create_task(_again_and_again(LOOK_AFTER, _look_after, left_alone, here)))
        keeping.append(asyncio.create_task(_again_and_again(TIDY, _tidy)))
        yield
    finally:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await sync_to_async(_quietly)(workers.leave, WORKER)


async def _again_and_again(pause, act, *arguments):
    while True:
        await asyncio.sleep(pause)
        await act(*arguments)


async def _beat():
    await sync_to_async(_quietly)(workers.beat, WORKER, len(running))


async def _look_after(left_alone, here):
    try:
        await recover_calls(await sync_to_async(left_alone)(), await asyncio.to_thread(here))
    except Exception:
        logger.exception("recovery could not look at the calls")
        await sync_to_async(_mend_connection)()


async def _tidy():
    await sync_to_async(_quietly)(workers.forget_dead)
    await sync_to_async(_quietly)(_forget_old_events)
    await sync_to_async(_quietly)(_forget_files)


def _quietly(act, *arguments):
    """A worker outlives its database's restart: the next round finds a new connection."""
    try:
        return act(*arguments)
    except Exception:
        logger.exception("%s did not work", act.__name__)
        _mend_connection()


def _mend_connection():
    connection.close_if_unusable_or_obsolete()


def _forget_old_events():
    Event.objects.filter(at__lt=timezone.now() - EVENTS_KEPT).delete()


def _forget_files():
    """What the dead left in the storages; a bucket has no unfinished files."""
    previews.forget_lost()
    for name in ("originals", "previews"):
        if isinstance(storage := storages[name], AtomicFileStorage):
            storage.forget_unfinished()
