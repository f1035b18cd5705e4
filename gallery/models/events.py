"""What changed and for whom, in order: the table behind the live pages."""

from django.conf import settings
from django.db import models


class EventManager(models.Manager):
    def append(self, generation, preview=""):
        """Say that a generation changed; call it inside the transaction that changes it."""
        return self.create(generation=generation, user_id=generation.user_id, preview=preview)

    def append_all(self, generations):
        self.bulk_create(self.model(generation_id=one.pk, user_id=one.user_id) for one in generations)


class Event(models.Model):
    """Appended inside the transaction that made the change; read as `id > last` by `gallery.events`."""

    generation = models.ForeignKey("gallery.Generation", models.CASCADE, related_name="events")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    preview = models.CharField('a partial picture\'s file in the storage "previews"', max_length=120, blank=True)

    objects = EventManager()

    def __str__(self):
        return f"{self.pk}: generation {self.generation_id}"
