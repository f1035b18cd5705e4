"""Appends to the audit log: who changed prices, budgets, members, roles, keys and models, and who looked at exports."""

from django.db import models

from gallery.models import AuditEntry

Action = AuditEntry.Action
SECRET = ("password", "token", "secret", "session", "api_key")  # parts of names whose values are written nowhere


def note(user, action, subject, before=None, after=None):
    """Say who did what to a row, or to something that is called by a word; None is the studio's own commands.

    Call it inside the transaction of the change: there is no change without its entry.
    """
    is_row = isinstance(subject, models.Model)
    return AuditEntry.objects.create(
        user=user,
        action=action,
        kind=subject._meta.label_lower if is_row else "",
        subject=str(subject)[:300],
        subject_id=str(subject.pk or "") if is_row else "",
        before=plain(before),
        after=plain(after),
    )


def values(row):
    """What a row says, by the names of its fields."""
    return {field.name: getattr(row, field.name) for field in row._meta.concrete_fields if not field.primary_key}


def plain(named):
    """Values as JSON can hold them; of a secret only that there is one."""
    return {
        str(name): "•••" if any(part in name for part in SECRET) else _plain(value)
        for name, value in (named or {}).items()
    }


def _plain(value):
    if isinstance(value, models.Model):
        return str(value)
    if isinstance(value, models.QuerySet | list | tuple | set):
        return sorted(str(item) for item in value)
    return value
