"""Which answers are read, of those that come at the same time."""

import asyncio
from typing import Self

AT_ONCE = 4  # answers
PAUSE = 0.02  # seconds without a chunk


class Places:
    """A few answers are read at a time, and those behind them wait in the kernel.

    The first are whole soon, and their places free for other calls; of a hundred read side by side all would be whole
    at the end. A turn of the event loop has 4 chunks of 256 kB to write then, not 100, for which whatever else wants
    to run would wait 0.1 s.
    """

    def __init__(self):
        self._room = asyncio.Semaphore(AT_ONCE)

    def one(self) -> "Place":
        return Place(self._room)


class Place:
    """`async with` it read an answer, and `keep` it with every chunk. Who lets others wait loses it and reads on
    without: an answer that comes slowly is in nobody's way."""

    def __init__(self, room: asyncio.Semaphore):
        self._room = room
        self._holds = False

    async def __aenter__(self) -> Self:
        await self._room.acquire()
        self._holds = True
        self._wait()
        return self

    async def __aexit__(self, *_):
        self._pass_on()

    def keep(self):
        if self._holds:
            self._timer.cancel()
            self._wait()

    def _wait(self):
        self._timer = asyncio.get_running_loop().call_later(PAUSE, self._pass_on)

    def _pass_on(self):
        if self._holds:
            self._holds = False
            self._timer.cancel()
            self._room.release()
