"""Which answers are read, of those that come at the same time."""

import asyncio
from contextlib import suppress
from typing import Self

AT_ONCE = 4  # answers
PAUSE = 0.02  # seconds without a chunk, after which an answer counts as slow
RUSH = 0.5  # seconds that answers which wait may hold up what came


class Places:
    """A few answers are read at a time, and those behind them wait in the kernel.

    The first are whole soon, and their calls' room free for others; of a hundred read side by side all would be whole
    at the end. A turn of the event loop has 4 chunks of 256 kB to write then, not 100, for which whatever else wants
    to run would wait 0.1 s.
    """

    def __init__(self):
        self._room = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._nobody_waits = asyncio.Event()
        self._nobody_waits.set()

    def one(self) -> "Place":
        return Place(self)

    async def take(self):
        self._waiting += 1
        self._nobody_waits.clear()
        try:
            await self._room.acquire()
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._nobody_waits.set()

    def give_back(self):
        self._room.release()

    async def caught_up(self):
        """When no answer waits to be read; in a rush that lasts, after a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RUSH):
                await self._nobody_waits.wait()


class Place:
    """`async with` it read an answer, and `keep` it with every chunk. Who lets others wait loses it and reads on
    without: an answer that comes slowly is in nobody's way."""

    def __init__(self, places: Places):
        self._places = places
        self._is_ours = False

    async def __aenter__(self) -> Self:
        await self._places.take()
        self._is_ours = True
        self._wait()
        return self

    async def __aexit__(self, *_):
        self._pass_on()

    def keep(self):
        if self._is_ours:
            self._timer.cancel()
            self._wait()

    def _wait(self):
        self._timer = asyncio.get_running_loop().call_later(PAUSE, self._pass_on)

    def _pass_on(self):
        if self._is_ours:
            self._is_ours = False
            self._timer.cancel()
            self._places.give_back()
