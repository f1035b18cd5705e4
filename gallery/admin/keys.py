"""Keys: who has which, to be read and revoked; the secret is nowhere, and its hash is not shown."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from gallery.models import ApiKey
from gallery.services import keys

from .reading import ReadOnly


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnly):
    list_display = ["name", "prefix", "user", "project", "created_at", "last_used_at", "revoked_at"]
    list_filter = [("revoked_at", admin.EmptyFieldListFilter), "project"]
    list_select_related = ["user", "project"]
    search_fields = ["name", "prefix", "user__username"]
    fields = list_display
    actions = ["revoke"]

    def has_revoke_permission(self, request):
        return request.user.has_perm("gallery.change_apikey")

    @admin.action(description=_("Revoke for good"), permissions=["revoke"])
    def revoke(self, request, chosen):
        for key in chosen:
            keys.revoke(request.user, key)
