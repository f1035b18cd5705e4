"""People and groups as Django has them, with what is changed of them written to the audit log."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group

from .audited import Audited

admin.site.unregister([get_user_model(), Group])


@admin.register(get_user_model())
class AuditedUserAdmin(Audited, UserAdmin):
    pass


@admin.register(Group)
class AuditedGroupAdmin(Audited, GroupAdmin):
    pass
