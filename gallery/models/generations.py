"""What a person asked for, once, and the pictures it was asked with."""

from decimal import Decimal

from django.conf import settings
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery import wording
from gallery.logs import current_request_id

from .projects import Project
from .usage import Call


class Kind(models.TextChoices):
    GENERATE = "generate", _("Generate")
    EDIT = "edit", _("Edit")


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    PARTIAL = "partial", _("Partly succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    INTERRUPTED = "interrupted", _("Interrupted")


OPEN = (Status.QUEUED, Status.RUNNING)


class GenerationQuerySet(models.QuerySet):
    def visible_to(self, user):
        if user.is_staff:
            return self
        return self.filter(project__in=Project.objects.visible_to(user))

    def of(self, user):
        return self.filter(user=user)

    def outside_batches(self):
        return self.filter(batch=None)

    def open(self):
        return self.filter(status__in=OPEN)

    def lock(self, pk):
        """Until the transaction ends nobody else changes it or its calls; on SQLite the whole transaction is a lock.

        Reads no more than its key.
        """
        if connection.features.has_select_for_update:
            list(self.select_for_update().filter(pk=pk).order_by().values_list("pk"))

    def newest_answers(self, number):
        """Ids of the last calls that brought pictures.

        A query that names the calls' status makes SQLite go through all answers there ever were, for seconds.
        """
        answered = self.filter(calls__pictures__gt=0).order_by("-pk")
        return list(answered.values_list("calls", flat=True)[:number])


class Generation(models.Model):
    Kind = Kind
    Status = Status

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="generations", db_index=False, verbose_name=_("project")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="generations", verbose_name=_("person")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    model = models.CharField(_("model"), max_length=120)
    prompt = models.TextField(_("prompt"))
    options = models.JSONField(_("options"), default=dict)
    wanted = models.PositiveSmallIntegerField(_("number of images"), default=1)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.QUEUED)
    token = models.UUIDField(_("form token"), unique=True, editable=False)
    key = models.ForeignKey(
        "gallery.ApiKey", models.PROTECT, related_name="generations", null=True, verbose_name=_("key")
    )
    batch = models.ForeignKey("gallery.Batch", models.PROTECT, related_name="generations", null=True)
    batch_row = models.PositiveSmallIntegerField(_("row in its batch"), default=0)
    batch_column = models.PositiveSmallIntegerField(_("column in its batch"), default=0)
    request_id = models.CharField(_("request id"), max_length=64, blank=True, default=current_request_id)
    estimated_usd = models.DecimalField(_("estimate, $"), max_digits=14, decimal_places=6, null=True)
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_detail = models.TextField(_("error, in the gateway's words"), blank=True)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("ended"), null=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], name="generation_person"),
            models.Index(fields=["project", "-id"], name="generation_project"),
            models.Index(fields=["project", "user"], name="generation_people"),
            models.Index(fields=["model", "-id"], name="generation_model"),
            models.Index(fields=["status"], name="generation_status"),  # whole, for the reason given at Call
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="generation_status_is_known"),
            models.CheckConstraint(condition=Q(wanted__gte=1), name="generation_wants_a_picture"),
        ]
        verbose_name = _("generation")
        verbose_name_plural = _("generations")

    def __str__(self):
        return f"{self.pk}: {self.prompt[:60]}"

    @property
    def is_open(self):
        return self.status in OPEN

    @property
    def is_edit(self):
        return self.kind == Kind.EDIT

    @property
    def seconds(self):
        """How long it took from asking to the end; None while open."""
        return (self.finished_at - self.created_at).total_seconds() if self.finished_at else None

    @property
    def took(self):
        return wording.took(self.seconds)

    @property
    def settings(self):
        """Its options in words, without those that were left to the model."""
        return wording.settings(self.options)

    @property
    def pictures(self):
        """Its images in order, those in the trash left out; wants `images` prefetched."""
        return sorted(
            (image for image in self.images.all() if image.trashed_at is None),
            key=lambda image: (image.call_id, image.position),
        )

    @property
    def inputs_in_order(self):
        """Its inputs in order, the mask last; wants `inputs__image` prefetched."""
        return sorted(self.inputs.all(), key=lambda used: (used.role == Role.MASK, used.position))

    @property
    def cost_usd(self):
        """Dollars of the calls whose cost is known; None where none is. Wants `calls` prefetched."""
        known = [call.cost_usd for call in self.calls.all() if call.cost_usd is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def cost_is_complete(self):
        """False while any call has cost something and nobody knows what; a refusal that was not charged is no gap."""
        unsettled = (Call.Status.SENT, Call.Status.ANSWERED)
        return not any(
            call.cost_usd is None and (call.may_have_been_billed or call.status in unsettled)
            for call in self.calls.all()
        )

    @property
    def may_have_been_billed(self):
        """True where a call went out and the gateway never said what it cost."""
        return any(call.may_have_been_billed for call in self.calls.all())

    @property
    def waits_for_retry(self):
        """The queued call that repeats a refused one, if any; its `run_after` says when."""
        return next((call for call in self.calls.all() if call.status == Call.Status.QUEUED and call.attempt > 1), None)

    @property
    def calls_out(self):
        """How many of its calls were sent and not answered yet. Wants `calls` prefetched."""
        return sum(call.status == Call.Status.SENT for call in self.calls.all())

    @property
    def lacking(self):
        """How many pictures never came; one in the trash did. Wants `images` prefetched."""
        return max(0, self.wanted - len(self.images.all()))

    @property
    def is_retriable(self):
        """True where something failed and can be asked for again by itself."""
        return self.status in (Status.FAILED, Status.INTERRUPTED, Status.PARTIAL) and self.lacking > 0

    @property
    def sentence(self):
        """What happened and what to do next, for a person; empty when all is well."""
        return self._what_a_cancel_came_to if self.status == Status.CANCELLED else wording.sentence(self.error_code)

    @property
    def _what_a_cancel_came_to(self):
        calls = self.calls.all()
        costs = [call.cost_usd for call in calls if call.status == Call.Status.ANSWERED]
        settled = (Call.Status.SENT, Call.Status.ANSWERED)
        return wording.cancelled(
            was_sent=any(call.was_sent for call in calls),
            out=self.calls_out,
            answered=len(costs),
            usd=None if None in costs else sum(costs, Decimal(0)),
            lost=sum(call.may_have_been_billed and call.status not in settled for call in calls),
        )


class Role(models.TextChoices):
    IMAGE = "image", _("Image")
    MASK = "mask", _("Mask")


class Input(models.Model):
    Role = Role

    generation = models.ForeignKey(Generation, models.CASCADE, related_name="inputs")
    image = models.ForeignKey("gallery.Image", models.PROTECT, related_name="used_by")
    position = models.PositiveSmallIntegerField(default=0)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.IMAGE)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["generation", "role", "position"], name="one_input_a_position")]

    def __str__(self):
        return f"{self.role} {self.position} of generation {self.generation_id}"
