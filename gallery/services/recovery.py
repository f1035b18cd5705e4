"""After a crash: every call is finished from its spool, sent back to the queue, or put before a person."""

import logging

from asgiref.sync import sync_to_async
from django.db import transaction
from django_tasks_db.models import DBTaskResult

from gallery.models import Call, Event
from gallery.ofox.client import read_receipt
from gallery.ofox.errors import OfoxSilent

from . import calls

logger = logging.getLogger(__name__)


async def recover_calls():
    """Bring every call of dead workers to an honest state. Only for a process that knows no other worker is alive."""
    for call in await sync_to_async(_left_behind)():
        spool = calls.spool_folder(call) / "body"
        receipt = read_receipt(spool)
        if receipt and receipt.complete:
            logger.info("call %s had its whole answer on disk; it is used", call.pk)
            await calls.finish(call, spool, receipt=receipt)
        else:
            logger.warning("call %s was sent and never answered; it may have been billed", call.pk)
            await calls.finish(call, spool, error=OfoxSilent("worker_stopped"))
    await sync_to_async(_queue_again)()


def _left_behind():
    return list(Call.objects.filter(status=Call.Status.SENT).select_related("generation"))


def _queue_again():
    """Claimed calls never went out. The engine's rows are made anew: the call rows alone say what is to be done."""
    with transaction.atomic():
        Call.objects.filter(status=Call.Status.CLAIMED).update(status=Call.Status.QUEUED, worker="", claimed_at=None)
        DBTaskResult.objects.filter(task_path=calls.run_call.module_path).delete()
        for call in Call.objects.filter(status=Call.Status.QUEUED).not_paused().select_related("generation"):
            calls.enqueue(call)
            Event.objects.append(call.generation)
