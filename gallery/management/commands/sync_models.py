"""`manage.py sync_models`: puts up what the gateway's list of models says otherwise, for an admin to decide."""

import asyncio

from django.core.management.base import BaseCommand, CommandError

from gallery import wiring
from gallery.ofox import models_api
from gallery.ofox.errors import OfoxError
from gallery.services import proposals


class Command(BaseCommand):
    help = "Read the gateway's list of models; new models, ids, prices and what goes become proposals in the admin."

    def handle(self, **options):
        try:
            listing = models_api.read(asyncio.run(fetch()))
        except OfoxError as error:
            raise CommandError(f"The list of models could not be read: {error}") from error
        made = proposals.sync(listing)
        for proposal in made:
            self.stdout.write(str(proposal))
        self.stdout.write(f"{len(made)} new proposals; {len(listing)} models listed.")


async def fetch():
    try:
        return await wiring.gateway().models()
    finally:
        await wiring.close_gateway()
