"""`manage.py recover`: what workers do by themselves, by hand."""

import asyncio

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from gallery.engine.fleet import living
from gallery.engine.locks import AlreadyRunning, Lock
from gallery.services.recovery import recover_calls


class Command(BaseCommand):
    help = "Bring calls of dead workers to an honest state: finished from disk, queued again, or interrupted."

    def handle(self, **options):
        if connection.vendor == "postgresql":
            asyncio.run(recover_calls(living()))
            return
        try:
            with Lock():
                asyncio.run(recover_calls())
        except AlreadyRunning as error:
            raise CommandError("A worker is running; it recovers calls by itself.") from error
