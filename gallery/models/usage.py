"""The ledger: one row for every HTTP request sent to the gateway, and the prices it was costed with."""

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery import wording
from gallery.pricing import KINDS, PricesPerMillion


def dollars(label, **options):
    return models.DecimalField(label, max_digits=14, decimal_places=6, null=True, blank=True, **options)


class PriceQuerySet(models.QuerySet):
    def at(self, model, moment):
        """The row valid for a model at a moment, or None."""
        return self.filter(model=model, valid_from__lte=moment).order_by("-valid_from", "-id").first()


class Price(models.Model):
    """US dollars per million tokens of a kind, from a moment on. Empty is unknown, not free."""

    model = models.CharField(_("model"), max_length=120)
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    text_in = dollars(_("text in"))
    cached_text_in = dollars(_("cached text in"))
    image_in = dollars(_("image in"))
    cached_image_in = dollars(_("cached image in"))
    text_out = dollars(_("text out"))
    image_out = dollars(_("image out"))

    objects = PriceQuerySet.as_manager()

    class Meta:
        ordering = ["model", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["model", "valid_from"], name="one_price_a_model_and_moment"),
            *(
                models.CheckConstraint(condition=Q(**{f"{kind}__gte": 0}), name=f"price_{kind}_is_not_negative")
                for kind in KINDS
            ),
        ]
        verbose_name = _("price")
        verbose_name_plural = _("prices")

    def __str__(self):
        return f"{self.model} from {self.valid_from:%Y-%m-%d}"

    @property
    def dollars(self):
        """Of each kind, in their order, without noughts that say nothing; None is unknown."""
        return [None if usd is None else f"{usd.normalize():f}" for usd in (getattr(self, kind) for kind in KINDS)]

    @property
    def per_million(self):
        return PricesPerMillion(**{kind: getattr(self, kind) for kind in KINDS})


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    CLAIMED = "claimed", _("Claimed")
    SENT = "sent", _("Sent")
    ANSWERED = "answered", _("Answered")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")
    INTERRUPTED = "interrupted", _("Interrupted")
    CANCELLED = "cancelled", _("Cancelled before it was sent")


# What the end of a call writes.
END = (
    *("status", "finished_at", "pictures", "error_code", "error_detail", "may_have_been_billed"),
    *("http_status", "upstream_id", "model_returned", "headers", "answer"),
    *("raw_usage", "usage_flags", *KINDS, "price_id", "cost_usd"),
)
UNDER_WAY = (Status.QUEUED, Status.CLAIMED, Status.SENT)
MOST_ATTEMPTS = 4  # the first and three repeated ones


class CallQuerySet(models.QuerySet):
    def claim(self, ids, worker):
        """Ids of those calls that only this worker may run now, and of no paused batch; inside a transaction."""
        queued = self.filter(pk__in=ids, status=Status.QUEUED).not_paused()
        # By their ids: two workers that wait for each other's calls would be a deadlock.
        ours = list(queued.select_for_update().order_by("pk").values_list("pk", flat=True))
        self.filter(pk__in=ours).update(status=Status.CLAIMED, worker=worker, claimed_at=timezone.now())
        return ours

    def mark_sent(self, call, sent):
        """True where the call was still ours to send; committed before a byte goes out."""
        now = timezone.now()
        if not self.as_claimed(call).update(status=Status.SENT, sent=sent, sent_at=now):
            return False
        call.status, call.sent_at = Status.SENT, now
        return True

    def end(self, call, expected=Status.SENT):
        """True where the call was in that status still; then its row has all that came of it."""
        still = self.filter(pk=call.pk, status=expected)
        return still.update(**{name: getattr(call, name) for name in END}) == 1

    def put_back(self, call, run_after):
        """True where a claimed call waits in the queue again, until a moment."""
        values = {"status": Status.QUEUED, "worker": "", "claimed_at": None, "run_after": run_after}
        return self.as_claimed(call).update(**values) == 1

    def as_claimed(self, call):
        """The row of a call where it is claimed still, and by the same claim: it may have been paused and resumed."""
        return self.filter(pk=call.pk, status=Status.CLAIMED, worker=call.worker, claimed_at=call.claimed_at)

    def in_line(self):
        """Those that wait for their turn, and not for a moment."""
        return self.filter(status=Status.QUEUED, run_after=None, turn__isnull=False)

    def not_paused(self):
        """Without those of paused batches. Not by a join: PostgreSQL locks no row beside one that may be missing."""
        paused = self.model.objects.filter(pk=OuterRef("pk"), generation__batch__paused_at__isnull=False)
        return self.filter(~Exists(paused))

    def under_way(self):
        return self.filter(status__in=UNDER_WAY)


class Call(models.Model):
    Status = Status

    generation = models.ForeignKey("gallery.Generation", models.PROTECT, related_name="calls")
    position = models.PositiveSmallIntegerField(_("which of the side-by-side calls"), default=0)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    wanted = models.PositiveSmallIntegerField(_("images asked for"), default=1)
    protocol = models.CharField(_("protocol"), max_length=12)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.QUEUED)
    worker = models.CharField(_("worker"), max_length=80, blank=True)
    may_stream = models.BooleanField(_("may stream"), default=True)
    run_after = models.DateTimeField(_("not before"), null=True)
    turn = models.BigIntegerField(_("turn among people's calls"), null=True)
    created_at = models.DateTimeField(_("queued"), default=timezone.now)
    claimed_at = models.DateTimeField(_("claimed"), null=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    finished_at = models.DateTimeField(_("ended"), null=True)
    sent = models.JSONField(_("what was sent, without bytes"), default=dict)
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    upstream_id = models.CharField(_("upstream id"), max_length=200, blank=True)
    model_returned = models.CharField(_("model, as answered"), max_length=200, blank=True)
    headers = models.JSONField(_("answer's headers"), default=dict)
    answer = models.JSONField(_("the answer, without bytes"), default=dict)
    raw_usage = models.JSONField(_("usage, as answered"), null=True)
    usage_flags = models.JSONField(_("what is odd in its usage"), default=list)
    text_in = models.PositiveBigIntegerField(_("text in"), null=True)
    cached_text_in = models.PositiveBigIntegerField(_("cached text in"), null=True)
    image_in = models.PositiveBigIntegerField(_("image in"), null=True)
    cached_image_in = models.PositiveBigIntegerField(_("cached image in"), null=True)
    text_out = models.PositiveBigIntegerField(_("text out"), null=True)
    image_out = models.PositiveBigIntegerField(_("image out"), null=True)
    pictures = models.PositiveSmallIntegerField(_("images that came"), default=0)
    price = models.ForeignKey(Price, models.PROTECT, null=True, related_name="calls", verbose_name=_("price"))
    cost_usd = dollars(_("cost, $"))
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    error_detail = models.TextField(_("error, in the gateway's words"), blank=True)
    may_have_been_billed = models.BooleanField(_("may have been billed"), default=False)

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            # Whole, not for calls under way alone: SQLite never uses an index whose condition is an IN.
            models.Index(fields=["status", "run_after", "turn", "position"], name="call_line"),
            models.Index(fields=["sent_at"], name="call_sent"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="call_status_is_known"),
            models.UniqueConstraint(fields=["generation", "position", "attempt"], name="one_call_a_place_and_attempt"),
        ]
        verbose_name = _("call")
        verbose_name_plural = _("calls")

    def __str__(self):
        return f"call {self.pk} of generation {self.generation_id}"

    @property
    def options(self):
        """The generation's options as this call asks for them; one that follows a refusal to stream does not stream."""
        options = self.generation.options | {"n": self.wanted}
        return options if self.may_stream else {**options, "stream": None, "partial_images": None}

    @property
    def streams(self):
        return bool(self.options.get("stream"))

    @property
    def was_sent(self):
        return self.sent_at is not None

    @property
    def is_under_way(self):
        return self.status in UNDER_WAY

    @property
    def seconds(self):
        """From sending to the end of the answer; None where either is missing."""
        return (self.finished_at - self.sent_at).total_seconds() if self.sent_at and self.finished_at else None

    @property
    def took(self):
        return wording.took(self.seconds)

    @property
    def tokens(self):
        """Kind to number, unknown kinds as None."""
        return {kind: getattr(self, kind) for kind in KINDS}

    @property
    def odd_usage(self):
        """What is odd in what the gateway says of tokens, in words."""
        return [wording.ODDITIES[flag] for flag in self.usage_flags]

    @property
    def sentence(self):
        return wording.sentence(self.error_code)
