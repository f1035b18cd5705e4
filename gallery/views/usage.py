"""Usage: what my pictures came to, and those of the projects I manage."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_GET

from gallery.accounting import allowances, spending
from gallery.forms.usage import UsageForm

from . import access
from .reports import Report, history_url


@require_GET
def usage(request):
    """Mine; of everybody in a project where `of` names one that I manage."""
    form = UsageForm(request.GET)
    managed = spending.projects_managed_by(request.user)
    whole = form.cleaned_data.get("of")
    if whole and whole not in {project.pk for project in managed}:
        raise Http404
    report = Report(form, _days(request.user, whole), _links(request.user, whole))
    context = {"managed": managed, "of": whole, "budgets": allowances.standings(access.budgets_of(request.user, whole))}
    return render(request, "gallery/usage.html", report.context() | context)


def _days(user, project):
    return spending.days_seen_by(user).filter(project=project) if project else spending.days_of(user)


def _links(user, project):
    mine = {"project": project} if project else {"person": user.pk}
    return lambda period, filters: history_url(period, filters | mine)
