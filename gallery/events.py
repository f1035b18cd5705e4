"""Live progress: one watcher a process reads new rows of the event table and tells its open pages."""

import asyncio
import contextlib
import contextvars
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from django.db import connection

from gallery.models import Event, Generation

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.1  # seconds between looks; on SQLite a look is one PRAGMA, on Postgres one indexed read
PAUSE = 1  # seconds before the next look after one that failed
KEEP_ALIVE = 15  # seconds of silence after which a comment is sent, so that proxies leave the stream open
LATE = 100  # ids looked back: on Postgres a transaction may commit after one that began later and took a higher id
# However many programs ask at once, they take no more database connections, and open no more uploads, than this.
ASIDE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="aside")
REPLAY = 200  # events a page that comes back may ask for; beyond that it should load anew


class DataVersion:
    """SQLite's own word on whether another connection has written: another number then.

    Asked on the event loop it takes 0.003 ms; by the ORM, whose thread has to be woken, 0.3.
    """

    def __init__(self):
        self.database = sqlite3.connect(connection.settings_dict["NAME"], uri=True)

    def now(self):
        return self.database.execute("PRAGMA data_version").fetchone()[0]

    def close(self):
        self.database.close()


class Watcher:
    """Reads `id > last` while somebody listens, and fans out (event id, user id, generation id, batch id or None)."""

    def __init__(self):
        self.listeners = set()
        self.task = None
        self.begun = asyncio.Event()

    @contextlib.asynccontextmanager
    async def listening(self):
        """A queue of what happens from now on: nothing that comes after the body has begun is missed."""
        queue = asyncio.Queue()
        self.listeners.add(queue)
        if self.task is None or self.task.done():
            self.begun = asyncio.Event()
            # A context of its own: the first listener's request ends before the watcher does.
            self.task = asyncio.create_task(self._watch(), context=contextvars.Context())
        try:
            await self.begun.wait()
            yield queue
        finally:
            self.listeners.discard(queue)

    async def _watch(self):
        if connection.vendor == "sqlite":
            with contextlib.closing(DataVersion()) as versions:
                await self._look(versions.now)
        else:
            await self._look(object)  # always another one: there may always be something new

    async def _look(self, version_now):
        last, seen, version = None, set(), None
        while self.listeners:
            try:
                if last is None:
                    last, seen = await sync_to_async(_known)()
                    self.begun.set()
                before, version = version, version_now()
                rows = await sync_to_async(_news)(last - LATE) if version != before else []
            except Exception:
                logger.exception("the event table could not be read")
                version = None
                await sync_to_async(_disconnect)()
                await asyncio.sleep(PAUSE)
                continue
            fresh = [row for row in rows if row[0] not in seen]
            last = max([last, *(row[0] for row in fresh)])
            seen = {pk for pk in seen if pk > last - LATE} | {row[0] for row in fresh}
            for row in fresh:
                for queue in self.listeners:
                    queue.put_nowait(row)
            await asyncio.sleep(LOOK_EVERY)


watcher = Watcher()


async def next_of(queue):
    """(event id, user id, generation id, batch id or None), or None after a while of silence."""
    try:
        return await asyncio.wait_for(queue.get(), KEEP_ALIVE)
    except TimeoutError:
        return None


async def aside(function, *arguments):
    """Database work of a request that goes on to wait: in a thread that gives its connection back at once."""
    return await sync_to_async(_with_connection, thread_sensitive=False, executor=ASIDE)(function, *arguments)


def _with_connection(function, *arguments):
    try:
        return function(*arguments)
    finally:
        connection.close()


async def ended(pk):
    """Waits, however long it takes, until a generation has come to its end."""
    async with watcher.listening() as news:
        while await aside(_is_open, pk):
            change = await next_of(news)
            while change and change[2] != pk:
                change = await next_of(news)


def _is_open(pk):
    return Generation.objects.open().filter(pk=pk).exists()


def newest():
    """Id of the last event: what a page shows is at least as new."""
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _known():
    """(newest id, the newest ids): what was there before the watcher looked for the first time."""
    ids = list(Event.objects.order_by("-pk").values_list("pk", flat=True)[: LATE + 1])
    return max(ids, default=0), set(ids)


def _disconnect():
    """One that the server closed stays broken until it is closed here too; the next query opens another."""
    connection.close()


def missed(user, after):
    """Generations of a person that changed after an event, oldest first, each once with its newest event id.

    Without those of batches: a page that shows a batch asks for it anew when it comes back.
    """
    rows = Event.objects.filter(user=user, pk__gt=after, generation__batch=None).order_by("pk")
    rows = rows.values_list("pk", "generation_id")[:REPLAY]
    return sorted((pk, generation) for generation, pk in {generation: pk for pk, generation in rows}.items())


def _news(after):
    rows = Event.objects.filter(pk__gt=after).order_by("pk")
    return list(rows.values_list("pk", "user_id", "generation_id", "generation__batch_id"))
