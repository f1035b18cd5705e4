"""Usage: what my pictures came to this month."""

from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from gallery import queries


@require_GET
def usage(request):
    start = queries.month_start(timezone.now())
    mine = queries.usage_of(request.user, start)
    total = mine["total"]
    before = queries.spent_between(request.user, queries.month_before(start), start)
    unknown = ngettext("%d call may have been billed", "%d calls may have been billed", total["unknown"])
    figures = [
        (_("Spent"), total["cost"], unknown % total["unknown"] if total["unknown"] else _("every call accounted for")),
        (_("Last month"), before, _("the whole month")),
        (_("Calls"), total["calls"], _("sent to the gateway")),
    ]
    context = {"month": date_format(start, "YEAR_MONTH_FORMAT"), "figures": figures}
    return render(request, "gallery/usage.html", context | {"by_model": mine["by_model"], "by_day": mine["by_day"]})
