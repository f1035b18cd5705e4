"""How a page says that an action was not possible."""

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect


def refuse(request, sentence, *back):
    """422 with a toast for the page's scripts, which leave everything as it was; else a message where `back` leads."""
    if not request.htmx:
        messages.error(request, sentence)
        return redirect(*back)
    toast = json.dumps({"toast": {"message": str(sentence), "tone": "danger"}})
    return HttpResponse(status=422, headers={"HX-Reswap": "none", "HX-Trigger": toast})
