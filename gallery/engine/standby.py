"""A few calls more than may be out stand by, claimed and prepared: one of them goes as soon as another is back.

Only beside the one worker of SQLite. Of several, another might have a free place for what stands by here.
"""

import asyncio
from contextlib import asynccontextmanager

MOST = 4  # calls; whoever asks meanwhile comes after them
SHARE = 4  # of so many that may be out, one stands by: with a few out, four would be long before whoever comes


class Standby:
    """Of a worker of whose calls `in_flight` may be out."""

    def __init__(self, in_flight):
        self.most = min(MOST, in_flight // SHARE)
        self._places = asyncio.Semaphore(in_flight)
        self._is_over = False

    @asynccontextmanager
    async def place(self):
        """For a call, until it is back: gives the function that it awaits before it goes out. False: it must not.

        They go in the order in which they come here, however long each takes to prepare.
        """
        taking = asyncio.create_task(self._take())

        async def may_go():
            return await taking

        try:
            yield may_go
        finally:
            if taking.done() and not taking.cancelled() and taking.result():
                self._places.release()
            taking.cancel()

    async def _take(self):
        await self._places.acquire()
        if self._is_over:
            self._places.release()
        return not self._is_over

    def end(self):
        """None of those that stand by goes any more."""
        self._is_over = True
        self._places.release()  # a place for each of them in turn: whoever has it hands it on
