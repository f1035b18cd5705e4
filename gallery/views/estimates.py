"""The admin's page of how good estimates are."""

from django.shortcuts import render
from django.views.decorators.http import require_GET

from gallery.accounting import estimates as learnt


@require_GET
def estimates(request):
    """Errors in percent of what the calls cost."""
    lines = [(model, number, 100 * middle, 100 * most) for model, number, middle, most in learnt.accuracy()]
    return render(request, "admin/usage/estimates.html", {"lines": lines, "measured": learnt.MEASURED})
