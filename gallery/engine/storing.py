"""Answers that have come are stored beside the calls that are out, and hold up no other."""

import asyncio
import logging

logger = logging.getLogger(__name__)

MOST = 128  # answers on the worker's disk that are not stored yet; with more of them a call keeps its place
PATIENCE = 4  # seconds at the end for what is being stored, after those for the calls that are out


class Storing:
    """Of one worker: the tasks that it has begun, and room for those whose calls are back."""

    def __init__(self):
        self.tasks = set()
        self.room = asyncio.Semaphore(MOST)

    async def until_answered(self, task, *args, **kwargs):
        """Run a task, and be back when its call is out no more; what is left to do of it goes on beside.

        Cancelled before, it cancels the task too.
        """
        answered = asyncio.Event()
        whole = asyncio.create_task(_run(task, args, kwargs, answered))
        self.tasks.add(whole)
        whole.add_done_callback(self.tasks.discard)
        try:
            await answered.wait()
        except asyncio.CancelledError:
            whole.cancel()
            await asyncio.gather(whole, return_exceptions=True)
            raise
        await self.room.acquire()
        whole.add_done_callback(lambda _: self.room.release())

    async def until_stored(self):
        """For a while: what is still not stored then is found on the disk at the next start."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=PATIENCE)


async def _run(task, args, kwargs, answered):
    try:
        await task.acall(*args, **kwargs, on_answered=answered.set)
    except Exception:
        logger.exception("%s of %s failed", task.module_path, args)
    finally:
        answered.set()
