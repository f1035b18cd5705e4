"""Keys by which programs ask in a person's name; of their secrets only the hashes are here."""

import hashlib

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .projects import Project


def digest_of(secret):
    """A plain hash is enough: the secret is random and long, there is no dictionary to try."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKeyQuerySet(models.QuerySet):
    def of(self, user):
        return self.filter(user=user)

    def live(self):
        return self.filter(revoked_at=None)

    def with_secret(self, secret):
        """The one key in force that has this secret, or none."""
        return self.live().filter(digest=digest_of(secret), user__is_active=True)


class ApiKey(models.Model):
    """Belongs to a person and a project for good, and is never deleted: what was asked with it names it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="keys", verbose_name=_("person"))
    project = models.ForeignKey(Project, models.PROTECT, related_name="keys", verbose_name=_("project"))
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("how it begins"), max_length=20)
    digest = models.CharField(_("SHA-256 of the secret"), max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = _("key")
        verbose_name_plural = _("keys")

    def __str__(self):
        return f"{self.name} ({self.prefix}…)"
