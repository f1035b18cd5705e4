"""The audit log, to be read and searched."""

from django.apps import apps
from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from gallery.models import AuditEntry

from .reading import ReadOnly


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly):
    list_display = ["at", "who", "action", "thing", "subject", "what"]
    list_filter = ["action", "kind", ("user", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["subject", "user__username"]
    date_hierarchy = "at"

    @admin.display(description=_("person"), ordering="user__username", empty_value=_("the studio's own commands"))
    def who(self, entry):
        return entry.user

    @admin.display(description=_("kind of thing"), ordering="kind")
    def thing(self, entry):
        try:
            return apps.get_model(entry.kind)._meta.verbose_name
        except (LookupError, ValueError):  # something that is no row, or whose table is gone
            return entry.kind or "–"

    @admin.display(description=_("what changed"))
    def what(self, entry):
        names = dict.fromkeys((*entry.before, *entry.after))
        changes = [(name, entry.before.get(name), entry.after.get(name)) for name in names]
        return render_to_string("admin/gallery/auditentry/changes.html", {"changes": changes})
