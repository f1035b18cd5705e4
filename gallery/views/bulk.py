"""Several generations at once: what it means is said first, and done when the person has confirmed it."""

import json
import uuid

from django.contrib import messages
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from gallery.forms.lists import BulkForm
from gallery.queries.stakes import weigh
from gallery.services import bulk as service
from gallery.services.budgets import BudgetExceeded

from . import access
from .history import rows_of
from .refusal import refuse


@require_POST
def bulk(request):
    form = BulkForm(request.POST)
    if not form.is_valid():
        return refuse(request, form.problem, "gallery:history")
    wish = form.cleaned_data
    stakes = weigh(wish["action"], access.generations_to_change(request.user, wish["chosen"]))
    if not wish["confirmed"]:
        return ask(request, stakes)
    try:
        made = service.act(request.user, stakes, wish["token"])
    except BudgetExceeded as exceeded:
        return refuse(request, str(exceeded), "gallery:history")
    return tell(request, stakes, made)


def ask(request, stakes):
    template = "gallery/_confirmation.html" if request.htmx else "gallery/confirmation.html"
    return render(request, template, {"stakes": stakes, "token": uuid.uuid4()})


def tell(request, stakes, made):
    """The rows that changed and the new ones, out of band, and a sentence."""
    if not request.htmx:
        messages.success(request, stakes.done)
        return redirect("gallery:history")
    pks = [generation.pk for generation in (*stakes.generations, *made)]
    rows = rows_of(request.user, access.generations_to_change(request.user, pks))
    new = {generation.pk for generation in made}
    context = {
        "changed": [row for row in rows if row.pk not in new],
        "made": [row for row in rows if row.pk in new],
    }
    response = render(request, "gallery/_bulk_done.html", context)
    response["HX-Trigger"] = json.dumps({"toast": stakes.done, "deselect": ""})
    return response
