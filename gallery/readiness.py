"""Is the studio ready to work? Each part with a sentence; nothing that a stranger may not read."""

import asyncio
import logging
import os
import time
from dataclasses import dataclass

from asgiref.sync import sync_to_async
from django.core.files.storage import storages
from django.db import connection

from gallery import wiring
from gallery.models import Worker

logger = logging.getLogger(__name__)

PATIENCE = 5  # seconds a part has to answer
GATEWAY_EVERY = 30  # seconds between two questions to the gateway, however often we are asked


@dataclass(frozen=True, slots=True)
class Part:
    ready: bool
    sentence: str


class Gateway:
    """Whether somebody answers there; asks for the public list of models, which costs nothing."""

    def __init__(self):
        self.asked_at = None
        self.reachable = False

    async def is_reachable(self):
        if self.asked_at is None or time.monotonic() > self.asked_at + GATEWAY_EVERY:
            self.reachable = False
            self.asked_at = time.monotonic()
            self.reachable = await wiring.gateway().ping()
        return self.reachable


gateway = Gateway()


async def parts():
    """Name to Part, asked side by side."""
    asked = {
        "database": _part(sync_to_async(_database), "The database answers.", "The database does not answer."),
        "originals": _storage("originals"),
        "previews": _storage("previews"),
        "worker": _part(
            sync_to_async(_workers), "A worker is running.", "No worker gave a sign of life in the last 30 seconds."
        ),
        "gateway": _part(gateway.is_reachable, "The gateway answers.", "The gateway does not answer."),
    }
    return dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))


async def _part(check, well, badly):
    try:
        async with asyncio.timeout(PATIENCE):
            ready = await check()
    except Exception:
        logger.warning(badly, exc_info=True)
        ready = False
    return Part(ready, well if ready else badly)


def _storage(name):
    return _part(
        lambda: asyncio.to_thread(_is_usable, storages[name]),
        f"The storage of {name} can be used.",
        f"The storage of {name} cannot be used.",
    )


def _database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _workers():
    return Worker.objects.alive().exists()


def _is_usable(storage):
    try:
        folder = storage.path("")
    except NotImplementedError:
        storage.connection.meta.client.head_bucket(Bucket=storage.bucket_name)
        return True
    while not os.path.exists(folder):  # made with the first file
        folder = os.path.dirname(folder)
    return os.access(folder, os.W_OK)
