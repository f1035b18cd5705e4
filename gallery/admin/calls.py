"""The ledger to be read, call by call: at ten million of them no list of it goes through all."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from gallery import wiring, wording
from gallery.accounting import exports
from gallery.models import Call
from gallery.pricing import KINDS

from .reading import ReadOnly

LINKED_FILTERS = {f"generation__{name}" for name in (*exports.CUTS.values(), "key__isnull")}


class NewestPages(Paginator):
    """Counts no further than anybody turns pages: to count a month of calls through a join takes seconds."""

    most = 10_000

    @cached_property
    def count(self):
        return self.object_list[: self.most].count()


class WordFilter(admin.SimpleListFilter):
    """By a word that the code knows: to ask the ledger which occur in it would read all of it."""

    words = ()

    def lookups(self, request, model_admin):
        return [(word, word) for word in sorted(self.words)]

    def queryset(self, request, queryset):
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class ErrorFilter(WordFilter):
    title = _("error")
    parameter_name = "error_code"
    words = wording.SENTENCES


class ProtocolFilter(WordFilter):
    title = _("protocol")
    parameter_name = "protocol"
    words = wiring.PROTOCOLS


class OddUsage(admin.SimpleListFilter):
    title = _("usage")
    parameter_name = "usage"

    def lookups(self, request, model_admin):
        return [("odd", _("odd"))]

    def queryset(self, request, queryset):
        return queryset.exclude(usage_flags=[]) if self.value() == "odd" else queryset


@admin.register(Call)
class CallAdmin(ReadOnly):
    list_display = ["id", "generation", "status", "sent_at", "http_status", *KINDS, "cost_usd"]
    list_filter = ["status", OddUsage, "may_have_been_billed", ProtocolFilter, ErrorFilter]
    list_select_related = ["generation"]
    ordering = ["-sent_at"]  # by an index, which the dashboard's links go along
    paginator = NewestPages
    search_fields = ["upstream_id", "generation__prompt"]
    show_full_result_count = False  # counting all would read millions of rows

    def lookup_allowed(self, lookup, value, request):
        """The dashboard's numbers lead here by these, which are too many to stand in the sidebar."""
        return lookup in LINKED_FILTERS or super().lookup_allowed(lookup, value, request)
