"""The embedded worker: one event loop, many calls in flight, fed from a table."""

import asyncio
import contextlib
import logging

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from gallery.services import calls, gate
from gallery.wiring import close_gateway

from .keeper import DRAIN, kept

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.05  # seconds between looks for new work; a look without work takes no lock


class Worker:
    """Runs tasks until `stop` is set, then drains. A task's row goes when it has ended: the call row is the record."""

    def __init__(self, in_flight):
        self.in_flight = in_flight
        self.running = set()
        self.stop = asyncio.Event()

    async def run(self):
        settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
        await sync_to_async(_forget_begun)()
        async with kept(only_us):
            while not self.stop.is_set():
                if room := self.in_flight - len(self.running):
                    await self._start_ready(room)
                await self._pause()
            await self._drain()

    async def _start_ready(self, room):
        try:
            rows = await sync_to_async(_claim_ready)(room)
        except Exception:
            logger.exception("the queue could not be read")
            await asyncio.sleep(1)
            return
        for row in rows:
            running = asyncio.create_task(self._run(row))
            self.running.add(running)
            running.add_done_callback(self.running.discard)

    async def _run(self, row):
        try:
            await row.task.acall(*row.args_kwargs["args"], **row.args_kwargs["kwargs"])
        except Exception:
            logger.exception("task %s %s failed", row.task_path, row.args_kwargs["args"])
        await sync_to_async(row.delete)()

    async def _pause(self):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), LOOK_EVERY)

    async def _drain(self):
        if self.running:
            logger.info("finishing %s calls before the end", len(self.running))
            _, unanswered = await asyncio.wait(self.running, timeout=DRAIN)
            for task in unanswered:
                task.cancel()
            await asyncio.gather(*unanswered, return_exceptions=True)
        await close_gateway()


def _claim_ready(room):
    """Up to `room` ready rows that the gate has room for, claimed in one transaction; a look in vain takes no lock."""
    ready = DBTaskResult.objects.ready().order_by(*DBTaskResult._meta.ordering)
    if not ready.exists() or not (room := min(room, gate.room())):
        return []
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            ready = ready.select_for_update(skip_locked=True)
        rows = list(ready[:room])
        claimed = DBTaskResult.objects.filter(pk__in=[row.pk for row in rows])
        claimed.update(status=TaskResultStatus.RUNNING, started_at=timezone.now())
    return rows


def _forget_begun():
    """Of a worker that died; recovery tells the engine anew what is still to be done."""
    DBTaskResult.objects.running().delete()


def only_us():
    """Who is alive: the lock says that no other worker is."""
    return {calls.WORKER}
