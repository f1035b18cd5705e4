"""The embedded worker: one event loop, many calls in flight, fed from a table."""

import asyncio
import logging
import time

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from gallery.events import DataVersion
from gallery.services import calls, gate
from gallery.wiring import close_gateway

from .keeper import DRAIN, kept
from .standby import Standby
from .storing import Storing

logger = logging.getLogger(__name__)

LISTEN_EVERY = 0.05  # seconds
LOOK_EVERY = 0.5  # seconds between looks for work that nobody wrote just now: what has waited for its moment


class Worker:
    """Runs tasks until `stop` is set, then drains. A task's row goes when its call is back: its record is the call."""

    def __init__(self, in_flight):
        self.in_flight = in_flight
        self.standby = Standby(in_flight)
        self.storing = Storing()
        self.running = set()  # tasks whose calls are out, stand by, or are about to
        self.ended = []  # keys of rows whose calls are back; they go with the next look, many at once
        self.stop = asyncio.Event()

    async def run(self):
        settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
        await sync_to_async(_forget_begun)()
        async with kept(only_us, only_us):
            bell = Bell()
            while not self.stop.is_set():
                room = self.in_flight + self.standby.most - len(self.running)
                # A look costs as much for one call as for some: not before half of those that stand by are gone.
                if room > self.standby.most // 2 and (bell.rings() or self.ended):
                    bell.rest(unless=await self._start_ready(room))
                await asyncio.sleep(LISTEN_EVERY)
            await self._drain()

    async def _start_ready(self, room):
        """Whether there may be more to start."""
        ended, self.ended = self.ended, []
        try:
            is_more, rows = await sync_to_async(_turn_over)(ended, room)
        except Exception:
            logger.exception("the queue could not be read")
            self.ended += ended
            await asyncio.sleep(1)
            return True
        for row in rows:
            running = asyncio.create_task(self._run(row))
            self.running.add(running)
            running.add_done_callback(self.running.discard)
        return is_more

    async def _run(self, row):
        given, named = row.args_kwargs["args"], row.args_kwargs["kwargs"]
        async with self.standby.place() as may_go:
            await self.storing.until_answered(row.task, *given, **named, may_go=may_go)
        self.ended.append(row.pk)

    async def _drain(self):
        self.standby.end()
        if self.running:
            logger.info("finishing %s calls before the end", len(self.running))
            _, unanswered = await asyncio.wait(self.running, timeout=DRAIN)
            for task in unanswered:
                task.cancel()
            await asyncio.gather(*unanswered, return_exceptions=True)
        await self.storing.until_stored()
        await sync_to_async(_forget)(self.ended)
        await close_gateway()


class Bell:
    """Rings when something was written to the database, and now and then without.

    A look by the ORM and its thread costs 1.5 ms, hence 3 % of a core at 20 a second.
    """

    def __init__(self):
        self.versions = DataVersion()
        self.version = self.heard = None
        self.rests_until = 0

    def rings(self):
        self.version = self.versions.now()
        return self.version != self.heard or time.monotonic() >= self.rests_until

    def rest(self, unless):
        """Until something is written that was not there when it rang last, or for a while."""
        self.heard = None if unless else self.version
        self.rests_until = time.monotonic() + LOOK_EVERY


def _turn_over(ended, room):
    """What _claim_ready says; the rows of tasks that have ended go."""
    _forget(ended)
    return _claim_ready(room)


def _forget(ended):
    if ended:
        DBTaskResult.objects.filter(pk__in=ended).delete()


def _claim_ready(room):
    """(Whether rows were ready, up to `room` of them that the gate has room for, claimed).

    Nobody else claims here, hence no transaction; a look in vain takes no lock.
    """
    ready = list(DBTaskResult.objects.ready().order_by(*DBTaskResult._meta.ordering)[:room])
    if not ready:
        return False, []
    rows = ready[: gate.room()]
    claimed = DBTaskResult.objects.filter(pk__in=[row.pk for row in rows])
    claimed.update(status=TaskResultStatus.RUNNING, started_at=timezone.now())
    return True, rows


def _forget_begun():
    """Of a worker that died; recovery tells the engine anew what is still to be done."""
    DBTaskResult.objects.running().delete()


def only_us():
    """Who is alive: the lock says that no other worker is."""
    return {calls.WORKER}
