"""`manage.py worker`: runs queued calls until it is told to stop."""

import asyncio
import signal

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from gallery.engine.fleet import FleetWorker
from gallery.engine.locks import AlreadyRunning, Lock, OwnLock
from gallery.engine.worker import Worker
from gallery.management import memory, parent
from gallery.services.calls import WORKER


class Command(BaseCommand):
    help = "Run queued calls. SIGTERM or Ctrl-C lets the calls in flight finish first."

    def add_arguments(self, parser):
        parser.add_argument("--in-flight", type=int, default=settings.CALLS_IN_FLIGHT, help="calls at once")
        parent.add_argument(parser)

    def handle(self, *, in_flight, with_parent, **options):
        memory.keep_freed()
        memory.freeze_loaded()
        one_of_many = connection.vendor == "postgresql"
        kind, lock = (FleetWorker, OwnLock(WORKER)) if one_of_many else (Worker, Lock())
        try:
            with lock:
                asyncio.run(run(kind, in_flight, with_parent))
        except AlreadyRunning as error:
            raise CommandError(f"Another worker is running on the data folder {error}.") from error


async def run(kind, in_flight, with_parent):
    worker = kind(in_flight)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, worker.stop.set)
    if with_parent:
        parent.when_parent_goes(lambda: loop.call_soon_threadsafe(worker.stop.set))
    await worker.run()
