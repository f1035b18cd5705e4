"""The ledger for spreadsheets: one row a call, a page of calls at a time, in columns that scripts rely on."""

import csv
import io
from decimal import ROUND_HALF_UP

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from gallery.models import Call, Input, Project
from gallery.pricing import KINDS, SIX_PLACES

# An empty cell of a number is unknown, never 0; an empty `key` is a person in the browser.
COLUMNS = (
    *("call", "generation", "at", "person", "project", "key", "model", "operation", "status"),
    *KINDS,
    *("input_images", "output_images", "estimated_usd", "cost_usd", "price", "upstream_id"),
)
PAGE = 1000  # calls read at once
# The ways to cut, as addresses name them, and a generation's columns of them.
CUTS = {"model": "model", "project": "project", "person": "user", "key": "key", "kind": "kind"}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet compute a cell instead of showing it


def calls_of(user):
    return Call.objects.filter(generation__user=user)


def calls_of_project(project):
    return Call.objects.filter(generation__project=project)


def all_calls():
    return Call.objects.all()


def managed_by(user):
    """Projects whose calls of everybody the person may see."""
    return Project.objects.managed_by(user)


def narrowed(calls, chosen):
    """By filters named as addresses name them; a key of 0 is none, as in the days of usage."""
    return calls.filter(**{f"generation__{CUTS[name]}": value or None for name, value in chosen.items()})


def within(calls, period):
    """Calls sent in a period; one that never went out counts by when it was queued."""
    start, end = period.moments
    sent = Q(sent_at__gte=start, sent_at__lt=end)
    return calls.filter(sent | Q(sent_at=None, created_at__gte=start, created_at__lt=end))


def page_after(calls, after=0, size=PAGE):
    """The next rows by id, oldest first: a keyset, so that the last page costs what the first did."""
    used = Input.objects.filter(generation=OuterRef("generation_id"), role=Input.Role.IMAGE).order_by()
    inputs = Subquery(used.values("generation").annotate(n=Count("pk")).values("n"))
    full = calls.select_related(*(f"generation__{name}" for name in ("user", "project", "key")))
    light = full.defer("sent", "answer", "headers", "raw_usage", "error_detail", "generation__prompt")
    return list(light.annotate(inputs=Coalesce(inputs, 0)).filter(pk__gt=after).order_by("pk")[:size])


def pages(calls):
    """All rows, page by page; no page holds the database while it is sent on."""
    after = 0
    while page := page_after(calls, after):
        yield page
        after = page[-1].pk


def row(call):
    """A call as COLUMNS name it. None is unknown."""
    generation = call.generation
    named = {
        "call": call.pk,
        "generation": call.generation_id,
        "at": (call.sent_at or call.created_at).astimezone(timezone.get_default_timezone()).isoformat(),
        "person": generation.user.get_username(),
        "project": generation.project.name,
        "key": generation.key and str(generation.key),
        "model": generation.model,
        "operation": generation.kind,
        "status": call.status,
        **call.tokens,
        "input_images": call.inputs,
        "output_images": call.pictures,
        "estimated_usd": estimated_usd(call),
        "cost_usd": call.cost_usd,
        "price": call.price_id,
        "upstream_id": call.upstream_id or None,
    }
    return {name: named[name] for name in COLUMNS}


def estimated_usd(call):
    """The call's share of what its generation was expected to cost."""
    estimate = call.generation.estimated_usd
    if estimate is None:
        return None
    return (estimate * call.wanted / call.generation.wanted).quantize(SIX_PLACES, ROUND_HALF_UP)


def csv_chunks(calls):
    """The CSV in pieces, its head first."""
    yield written([COLUMNS])
    for page in pages(calls):
        yield written([harmless(value) for value in row(call).values()] for call in page)


def written(rows):
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def harmless(value):
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
