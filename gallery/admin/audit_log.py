"""The audit log, to be read and searched."""

from django.apps import apps
from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from gallery.models import AuditEntry

from .reading import ReadOnly


def kind_name(kind):
    """What people call a kind of thing; its own word for what is no row, or whose table is gone."""
    try:
        return apps.get_model(kind)._meta.verbose_name
    except (LookupError, ValueError):
        return kind or "–"


class KindFilter(admin.SimpleListFilter):
    title = _("kind of thing")
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        kinds = AuditEntry.objects.order_by("kind").values_list("kind", flat=True).distinct()
        return [(kind, kind_name(kind)) for kind in kinds if kind]

    def queryset(self, request, queryset):
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ["at", "who", "action", "thing", "subject", "what"]
    list_filter = ["action", KindFilter, ("user", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["subject", "user__username"]
    date_hierarchy = "at"

    class Media:
        css = {"all": ["css/tokens.css", "css/components/changes.css"]}

    @admin.display(description=_("person"), ordering="user__username", empty_value=_("the studio's own commands"))
    def who(self, entry):
        return entry.user

    @admin.display(description=_("kind of thing"), ordering="kind")
    def thing(self, entry):
        return kind_name(entry.kind)

    @admin.display(description=_("what changed"))
    def what(self, entry):
        names = dict.fromkeys((*entry.before, *entry.after))
        changes = [(name, entry.before.get(name), entry.after.get(name)) for name in names]
        return render_to_string("admin/gallery/auditentry/changes.html", {"changes": changes})
