"""Who changed what decides about money and people, and who looked at it: appended, never changed."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Action(models.TextChoices):
    ADDED = "added", _("Added")
    CHANGED = "changed", _("Changed")
    DELETED = "deleted", _("Deleted")
    EXPORTED = "exported", _("Exported")
    LOOKED = "looked", _("Looked at")
    CLOSED = "closed", _("Closed")


class AuditEntry(models.Model):
    """Names stand as they were: what is called otherwise today, or is gone, can still be read."""

    Action = Action

    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("person")
    )
    action = models.CharField(_("action"), max_length=8, choices=Action.choices)
    kind = models.CharField(_("kind of thing"), max_length=40)
    subject = models.CharField(_("thing"), max_length=300)
    subject_id = models.CharField(_("its id"), max_length=40, blank=True)
    before = models.JSONField(_("before"), default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(_("after"), default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=models.Q(action__in=Action.values), name="audited_action")]
        verbose_name = _("entry of the audit log")
        verbose_name_plural = _("audit log")

    def __str__(self):
        return f"{self.get_action_display()}: {self.kind} {self.subject}"
