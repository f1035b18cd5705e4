"""The only code that ends a call, and with the last of its calls a generation."""

import copy
import logging
import random
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from gallery import catalog, oddities, pictures, pricing, wiring
from gallery.models import Call, Event, Generation, Image, Price
from gallery.models.usage import MOST_ATTEMPTS
from gallery.ofox.errors import RETRYABLE, OfoxError, OfoxGarbled, OfoxRefused, OfoxSilent, OfoxUnreachable

from . import files, gate, ledger

logger = logging.getLogger(__name__)

RETRY_DELAYS = (2, 5, 15)  # seconds before the 2nd, 3rd and 4th attempt, where the gateway names no time itself
WORKER_STOPPED = "worker_stopped"  # why a call was given up whose worker seemed dead
UNSTORED = ("disk_full", "not_stored")  # why pictures that came are in the spool alone, until the storage takes them
UNKEPT = (*UNSTORED, "studio_error")
LONGEST_WAIT = 600  # seconds; a gateway that asks for more is not waited for


class Outcome:
    """What became of a call, gathered before the database is touched."""

    def __init__(self, receipt=None, error=None):
        self.receipt = receipt
        self.answer = None
        self.kept = []  # (position, files.Kept)
        self.error = error  # OfoxError
        self.lost = ""  # code of why a picture that came is not kept

    @property
    def status(self):
        if self.answer is not None and not isinstance(self.error, OfoxSilent):
            return Call.Status.ANSWERED
        if isinstance(self.error, OfoxRefused):
            return Call.Status.REFUSED
        return Call.Status.INTERRUPTED if isinstance(self.error, OfoxSilent) else Call.Status.FAILED

    @property
    def code(self):
        return self.error.code if self.error and self.is_safe else self.lost

    @property
    def may_be_billed(self):
        """True where something was done for us, as far as we know; what it cost may still be found out."""
        return bool(self.answer or self.lost or (self.error and self.error.may_be_billed))

    @property
    def is_safe(self):
        """True where nothing that arrived would be lost with the spool file."""
        return self.lost not in UNKEPT


def gather(call, spool, receipt=None, error=None):
    """Read a call's answer from its spool file and store its pictures: files first, rows later.

    Takes the receipt of a whole answer, or the error that stood in its place. Slow: decodes every picture.
    """
    outcome = Outcome(receipt, error)
    try:
        if receipt:
            _read(call, spool, outcome)
        elif spool.exists():
            _keep_all(call, outcome, wiring.PROTOCOLS[call.protocol].salvage(spool))
    except Exception:  # nothing that comes may stop the worker, nor keep it from starting again
        logger.exception("the answer of call %s could not be read", call.pk)
        outcome.lost = "studio_error"
    return outcome


def _read(call, spool, outcome):
    try:
        outcome.answer = wiring.PROTOCOLS[call.protocol].read(spool, outcome.receipt)
    except OfoxError as error:
        outcome.error = error
        outcome.answer = getattr(error, "answer", None)
        if error.code == "not_json":  # one bad letter in the text makes all of it unreadable, but not the pictures
            _keep_all(call, outcome, wiring.PROTOCOLS[call.protocol].salvage(spool))
    if outcome.answer is not None:
        outcome.error = outcome.error or outcome.answer.refusal
        _keep_all(call, outcome, outcome.answer.pictures)
        # They are views of the mapped body: while it waits to be recorded, all of it would stay in memory.
        outcome.answer = replace(outcome.answer, pictures=())


def _keep_all(call, outcome, received):
    """Store each picture by itself: one that is damaged does not spoil the others."""
    for picture in received:
        try:
            outcome.kept.append((picture.index, files.keep(picture.decode())))
        except OfoxGarbled as error:
            outcome.lost = error.code
        except pictures.NotAPicture as error:
            outcome.lost = "too_many_pixels" if error.code == "too_many_pixels" else "not_a_picture"
            logger.warning("call %s: picture %s cannot be kept: %s", call.pk, picture.index, error)
        except Exception as error:  # each storage has errors of its own
            outcome.lost = "disk_full" if getattr(error, "errno", None) in files.FULL else "not_stored"
            logger.exception("call %s: picture %s could not be stored", call.pk, picture.index)


def record(call, outcome):
    """End a sent call in one transaction: images, tokens, cost, status, event. The call that repeats it, or None."""
    error = outcome.error
    with transaction.atomic(savepoint=False):
        generation = call.generation
        Generation.objects.lock(generation.pk)
        before, row = None, _as_it_ended(call, outcome)
        if not Call.objects.end(row):
            before = _given_up(call, outcome)
            if before is None:
                return None  # ended already, by an earlier delivery
            row = _as_it_ended(before, outcome, shown=before.images.count())
            Call.objects.end(row, Call.Status.INTERRUPTED)
        _write_images(row, outcome.kept)
        gate.learn(row.headers, row.sent_at)
        if error and error.code == "rate_limited":
            gate.push(error.retry_after)
        again = _retry(row, error) if error and Generation.objects.open().filter(pk=generation.pk).exists() else None
        ledger.book(row, before, is_repeated=again is not None)
        if row.wanted < generation.wanted or row.attempt > 1 or before:
            _settle(generation)
        else:
            _settle(generation, [again or row], len(outcome.kept))
    return again


def _given_up(call, outcome):
    """The row of a call that was given up because its worker seemed dead, where something of it is learnt at last: its
    answer, or that it never went out."""
    if not (outcome.receipt or outcome.kept or isinstance(outcome.error, OfoxUnreachable)):
        return None
    given_up = Call.objects.filter(pk=call.pk, status=Call.Status.INTERRUPTED, error_code=WORKER_STOPPED)
    return given_up.defer("sent").select_related("generation").first()


def _as_it_ended(call, outcome, shown=0):
    """A copy of the row as its end changes it; `shown` pictures of it came before."""
    row, error = copy.copy(call), outcome.error
    row.status = outcome.status
    row.finished_at = timezone.now()
    row.error_code = outcome.code
    row.error_detail = error.detail if error else ""
    row.may_have_been_billed = outcome.may_be_billed
    row.pictures = shown + len(outcome.kept)
    if outcome.receipt:
        row.http_status = outcome.receipt.status
        row.headers = outcome.receipt.headers
    elif error:
        row.http_status = error.status
    if outcome.answer is not None:
        _write_answer(row, outcome.answer)
    return row


def _write_answer(row, answer):
    usage = answer.usage
    for kind in pricing.KINDS:
        setattr(row, kind, getattr(usage, kind))
    row.raw_usage = usage.raw
    if usage.raw or row.status == Call.Status.ANSWERED:  # a refusal need not say what it used
        row.usage_flags = oddities.of(usage.raw)
    row.upstream_id = (answer.upstream_id or "")[:200]
    row.model_returned = (answer.model or "")[:200]
    row.answer = answer.envelope
    row.price = Price.objects.at(row.generation.model, row.sent_at)
    row.cost_usd = pricing.cost(row.price.per_million, usage) if row.price else None
    if row.cost_usd is not None:
        row.may_have_been_billed = False


def _write_images(row, kept):
    generation = row.generation
    for position, picture in kept:
        Image.objects.create(
            project_id=generation.project_id,
            user_id=generation.user_id,
            generation=generation,
            call=row,
            position=position,
            differs=_differences(generation.options, picture.measured),
            **picture.row(),
        )


def _differences(options, measured):
    """Words for what was asked and did not come."""
    pixels = catalog.expected_pixels(options.get("size"))
    asked_format = options.get("output_format")
    wrong = {
        "size": pixels and pixels != (measured.shown_width, measured.shown_height),
        "format": asked_format and asked_format != measured.format,
        "background": options.get("background") == "transparent" and not measured.has_alpha,
    }
    return [word for word, differs in wrong.items() if differs]


def _retry(row, error):
    """A new call for one that was never worked on, or None; the old row stays as it ended."""
    refused_stream = error.code == "stream_unsupported" and row.streams
    if not isinstance(error, RETRYABLE) and not refused_stream:
        return None
    wait = 0 if refused_stream else error.retry_after
    if row.attempt >= MOST_ATTEMPTS or (wait or 0) > LONGEST_WAIT:
        return None
    if wait is None:
        wait = RETRY_DELAYS[row.attempt - 1] * random.uniform(0.8, 1.2)  # so that a crowd does not come back at once
    return Call.objects.create(
        generation_id=row.generation_id,
        position=row.position,
        attempt=row.attempt + 1,
        wanted=row.wanted,
        protocol=row.protocol,
        turn=row.turn,
        may_stream=row.may_stream and not refused_stream,
        run_after=timezone.now() + timedelta(seconds=wait),
    )


def bring_in(call, outcome):
    """Show the pictures of an answer that could not be stored when it came; its row in the ledger is final as it is."""
    with transaction.atomic():
        Generation.objects.lock(call.generation_id)
        shown = set(call.images.values_list("position", flat=True))
        fresh = [(position, picture) for position, picture in outcome.kept if position not in shown]
        if fresh:
            _write_images(call, fresh)
            _settle(call.generation)


def record_unsent(call, code, detail=""):
    """End a claimed call that cannot be sent; nothing was charged."""
    _end(call, Call.Status.CLAIMED, status=Call.Status.FAILED, error_code=code, error_detail=detail)


def record_lost(call, code):
    """End a sent call whose answer could not be kept."""
    _end(call, Call.Status.SENT, status=Call.Status.FAILED, error_code=code, may_have_been_billed=True)


def _end(call, expected, **values):
    with transaction.atomic():
        Generation.objects.lock(call.generation_id)
        still = Call.objects.filter(pk=call.pk, status=expected)
        if still.update(finished_at=timezone.now(), **values):
            ended = Call.objects.select_related("generation").get(pk=call.pk)
            ledger.book(ended)
            _settle(ended.generation)


def _settle(generation, last=None, arrived=None):
    """Give the generation the status that its calls add up to, and say that it changed; one that a person cancelled
    stays so.

    Takes the last call of each place and the number of pictures from who knows them: of one call alone, its end does.
    """
    Event.objects.append(generation)
    if last is None:
        of_interest = ("generation", "position", "status", "error_code", "error_detail")
        last = {call.position: call for call in generation.calls.order_by("attempt").only(*of_interest)}.values()
        arrived = generation.images.count()
    if not any(call.is_under_way for call in last):
        uncancelled = Generation.objects.filter(pk=generation.pk).exclude(status=Generation.Status.CANCELLED)
        uncancelled.update(finished_at=timezone.now(), **_sum(generation.wanted, last, arrived))


def _sum(wanted, last, arrived):
    """What so many pictures of those wanted come to, and why there are no more."""
    failed = [call for call in last if call.error_code]
    interrupted = next((call for call in failed if call.status == Call.Status.INTERRUPTED), None)
    reason = interrupted or (failed[0] if failed else None)
    if arrived >= wanted:
        return {"status": Generation.Status.SUCCEEDED, "error_code": "", "error_detail": ""}
    if arrived:
        status, unexplained = Generation.Status.PARTIAL, "some_missing"
    else:
        status = Generation.Status.INTERRUPTED if interrupted else Generation.Status.FAILED
        unexplained = "no_image"
    return {
        "status": status,
        "error_code": reason.error_code if reason else unexplained,
        "error_detail": reason.error_detail if reason else "",
    }
