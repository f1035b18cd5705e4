"""After a crash: every call is finished from its spool, sent back to the queue, or put before a person."""

import asyncio
import logging
import shutil

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Q

from gallery import logs
from gallery.models import Call, Event, Generation
from gallery.models.usage import UNDER_WAY
from gallery.ofox.client import read_receipt
from gallery.ofox.errors import OfoxSilent

from . import calls, previews, results
from .results import UNKEPT, UNSTORED, WORKER_STOPPED

logger = logging.getLogger(__name__)


async def recover_calls(alive=frozenset(), here=frozenset()):
    """Bring every call that none of the workers `alive` is at to an honest state.

    The workers `here` are processes of this machine, alive or frozen. One that is not among the living has its calls
    given up, but what arrives in its spool is left to it: it may yet wake and bring an answer.
    Several at once do no harm, for only one of them can end a call; but it would be work done twice.
    """
    others = here - {calls.WORKER}
    for call in await sync_to_async(_left_behind)(alive, here | {calls.WORKER}):
        try:
            with logs.about(call.generation.request_id):
                await _end(call, spool_is_ours=call.worker not in others)
        except Exception:
            logger.exception("call %s could not be recovered", call.pk)
    await _bring_in()
    await sync_to_async(_take_back)(alive, others)
    await sync_to_async(_enqueue_lost)()
    await sync_to_async(_sweep)()


async def _end(call, spool_is_ours):
    if not spool_is_ours:
        return await sync_to_async(results.record)(call, results.Outcome(error=OfoxSilent(WORKER_STOPPED)))
    spool = calls.spool_folder(call) / "body"
    receipt = await asyncio.to_thread(read_receipt, spool)
    if receipt and receipt.complete:
        logger.info("call %s had its whole answer on disk; it is used", call.pk)
        await calls.finish(call, spool, receipt=receipt)
    else:
        logger.warning("call %s was sent and never answered; it may have been billed", call.pk)
        await calls.finish(call, spool, error=OfoxSilent(WORKER_STOPPED))
    await sync_to_async(previews.forget_left)(call)


async def _bring_in():
    """Store what came when the storage took nothing; one by one, until it refuses again."""
    for call in await sync_to_async(_unstored)():
        spool = calls.spool_folder(call) / "body"
        try:
            receipt = await asyncio.to_thread(read_receipt, spool)
            if receipt and receipt.complete and not await calls.bring_in(call, spool, receipt):
                break
        except Exception:
            logger.exception("the pictures of call %s could not be brought in", call.pk)


def _unstored():
    waiting = Call.objects.filter(status=Call.Status.ANSWERED, error_code__in=UNSTORED, pk__in=calls.spooled().values())
    return list(waiting.exclude(pk__in=list(calls.running)).select_related("generation"))


def _left_behind(alive, here):
    """Sent calls that nobody waits for; and given up ones whose answer lies here, where nobody is to take it."""
    answered = Q(error_code=WORKER_STOPPED, pk__in=calls.spooled().values())
    given_up = _abandoned(Call.Status.INTERRUPTED, here) & answered
    return list(Call.objects.filter(_abandoned(Call.Status.SENT, alive) | given_up).select_related("generation"))


def _abandoned(status, alive):
    """In a status, and their worker is dead, or is this one and lost them to an error."""
    lost = Q(worker=calls.WORKER) & ~Q(pk__in=list(calls.running))
    return Q(status=status) & (~Q(worker__in=alive) | lost)


def _take_back(alive, others):
    """Claimed calls never went out."""
    for call in Call.objects.filter(_abandoned(Call.Status.CLAIMED, alive)):
        if call.worker not in others:
            shutil.rmtree(calls.spool_folder(call), ignore_errors=True)
        with transaction.atomic():
            generation = Generation.objects.select_for_update().get(pk=call.generation_id)
            if Call.objects.put_back(call, call.run_after):
                Event.objects.append(generation)


def _enqueue_lost():
    """The call rows say what is to be done: what the engine does not know of it is told to it anew."""
    with transaction.atomic():
        queued = Call.objects.filter(status=Call.Status.QUEUED).not_paused()
        known = calls.run_call.get_backend().waiting(calls.run_call)
        lost = set(queued.values_list("pk", flat=True)).difference(known)
        for call in Call.objects.filter(pk__in=lost).select_related("generation").order_by("pk"):
            calls.enqueue(call)


def _sweep():
    """A worker may die after a call has ended and before its spool has gone. What holds unkept pictures stays."""
    folders = calls.spooled()
    over = Call.objects.filter(pk__in=folders.values()).exclude(status__in=UNDER_WAY)
    gone = set(over.exclude(error_code__in=(*UNKEPT, WORKER_STOPPED)).values_list("pk", flat=True))
    for folder, pk in folders.items():
        if pk in gone:
            shutil.rmtree(folder, ignore_errors=True)
