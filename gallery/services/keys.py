"""Makes and revokes keys. The secret exists here for a moment, and then only with whoever it was shown to."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

from gallery.models import ApiKey
from gallery.models.keys import digest_of

from . import audit

BEGINNING = "sk-studio-"
LETTERS = 40  # of 62 kinds: 238 bits
SHOWN = len(BEGINNING) + 6
USE_NOTED_EVERY = timedelta(minutes=1)


def make(user, *, project, name):
    """(the key, its secret), which can never be had again."""
    secret = BEGINNING + get_random_string(LETTERS)
    with transaction.atomic():
        key = ApiKey.objects.create(
            user=user, project=project, name=name, prefix=secret[:SHOWN], digest=digest_of(secret)
        )
        audit.note(user, audit.Action.ADDED, key, after={"person": user, "project": project})
    return key, secret


def revoke(by, key):
    """For good; nothing happens to one that is revoked already."""
    with transaction.atomic():
        now = timezone.now()
        if ApiKey.objects.live().filter(pk=key.pk).update(revoked_at=now):
            audit.note(by, audit.Action.CHANGED, key, {"revoked_at": None}, {"revoked_at": now})


def note_use(key):
    """When it was used last, to the minute: not every request need be a write."""
    now = timezone.now()
    if key.last_used_at is None or key.last_used_at < now - USE_NOTED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
