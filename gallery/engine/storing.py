"""Answers that have come are stored beside the calls that are out, and hold up no other."""

import asyncio
import logging

logger = logging.getLogger(__name__)

MOST = 64  # answers on the worker's disk that are not stored yet; with more of them a call keeps its place
PATIENCE = 4  # seconds at the end for what is being stored, after those for the calls that are out

storing = set()


async def until_answered(task, *args, **kwargs):
    """Run a task, and be back when its call is out no more; what is left to do of it goes on beside.

    Cancelled before, it cancels the task too.
    """
    answered = asyncio.Event()
    whole = asyncio.create_task(_run(task, args, kwargs, answered))
    try:
        await answered.wait()
    except asyncio.CancelledError:
        whole.cancel()
        await asyncio.gather(whole, return_exceptions=True)
        raise
    if not whole.done():
        storing.add(whole)
        whole.add_done_callback(storing.discard)
    while len(storing) > MOST:
        await asyncio.wait(storing, return_when=asyncio.FIRST_COMPLETED)


async def _run(task, args, kwargs, answered):
    try:
        await task.acall(*args, **kwargs, on_answered=answered.set)
    except Exception:
        logger.exception("%s of %s failed", task.module_path, args)
    finally:
        answered.set()


async def until_stored():
    """For a while: what is still not stored then is found on the disk at the next start."""
    if storing:
        await asyncio.wait(storing, timeout=PATIENCE)
