"""Who may sign in and what they may do in a project."""

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.crypto import get_random_string

from gallery.models import Membership, Project
from gallery.models.projects import Role

from . import audit


class LastManager(Exception):
    """A project would be left without anybody to manage it."""


def ensure_first_admin(username, password="", email=""):
    """Make the first admin where there is none, a manager of every project. Returns the password if it was made up."""
    people = get_user_model()
    if people.objects.filter(is_superuser=True).exists():
        return ""
    made_up = "" if password else get_random_string(16)
    with transaction.atomic():
        admin = people.objects.create_superuser(username, email, password or made_up)
        audit.note(None, audit.Action.ADDED, admin, after={"username": username, "is_superuser": True})
        for project in Project.objects.all():
            Membership.objects.get_or_create(project=project, user=admin, defaults={"role": Role.MANAGER})
    return made_up


def save_membership(by, project, user, role):
    """Add a person to a project, or give them another role. Raises LastManager."""
    with transaction.atomic():
        before = project.memberships.filter(user=user).first()
        membership, added = Membership.objects.update_or_create(project=project, user=user, defaults={"role": role})
        _must_have_a_manager(project)
        if added:
            audit.note(by, audit.Action.ADDED, membership, after={"role": role})
        elif before.role != role:
            audit.note(by, audit.Action.CHANGED, membership, {"role": before.role}, {"role": role})


def remove_membership(by, membership):
    """Take a person out of a project; what they made stays. Raises LastManager."""
    with transaction.atomic():
        audit.note(by, audit.Action.DELETED, membership, {"role": membership.role})
        membership.delete()
        _must_have_a_manager(membership.project)


def _must_have_a_manager(project):
    if not project.memberships.filter(role=Role.MANAGER).exists():
        raise LastManager(project.name)
