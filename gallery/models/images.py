"""Picture files: outputs of calls and uploads, as they came."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery import pictures

from .projects import Project


class ImageQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_staff:
            return self
        return self.filter(project__in=Project.objects.visible_to(user))

    def kept(self):
        return self.filter(trashed_at=None)

    def trashed(self):
        return self.exclude(trashed_at=None)

    def outputs(self):
        return self.exclude(generation=None)

    def with_favourite_of(self, user):
        """Adds `is_favourite`, for this person."""
        return self.annotate(is_favourite=Exists(Favourite.objects.filter(image=OuterRef("pk"), user=user)))


class Image(models.Model):
    """One picture. The file is content-addressed: two rows may share one file."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="images")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="images")
    generation = models.ForeignKey("gallery.Generation", models.PROTECT, related_name="images", null=True)
    call = models.ForeignKey("gallery.Call", models.PROTECT, related_name="images", null=True)
    position = models.PositiveSmallIntegerField(default=0)
    filename = models.CharField(_("name it was uploaded with"), max_length=200, blank=True)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField(_("bytes"))
    format = models.CharField(_("format"), max_length=8)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    shown_width = models.PositiveIntegerField(_("width as shown, after EXIF rotation"))
    shown_height = models.PositiveIntegerField(_("height as shown, after EXIF rotation"))
    has_alpha = models.BooleanField(_("transparent"), default=False)
    animated = models.BooleanField(_("animated"), default=False)
    average_colour = models.CharField(max_length=7)
    differs = models.JSONField(_("differs from what was asked"), default=list)
    created_at = models.DateTimeField(_("arrived"), default=timezone.now)
    trashed_at = models.DateTimeField(_("trashed"), null=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "-id"], name="image_project", condition=Q(trashed_at=None)),
            models.Index(fields=["sha256"], name="image_sha256"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["call", "position"], name="one_image_a_place_in_an_answer"),
        ]
        verbose_name = _("image")
        verbose_name_plural = _("images")

    def __str__(self):
        return self.download_name

    @property
    def original_name(self):
        """Where the bytes as received lie in the storage "originals"."""
        return f"{self.sha256[:2]}/{self.sha256}.{self.format}"

    def preview_format(self, size):
        return pictures.preview_format(size, self.has_alpha)

    def preview_name(self, size):
        """Where a preview lies in the storage "previews"."""
        return f"{self.sha256[:2]}/{self.sha256}-{size}.{self.preview_format(size)}"

    @property
    def download_name(self):
        """A sensible file name: the first words of the prompt, or the upload's own name."""
        if self.generation_id is None and self.filename:
            return self.filename
        words = "".join(c if c.isalnum() else " " for c in self.generation.prompt).split() if self.generation_id else []
        stem = "-".join(words[:8])[:60] or "image"
        return f"{stem}-{self.pk}.{'jpg' if self.format == 'jpeg' else self.format}"

    @property
    def alt(self):
        return self.generation.prompt if self.generation_id else self.filename

    @property
    def placeholder_colour(self):
        """What stands in its place while it comes; none for a picture that shows what is behind it."""
        return "" if self.has_alpha else self.average_colour

    @property
    def aspect(self):
        return self.shown_width / self.shown_height

    @property
    def small_url(self):
        return reverse("gallery:image-small", args=[self.pk, self.sha256[:16]])

    @property
    def large_url(self):
        return reverse("gallery:image-large", args=[self.pk, self.sha256[:16]])

    @property
    def original_url(self):
        return reverse("gallery:image-original", args=[self.pk, self.sha256[:16]])

    def get_absolute_url(self):
        return reverse("gallery:image", args=[self.pk])


class Favourite(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="favourites")
    image = models.ForeignKey(Image, models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "image"], name="one_favourite_a_person_and_image")]

    def __str__(self):
        return f"{self.user}: {self.image_id}"
