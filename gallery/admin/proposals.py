"""Proposals of the gateway's list of models, to be accepted or dismissed."""

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from gallery.models import Proposal
from gallery.services import proposals

from .reading import ReadOnly


@admin.register(Proposal)
class ProposalAdmin(ReadOnly):
    list_display = ["model", "kind", "what", "status", "seen_at", "decided_by"]
    list_filter = ["status", "kind"]
    list_select_related = ["decided_by"]
    search_fields = ["model"]
    actions = ["accept", "dismiss"]

    @admin.display(description=_("what the list says"))
    def what(self, proposal):
        return ", ".join(f"{name}: {value}" for name, value in proposal.found.items() if value) or "–"

    def has_decide_permission(self, request):
        return request.user.has_perm("gallery.change_proposal")

    @admin.action(description=_("Accept: prices hold from now on, new models stay off"), permissions=["decide"])
    def accept(self, request, queryset):
        self._decide(request, queryset, proposals.accept)

    @admin.action(description=_("Dismiss"), permissions=["decide"])
    def dismiss(self, request, queryset):
        self._decide(request, queryset, proposals.dismiss)

    def _decide(self, request, queryset, do):
        done = sum(do(request.user, proposal) for proposal in queryset.order_by("pk"))
        words = ngettext("%(n)d proposal decided.", "%(n)d proposals decided.", done) % {"n": done}
        self.message_user(request, words, messages.SUCCESS if done else messages.WARNING)
