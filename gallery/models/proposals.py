"""What the gateway's list of models says otherwise than the studio; a person decides on each."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    MODEL = "model", _("New model")
    ALIAS = "alias", _("Another id of a model")
    DEPRECATED = "deprecated", _("Model goes")
    PRICE = "price", _("Other price")


class Status(models.TextChoices):
    OPEN = "open", _("Open")
    ACCEPTED = "accepted", _("Accepted")
    DISMISSED = "dismissed", _("Dismissed")


class Proposal(models.Model):
    """`found` is what the list says; the same finding is proposed once, whatever was decided on it."""

    Kind = Kind
    Status = Status

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    model = models.CharField(_("model id"), max_length=120)
    found = models.JSONField(_("what the list says"), default=dict)
    fingerprint = models.CharField(max_length=64, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status.choices, default=Status.OPEN)
    seen_at = models.DateTimeField(_("first seen"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided"), null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "model", "fingerprint"], name="one_proposal_a_finding"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="proposal_status_is_known"),
        ]
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")

    def __str__(self):
        return f"{self.get_kind_display()}: {self.model}"
