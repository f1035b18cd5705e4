"""History: every generation, failed ones too; and each with its calls."""

import json

from django.shortcuts import render
from django.views.decorators.http import require_GET

from gallery import events, pricing
from gallery.forms.lists import FilterForm
from gallery.models import Generation
from gallery.queries import pages

from . import access
from .gallery import next_page
from .shell import Shell
from .studio import with_rights

NARROWED = ("since", "until", "kind", "key")  # filters that only links bring, from the usage pages


@require_GET
def history(request):
    """The table; as a fragment, its next rows."""
    filters = FilterForm(request.GET).chosen
    names = {name: filters[name] for name in ("status", "model", "kind", "person", "project", "key", "since", "until")}
    rows = pages.history(request.user, text=filters["q"] or "", **names)
    shown, next_id = pages.page_before(rows, filters["before"], pages.PAGE)
    context = {
        "generations": rows_of(request.user, shown),
        "filters": filters,
        "next_url": next_page(request, filters, next_id),
        "narrowed": [(name, filters[name]) for name in NARROWED if filters[name] not in (None, "")],
    }
    if request.htmx and not request.htmx.boosted:
        return render(request, "gallery/_history_rows.html", context)
    return render(request, "gallery/history.html", context | {"choices": choices(request)})


@require_GET
def row(request, pk):
    """One row anew, when its generation has changed."""
    [shown] = rows_of(request.user, [access.generation(request.user, pk)])
    return render(request, "gallery/_history_row.html", {"generation": shown})


def rows_of(user, generations):
    """Puts what a row shows on generations."""
    return with_rights(user, [with_sums(generation) for generation in pages.complete_cards(generations)])


def with_sums(generation):
    """Puts the tokens of all its calls on a generation; None where no call said."""
    calls = generation.calls.all()
    for name, kinds in (("tokens_in", pricing.IN_KINDS), ("tokens_out", pricing.OUT_KINDS)):
        known = [number for call in calls for kind in kinds if (number := getattr(call, kind)) is not None]
        setattr(generation, name, sum(known) if known else None)
    return generation


def choices(request):
    projects = Shell(request).projects
    people = pages.people_of(projects)
    return {
        "status": Generation.Status.choices,
        "model": pages.model_labels().items(),
        "person": [(str(person.pk), person.get_full_name() or person.username) for person in people],
        "project": [(str(project.pk), project.name) for project in projects],
    }


@require_GET
def generation(request, pk):
    newest_event = events.newest()
    shown = access.generation(request.user, pk)
    [shown] = with_rights(request.user, pages.complete_cards([shown]))
    calls = list(shown.calls.select_related("price"))
    for call in calls:
        call.sent_pretty = json.dumps(call.sent, indent=2, ensure_ascii=False)
        call.answer_pretty = json.dumps(call.answer, indent=2, ensure_ascii=False)
    context = {"generation": with_sums(shown), "calls": calls, "newest_event": newest_event}
    return render(request, "gallery/generation.html", context)
