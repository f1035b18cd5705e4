"""Many generations asked for at once: several prompts, or prompts x models x sizes x qualities."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .projects import Project


class BatchQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_staff:
            return self
        return self.filter(project__in=Project.objects.visible_to(user))


class Batch(models.Model):
    """Its generations carry the place in the grid; rows and columns are named here."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="batches", verbose_name=_("project"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="batches", verbose_name=_("person"))
    name = models.CharField(_("name"), max_length=200)
    rows = models.JSONField(_("names of the rows"), default=list)
    columns = models.JSONField(_("names of the columns"), default=list)
    token = models.UUIDField(_("form token"), unique=True, editable=False)
    paused_at = models.DateTimeField(_("paused"), null=True)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("batch")
        verbose_name_plural = _("batches")

    def __str__(self):
        return self.name
