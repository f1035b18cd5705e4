"""One call from the queue to its answer: claim, prepare, commit `sent`, post, hand the answer to results."""

import asyncio
import logging
import os
import secrets
import shutil
import socket
from contextvars import copy_context
from datetime import timedelta
from functools import partial

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django_tasks import task

from gallery import catalog, logs, pictures, wiring
from gallery.models import Call, Event, Generation, Input, ModelEntry
from gallery.ofox.errors import OfoxError
from gallery.ofox.messages import Attachment, ImageRequest, Operation

from . import files, gate, previews, results, turns

logger = logging.getLogger(__name__)

# Never the name of a worker before us, whose calls would seem ours: in a container every process has the same number.
WORKER = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"

running = []  # ids of the calls that this process is at, from the claim to the end


def enqueue(call):
    """Tell the engine to run a call in its turn, not before its `run_after`; inside the transaction that wrote it."""
    if call.turn is None:
        [call.turn] = turns.take(call.generation.user)
        call.save(update_fields=["turn"])
    run_call.using(**turns.place(call)).enqueue(call.pk)


async def _at_once():
    return True


@task
async def run_call(call_id, may_go=_at_once, on_answered=lambda: None):
    """Run a queued call to its end. A second delivery of the same call does nothing.

    Asks before the call goes out: with False it goes back to the queue. Says when it is out no more: what is left then
    is to store what came.
    """
    claimed = await claims.take(call_id)
    if claimed is None:
        return
    try:
        with logs.about(claimed[0].generation.request_id):
            await _run(*claimed, may_go, on_answered)
    finally:
        running.remove(call_id)


class Claims:
    """Those that are wanted in one turn of the event loop are claimed together: in as many queries as one of them, and
    by one way to the database's thread."""

    def __init__(self):
        self.wanted = []  # ids of calls
        self.claiming = None  # the task that will claim those

    async def take(self, call_id):
        """What _claim says of a call, to one of those that ask for it; None to all others."""
        if not self.wanted:
            self.claiming = asyncio.create_task(self._claim_wanted())
        self.wanted.append(call_id)
        ours = await asyncio.shield(self.claiming)  # one that is cancelled must not take the others with it
        return ours.pop(call_id, None)

    async def _claim_wanted(self):
        wanted, self.wanted = self.wanted, []
        return await sync_to_async(_claim)(wanted)


claims = Claims()


async def _run(call, entry, may_go, on_answered):
    folder = spool_folder(call)
    try:
        gateway = wiring.gateway()
        request = await asyncio.to_thread(_prepare, call, entry, folder)
    except NotSendable as error:
        await sync_to_async(results.record_unsent)(call, error.code, error.detail)
    except Exception:
        logger.exception("call %s could not be prepared", call.pk)
        await sync_to_async(results.record_unsent)(call, "studio_error_unsent")
    else:
        wait = 0  # where it may not go: it is in its turn again at once
        if await may_go():
            wait = await gate.patiently(partial(_pass_as_sent, call, request.summary))
            if wait == 0:
                return await _post(gateway, call, request, folder / "body", on_answered)
        if wait is not None:
            await sync_to_async(_put_back)(call, wait)
    await _discard(folder)


async def _post(gateway, call, request, spool, on_answered):
    watch = previews.Watch(call, spool)
    try:
        try:
            receipt = await gateway.send(
                request,
                spool,
                on_progress=watch.on_progress if call.streams else None,
                request_id=call.generation.request_id,
            )
        finally:
            on_answered()
    except OfoxError as error:
        await finish(call, spool, error=error)
    except Exception as error:
        full = isinstance(error, OSError) and error.errno in files.FULL
        logger.exception("the answer of call %s could not be written", call.pk)
        await sync_to_async(results.record_lost)(call, "disk_full" if full else "studio_error")
        await _discard(spool.parent)
    else:
        # A call whose answer was read makes room for the next; one whose pictures are stored makes none.
        await gateway.caught_up()
        await finish(call, spool, receipt=receipt)
    finally:
        await watch.end()


async def finish(call, spool, *, receipt=None, error=None):
    """End a sent call with the answer in its spool file, or with the error that came instead; then the spool goes."""
    outcome = await _gather(call, spool, receipt, error)
    await sync_to_async(_record)(call, outcome)
    if outcome.is_safe:
        await _discard(spool.parent)


async def bring_in(call, spool, receipt):
    """Try once more to store what came with an answer that is in the ledger. False where the storage refuses still."""
    outcome = await _gather(call, spool, receipt)
    await sync_to_async(results.bring_in)(call, outcome)
    if outcome.is_safe:
        await _discard(spool.parent)
    return outcome.is_safe


async def _gather(call, spool, receipt, error=None):
    gather = partial(copy_context().run, results.gather, call, spool, receipt, error)
    return await asyncio.get_running_loop().run_in_executor(files.decoders(spool), gather)


async def _discard(folder):
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _record(call, outcome):
    with transaction.atomic():
        if again := results.record(call, outcome):
            enqueue(again)


class NotSendable(Exception):
    """A call that cannot be sent as it is; nothing was charged."""

    def __init__(self, code, detail=""):
        super().__init__(code)
        self.code = code
        self.detail = detail


def spool_folder(call):
    """Where a call's inputs and its answer lie while it runs; on the worker's own disk.

    Named after the claim too: who lost the call before it was sent, to a pause or to another worker on this machine,
    and wakes when it is out after all, clears away what it prepared and nothing else.
    """
    return settings.SPOOL_DIR / f"call-{call.pk}-{call.worker.rpartition(':')[2]}-{call.claimed_at:%d%H%M%S%f}"


def spooled():
    """Folder on this machine -> id of the call that it is of."""
    return {folder: int(folder.name.split("-")[1]) for folder in settings.SPOOL_DIR.glob("call-*")}


def _claim(call_ids):
    """Id of a call that is ours to run -> the call and its model's entry of the catalogue, with all that preparing
    needs: other threads ask no database."""
    with transaction.atomic():
        claimed = Call.objects.claim(call_ids, WORKER)
        calls = Call.objects.select_related("generation").in_bulk(claimed)
        edits = [call for call in calls.values() if call.generation.is_edit]
        prefetch_related_objects(edits, "generation__inputs__image__generation")
        names = {call.generation.model for call in calls.values()}
        entries = {entry.name: entry for entry in ModelEntry.objects.filter(name__in=names)}
    running.extend(claimed)
    return {pk: (call, entries.get(call.generation.model)) for pk, call in calls.items()}


def _put_back(call, wait):
    """To the queue again, until the gate may let it pass, if it waits for that; unless it was cancelled meanwhile."""
    with transaction.atomic():
        Generation.objects.lock(call.generation_id)
        call.run_after = timezone.now() + timedelta(seconds=wait) if wait else None
        if Call.objects.put_back(call, call.run_after):
            enqueue(call)
            Event.objects.append(call.generation)


def _pass_as_sent(call, summary):
    """0 where the call may go: through the gate, and committed as sent before a byte goes out, so that a crash after it
    is known to be one that may cost money. Else the seconds to wait, or None where it is not ours to send any more."""
    with transaction.atomic():
        # Generation before call and gate, as everywhere: two orders would be a deadlock with somebody who cancels.
        Generation.objects.lock(call.generation_id)
        if wait := gate.pass_gate(call.turn or 0):
            return wait
        if not Call.objects.mark_sent(call, summary):
            return None
        waiting = Generation.objects.filter(pk=call.generation_id, status=Generation.Status.QUEUED)
        waiting.update(status=Generation.Status.RUNNING, started_at=call.sent_at)
        Event.objects.append(call.generation)
        return 0


def _prepare(call, entry, folder):
    """The wire request of a call, with its inputs as files that the model takes."""
    generation = call.generation
    if entry is None:
        raise NotSendable("model_not_found")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    spec, operation = entry.spec, Operation(generation.kind)
    inputs = generation.inputs_in_order if generation.is_edit else []
    images = [used for used in inputs if used.role == Input.Role.IMAGE]
    room = catalog.input_budget(spec, operation, len(images))
    mask = next((used for used in inputs if used.role == Input.Role.MASK), None)
    rules = spec.rules(operation)
    request = ImageRequest(
        model=generation.model,
        prompt=generation.prompt,
        operation=operation,
        options=catalog.wire_options(spec, operation, call.options),
        images=tuple(_attachment(used.image, folder, rules.input_formats, room) for used in images),
        mask=_attachment(mask.image, folder, ("png",), rules.mask_max_bytes) if mask else None,
    )
    return wiring.PROTOCOLS[call.protocol].build(request)


def _attachment(image, folder, formats, max_bytes):
    target = pictures.Target(formats=frozenset(formats), max_bytes=max_bytes or pictures.MAX_BYTES)
    try:
        original = files.local_copy(image, folder)
        prepared = pictures.prepare(original, target, folder / f"input-{image.pk}")
    except FileNotFoundError as error:
        raise NotSendable("input_missing") from error
    except pictures.NotAPicture as error:
        raise NotSendable("input_unfit", error.detail) from error
    if prepared is None:
        return Attachment(image.download_name, f"image/{image.format}", original)
    return Attachment(prepared.path.name, prepared.media_type, prepared.path)
