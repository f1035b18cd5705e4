"""Partial pictures of calls that stream: small files for the page, gone when the call has ended."""

import asyncio
import contextlib
import logging

from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction

from gallery import pictures
from gallery.models import Call, Event, Generation
from gallery.ofox import images_api

from .files import DECODERS

logger = logging.getLogger(__name__)

FOLDER = "partial"  # of the storage "previews"


class Watch:
    """Looks through a call's spool file as it grows, and shows the newest partial picture in it."""

    def __init__(self, call, spool):
        self.call = call
        self.spool = spool
        self.read = 0  # bytes of the spool that were looked through
        self.shown = 0
        self.more = False
        self.looking = None

    def on_progress(self, size):
        """For every chunk that arrived, from the event loop; one look at a time, and never behind the newest."""
        self.more = True
        if self.looking is None or self.looking.done():
            self.looking = asyncio.create_task(self._look())

    async def end(self):
        """Stop looking; what was shown goes, for the pictures themselves are there now, or never will be."""
        self.more = False
        if self.looking:
            await self.looking  # cancelling it would not stop the thread that may be saving a file right now
            await asyncio.to_thread(forget, self.call, self.shown)

    async def _look(self):
        while self.more:
            self.more = False
            try:
                if name := await asyncio.get_running_loop().run_in_executor(DECODERS, self._draw):
                    await sync_to_async(_announce)(self.call, name)
            except Exception:
                logger.exception("a preview of call %s could not be shown", self.call.pk)  # never worth a call
                return

    def _draw(self):
        partials, self.read = images_api.partials(self.spool, self.read)
        if not partials:
            return ""
        small = pictures.study(partials[-1].decode()).small
        name = preview_name(self.call, self.shown)
        self.shown += 1
        return storages["previews"].save(name, ContentFile(small))


def preview_name(call, number):
    return f"{FOLDER}/{call.pk}-{number}.webp"


def forget(call, shown):
    for number in range(shown):
        storages["previews"].delete(preview_name(call, number))


def forget_left(call):
    """Those that a dead worker has shown, and one more that it may have drawn."""
    shown = Event.objects.filter(generation_id=call.generation_id, preview__startswith=f"{FOLDER}/{call.pk}-")
    forget(call, shown.count() + 1)


def forget_lost():
    """Those of calls that have ended, whose worker died between the end and this."""
    storage = storages["previews"]
    with contextlib.suppress(FileNotFoundError):
        names = storage.listdir(FOLDER)[1]
        of = {name: int(name.partition("-")[0]) for name in names}
        going = set(Call.objects.filter(pk__in=of.values(), status=Call.Status.SENT).values_list("pk", flat=True))
        for name in names:
            if of[name] not in going:
                storage.delete(f"{FOLDER}/{name}")


def _announce(call, name):
    with transaction.atomic():
        if Call.objects.filter(pk=call.pk, status=Call.Status.SENT).exists():
            Event.objects.append(Generation.objects.get(pk=call.generation_id), preview=name)
