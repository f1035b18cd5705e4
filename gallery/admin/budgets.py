"""Budgets: how far each is used, what it allows, and lifting it for a day."""

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from gallery.accounting import allowances
from gallery.models import Budget
from gallery.services import budgets

from .audited import Audited


class StandingList(ChangeList):
    """Puts on every budget of the page how far it is used: a constant number of queries."""

    def get_results(self, request):
        super().get_results(request)
        self.result_list = [on(standing) for standing in allowances.standings(self.result_list)]


def on(standing):
    standing.budget.standing = standing
    return standing.budget


@admin.register(Budget)
class BudgetAdmin(Audited, admin.ModelAdmin):
    list_display = ["__str__", "scope", "used", "soft", "hard"]
    list_filter = ["scope"]
    list_select_related = ["project", "user", "key"]
    search_fields = ["project__name", "user__username", "key__name"]
    fields = ["scope", "project", "user", "key", "soft_usd", "hard_usd", "lifted_until"]
    readonly_fields = ["lifted_until"]
    actions = ["lift", "end_lift"]

    class Media:
        css = {"all": ["css/tokens.css", "css/components/budget.css"]}

    def get_changelist(self, request, **kwargs):
        return StandingList

    @admin.display(description=_("this month"))
    def used(self, budget):
        return render_to_string("components/budget.html", {"standing": budget.standing})

    @admin.display(description=_("soft limit, $ a month"), ordering="soft_usd", empty_value="–")
    def soft(self, budget):
        return None if budget.soft_usd is None else f"{budget.soft_usd:,.2f}"

    @admin.display(description=_("hard limit, $ a month"), ordering="hard_usd", empty_value="–")
    def hard(self, budget):
        return None if budget.hard_usd is None else f"{budget.hard_usd:,.2f}"

    @admin.action(description=_("Lift for a day"), permissions=["change"])
    def lift(self, request, chosen):
        for budget in chosen:
            budgets.lift(request.user, budget)
        words = ngettext("%d budget refuses nothing for a day.", "%d budgets refuse nothing for a day.", len(chosen))
        messages.success(request, words % len(chosen))

    @admin.action(description=_("End the lift"), permissions=["change"])
    def end_lift(self, request, chosen):
        for budget in chosen:
            budgets.end_lift(request.user, budget)
        words = ngettext("%d budget holds again.", "%d budgets hold again.", len(chosen))
        messages.success(request, words % len(chosen))
