"""Django's admin for every table; the ledger is there to read, not to write."""

from django.contrib import admin

from gallery.models import Call, Event, Favourite, Generation, Image, Input, Membership, ModelEntry, Project

from . import audit_log, budgets, calls, keys, people, prices, proposals  # noqa: F401  they register themselves
from .actions import ACTIONS
from .audited import Audited
from .reading import ReadOnly

admin.site.site_header = admin.site.site_title = "Image Studio"
admin.site.index_title = ""


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(Project)
class ProjectAdmin(Audited, admin.ModelAdmin):
    list_display = ["name", "created_at", "archived_at"]
    search_fields = ["name"]
    inlines = [MembershipInline]


@admin.register(Membership)
class MembershipAdmin(Audited, admin.ModelAdmin):
    list_display = ["project", "user", "role"]
    list_filter = ["project", "role"]
    autocomplete_fields = ["user", "project"]


@admin.register(ModelEntry)
class ModelEntryAdmin(Audited, admin.ModelAdmin):
    list_display = ["label", "name", "position", "is_active"]
    list_editable = ["position", "is_active"]


class CallInline(admin.TabularInline):
    model = Call
    fields = ["id", "status", "attempt", "sent_at", "finished_at", "http_status", "cost_usd", "error_code"]
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = True


@admin.register(Generation)
class GenerationAdmin(ReadOnly):
    list_display = ["id", "created_at", "user", "project", "model", "kind", "wanted", "status"]
    list_filter = ["status", "kind", "model", "project"]
    search_fields = ["prompt"]
    list_select_related = ["user", "project"]
    inlines = [CallInline]
    actions = ACTIONS

    def has_act_permission(self, request):
        return request.user.has_perm("gallery.change_generation")


@admin.register(Image)
class ImageAdmin(ReadOnly):
    list_display = [
        "id",
        "project",
        "user",
        "generation",
        "format",
        "width",
        "height",
        "bytes",
        "created_at",
        "trashed_at",
    ]
    list_filter = ["format", "project"]
    search_fields = ["sha256", "filename", "generation__prompt"]
    list_select_related = ["generation", "project", "user"]


@admin.register(Input)
class InputAdmin(ReadOnly):
    list_display = ["id", "generation", "image", "position", "role"]
    list_select_related = ["generation", "image", "image__generation"]


@admin.register(Favourite)
class FavouriteAdmin(ReadOnly):
    list_display = ["id", "user", "image", "created_at"]
    list_select_related = ["user", "image", "image__generation"]


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ["id", "generation", "user", "at"]
    list_select_related = ["generation", "user"]
