"""The admin's usage pages: everybody's spending, and the closing of months against the gateway's bill."""

import csv

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_GET, require_http_methods

from gallery import periods
from gallery.accounting import closing, spending
from gallery.forms.usage import CloseForm, UsageForm
from gallery.models import Call
from gallery.services import months

from .reports import Report, ledger_url


@require_GET
def dashboard(request):
    report = Report(UsageForm(request.GET), spending.books_seen_by(request.user), ledger_url)
    context = report.context()
    times = spending.answer_times(report.period)
    for line in context["tables"][0]["lines"]:
        model = line["key"]
        line |= {
            "errors_url": report.url(model=model, errors=1),
            "unknown_url": report.url(model=model, unknown=1),
            "refused_url": report.url(model=model, status=Call.Status.REFUSED),
            "times": times.get(model),
        }
    return render(request, "admin/usage/dashboard.html", context | {"latency_of": spending.LATENCY_OF})


@require_GET
def close(request):
    """All months, each with what the ledger says, what was billed, and whether it is closed."""
    return render(request, "admin/usage/months.html", {"months": closing.months()})


@require_http_methods(["GET", "POST"])
def close_month(request, month):
    standing = closing.standing(_month(month))
    may_close = request.user.has_perm("gallery.add_monthclose")
    form = CloseForm(request.POST or None)
    if request.method == "POST":
        if not may_close or not standing.can_be_closed:
            raise PermissionDenied
        if form.is_valid():
            months.close(request.user, standing, **form.cleaned_data)
            return redirect("usage:close-month", month)
    context = {"standing": standing, "form": form, "may_close": may_close, "calls_url": ledger_url(standing.period, {})}
    return render(request, "admin/usage/month.html", context, status=422 if form.errors else 200)


@require_GET
def close_csv(request, month):
    """The closed month as it stood, for a spreadsheet."""
    standing = closing.standing(_month(month))
    if standing.close is None:
        raise Http404
    months.note_export(request.user, standing.close)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="usage-{month}.csv"'
    csv.writer(response).writerows(closing.sheet(standing.close))
    return response


def _month(text):
    """A month that has begun, from 2026-11."""
    try:
        first = parse_date(f"{text}-01")
    except ValueError:
        first = None
    if first is None or first > periods.today():
        raise Http404
    return periods.month_of(first)
