"""Usage: what my pictures came to, and those of the projects I manage; statements of them to print."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_GET

from gallery.accounting import allowances, closing, spending
from gallery.forms.usage import StatementForm, UsageForm
from gallery.services import audit

from . import access
from .reports import Report, Statement, history_url


@require_GET
def usage(request):
    """Mine; of everybody in a project where `of` names one that I manage."""
    form = UsageForm(request.GET)
    managed = spending.projects_managed_by(request.user)
    whole = form.cleaned_data.get("of")
    if whole and whole not in {project.pk for project in managed}:
        raise Http404
    report = Report(form, _books(request.user, whole), _links(request.user, whole))
    context = {"managed": managed, "of": whole, "budgets": allowances.standings(access.budgets_of(request.user, whole))}
    return render(request, "gallery/usage.html", report.context() | context)


@require_GET
def statement(request):
    """A project's month on paper, for its managers; who looks at it is written down."""
    form = StatementForm(request.GET, request.user)
    if not form.is_valid():
        raise Http404
    project, period = form.cleaned_data["project"], form.period
    audit.note(request.user, audit.Action.EXPORTED, project, after={"statement": f"{period.start:%Y-%m}"})
    report = Statement(form.as_usage(), _books(request.user, project.pk), _links(request.user, project.pk))
    standing = closing.standing(period)
    context = {
        "project": project,
        "close": standing.close,
        "changed_from": report.usd_changed_from(standing.closed_sums_of(project)),
        "prices": spending.prices_of(project, period),
    }
    return render(request, "gallery/statement.html", report.context() | context)


def _books(user, project):
    return spending.books_seen_by(user).filter(project=project) if project else spending.books_of(user)


def _links(user, project):
    mine = {"project": project} if project else {"person": user.pk}
    return lambda period, filters: history_url(period, filters | mine)
