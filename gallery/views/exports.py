"""The ledger as files: CSV to keep, JSON for spreadsheets that fetch it themselves."""

from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.http import JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from gallery.accounting import exports
from gallery.forms.exports import ExportForm
from gallery.services import audit


@require_GET
def usage_csv(request):
    form = ExportForm(request.GET, request.user)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    _note(request.user, form)
    name = f"usage-{form.period.start}-{form.period.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    chunks = streamed(exports.csv_chunks(form.calls))
    return StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8", headers=headers)


@require_GET
def usage_calls(request):
    """A page of calls; `next` is the address of the one after it, or null."""
    form = ExportForm(request.GET, request.user)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    after, limit = form.cleaned_data["after"] or 0, form.cleaned_data["limit"] or exports.PAGE
    if not after:
        _note(request.user, form)
    calls = exports.page_after(form.calls, after, limit + 1)
    more = calls[:limit][-1].pk if len(calls) > limit else None
    following = f"{reverse('gallery:usage-calls')}?{urlencode(request.GET.dict() | {'after': more})}" if more else None
    return JsonResponse({"calls": [exports.row(call) for call in calls[:limit]], "next": following})


async def streamed(chunks):
    """Asynchronous, because Django would read a plain iterator whole before it sends a byte."""
    while (chunk := await sync_to_async(next)(chunks, None)) is not None:
        yield chunk


def _note(user, form):
    """Who looks at what others spent is written down."""
    if form.whose:
        after = {"whose": form.whose, "from": form.period.start, "to": form.period.last, **form.chosen}
        audit.note(user, audit.Action.EXPORTED, form.cleaned_data["of"] or "calls", after=after)
