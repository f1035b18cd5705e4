"""The worker for PostgreSQL: procrastinate's, one of any number on any number of machines."""

import asyncio
import logging

import procrastinate
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError
from procrastinate.contrib.django import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager
from procrastinate.psycopg_connector import PsycopgConnector
from procrastinate.worker import Worker

from gallery.services import calls, gate, workers
from gallery.wiring import close_gateway

from . import locks
from .keeper import DRAIN, kept
from .storing import Storing

logger = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # seconds between looks; new calls are told by NOTIFY, only waits and the gate's room need looks
PAUSE = 1  # seconds after a look that failed
FORGOTTEN = 30 * 24 * 3600  # seconds; procrastinate's own rows of workers decide nothing here, they are only tidied
CONNECTIONS = 4  # for procrastinate; the ORM has one of its own, LISTEN another


class Jobs(JobManager):
    """procrastinate's, but outlives a database that is restarted, and takes only what the gate will soon let pass."""

    async def fetch_job(self, queues, worker_id):
        try:
            if await sync_to_async(gate.room)():
                return await super().fetch_job(queues, worker_id)
        except (ConnectorException, DatabaseError):
            logger.exception("the queue could not be read")
            await asyncio.sleep(PAUSE)
        return None

    async def finish_job(self, job, status, delete_job):
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException:
            logger.exception("job %s could not be taken away; its call is done with", job.id)

    async def update_heartbeat(self, worker_id):
        try:
            await super().update_heartbeat(worker_id)
        except ConnectorException:
            logger.exception("procrastinate's sign of life could not be given")

    async def listen_for_jobs(self, **how):
        while True:
            try:
                await super().listen_for_jobs(**how)
            except ConnectorException:
                logger.exception("new calls are not told; they are looked for")
                await asyncio.sleep(PAUSE)


class FleetWorker:
    """Runs tasks until `stop` is set, then drains, as the embedded worker does."""

    def __init__(self, in_flight):
        self.in_flight = in_flight
        self.storing = Storing()
        self.stop = asyncio.Event()

    async def run(self):
        settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
        async with self._make_app() as app, kept(left_alone, locks.held_here):
            engine = Worker(
                app,
                name=calls.WORKER,
                concurrency=self.in_flight,
                fetch_job_polling_interval=LOOK_EVERY,
                shutdown_graceful_timeout=DRAIN,
                stalled_worker_timeout=FORGOTTEN,
                delete_jobs="always",  # the call row is the record
                install_signal_handlers=False,
            )
            running = asyncio.create_task(engine.run())
            stopped = asyncio.create_task(self.stop.wait())
            await asyncio.wait([running, stopped], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            engine.stop()
            await running
            await self.storing.until_stored()
        await close_gateway()

    def _make_app(self):
        connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=CONNECTIONS)
        app = procrastinate.App(connector=connector)
        app.job_manager = Jobs(connector)
        app.task(self._run, name=calls.run_call.module_path)
        return app.open_async()

    async def _run(self, args, kwargs):
        await self.storing.until_answered(calls.run_call, *args, **kwargs)


def living():
    """Names of the workers that are alive: heard of lately, and not known to have died on this machine."""
    heard, dead = workers.alive(), locks.dead_here()
    locks.forget(dead - heard - workers.at_work())
    return heard - dead


def left_alone():
    """Names of the workers whose calls are not ours to look after.

    After those that died on this machine everybody looks, for here lie their answers; after the others only the
    first of the living, so that the work is done once. Not by a lock: a machine that lost power would keep it.
    """
    alive = living()
    is_first = min(alive, default=calls.WORKER) == calls.WORKER
    return alive if is_first else workers.at_work() - locks.dead_here()
