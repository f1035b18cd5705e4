"""`manage.py recover`: what the worker does at its start, by hand."""

import asyncio

from django.core.management.base import BaseCommand, CommandError

from gallery.engine.worker import AlreadyRunning, Lock
from gallery.services.recovery import recover_calls


class Command(BaseCommand):
    help = "Bring calls of a dead worker to an honest state: finished from disk, queued again, or interrupted."

    def handle(self, **options):
        try:
            with Lock():
                asyncio.run(recover_calls())
        except AlreadyRunning as error:
            raise CommandError("A worker is running; it recovers calls by itself when it starts.") from error
