"""Closes months, and says in the audit log who closed them and who took them out."""

from django.db import transaction

from gallery.accounting import closing
from gallery.models import MonthClose

from . import audit


def close(user, standing, *, billed_usd, note=""):
    """Freeze a month as it stands beside what was billed; whoever comes second gets the first one's row."""
    with transaction.atomic():
        row, is_new = MonthClose.objects.get_or_create(
            month=standing.period.start,
            defaults={
                "billed_usd": billed_usd,
                "note": note,
                "snapshot": closing.snapshot(standing.period),
                "closed_by": user,
            },
        )
        if is_new:
            audit.note(user, audit.Action.CLOSED, row, after={"billed_usd": billed_usd, "note": note})
    return row


def note_export(user, row):
    audit.note(user, audit.Action.EXPORTED, row)
