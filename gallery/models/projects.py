"""Projects and who may do what in them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    EDITOR = "editor", _("Editor")
    MANAGER = "manager", _("Manager")


CREATORS = (Role.EDITOR, Role.MANAGER)


class ProjectQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Projects whose work the person may look at; staff look at all."""
        return self if user.is_staff else self.filter(memberships__user=user)

    def creatable_by(self, user):
        """Projects the person may make pictures in."""
        if user.is_staff:
            return self.filter(archived_at=None)
        return self.filter(archived_at=None, memberships__user=user, memberships__role__in=CREATORS)

    def managed_by(self, user):
        """Projects whose members the person may change."""
        if user.is_staff:
            return self
        return self.filter(memberships__user=user, memberships__role=Role.MANAGER)


class Project(models.Model):
    name = models.CharField(_("name"), max_length=120, unique=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("project")
        verbose_name_plural = _("projects")

    def __str__(self):
        return self.name


class Membership(models.Model):
    project = models.ForeignKey(Project, models.CASCADE, related_name="memberships", verbose_name=_("project"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("person")
    )
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.EDITOR)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role_a_person_and_project")]
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")

    def __str__(self):
        return f"{self.user} · {self.project} · {self.get_role_display()}"
