"""Reads batches: how far each has come, and its contact sheet, a cell for each place in the grid."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import accumulate

from django.db.models import Count, Exists, F, Max, OuterRef, Prefetch, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models import Batch, Call, Generation, Image
from gallery.models.generations import OPEN

Status = Generation.Status
UNSENT = (Call.Status.QUEUED, Call.Status.CLAIMED)  # calls that can still be stopped
RETRIABLE = (Status.FAILED, Status.INTERRUPTED)
RECENT = timedelta(hours=12)  # so long a batch that has ended is still shown on Create
THUMBS = 6  # pictures beside a batch in a list
LATE_COMMIT = 2  # seconds that a transaction may take to become visible after it wrote its event


def newest_in_cells(batches):
    """The generations that count: a cell that was retried has several, and the newest stands for it."""
    cells = Generation.objects.filter(batch__in=batches).order_by().values("batch", "batch_row", "batch_column")
    return Generation.objects.filter(pk__in=cells.annotate(newest=Max("pk")).values("newest"))


WORDS = {
    "queued": _("Waiting"),
    "running": _("Running"),
    "paused": _("Paused"),
    "succeeded": _("Done"),
    "partial": _("Done, not all came"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
    "interrupted": _("Interrupted"),
}


@dataclass
class Progress:
    """What has become of a batch so far. Dollars are None where nothing is known."""

    paused: bool = False
    cells: int = 0
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    partial: int = 0
    failed: int = 0
    cancelled: int = 0
    interrupted: int = 0
    wanted: int = 0
    pictures: int = 0
    estimated_usd: Decimal | None = None
    estimate_is_complete: bool = True
    cost_usd: Decimal | None = None
    unknown_costs: int = 0
    unsent: int = 0

    @property
    def open(self):
        return self.queued + self.running

    @property
    def ended(self):
        return self.cells - self.open

    @property
    def retriable(self):
        return self.failed + self.interrupted

    @property
    def status(self):
        """One word for all of it: a status of a generation, or "paused"."""
        if self.open:
            return "paused" if self.paused else "running" if self.ended or self.running else "queued"
        words = [word for word in ("failed", "interrupted", "cancelled") if getattr(self, word)]
        if self.succeeded or self.partial:
            return "partial" if words or self.partial else "succeeded"
        return words[0] if words else "failed"

    @property
    def word(self):
        return WORDS[self.status]

    @property
    def parts(self):
        """(kind, start, width) of what is drawn of the bar, in cells."""
        kinds = {"done": self.succeeded + self.partial, "failed": self.retriable, "stopped": self.cancelled}
        kinds["running"] = self.running
        starts = accumulate(kinds.values(), initial=0)
        return [(kind, start, width) for (kind, width), start in zip(kinds.items(), starts, strict=False) if width]


def with_progress(batches):
    """Puts `progress` on batches, in as many queries for many as for one."""
    of = {batch.pk: Progress(paused=batch.paused_at is not None) for batch in batches}
    newest = newest_in_cells(list(of)).order_by()
    counts = {"n": Count("pk"), "wanted": Sum("wanted"), "usd": Sum("estimated_usd"), "priced": Count("estimated_usd")}
    for row in newest.values("batch", "status").annotate(**counts):
        progress = of[row["batch"]]
        setattr(progress, row["status"], row["n"])
        progress.cells += row["n"]
        progress.wanted += row["wanted"]
        progress.estimate_is_complete &= row["priced"] == row["n"]
        if row["usd"] is not None:
            progress.estimated_usd = (progress.estimated_usd or 0) + row["usd"]
    arrived = Image.objects.kept().filter(generation__in=newest).order_by().values("generation__batch")
    for row in arrived.annotate(n=Count("pk")):
        of[row["generation__batch"]].pictures = row["n"]
    calls = Call.objects.filter(generation__batch__in=list(of)).order_by().values("generation__batch")
    unknown = Count("pk", Q(cost_usd=None, may_have_been_billed=True))
    for row in calls.annotate(usd=Sum("cost_usd"), unknown=unknown, unsent=Count("pk", Q(status__in=UNSENT))):
        progress = of[row["generation__batch"]]
        progress.cost_usd, progress.unknown_costs, progress.unsent = row["usd"], row["unknown"], row["unsent"]
    for batch in batches:
        batch.progress = of[batch.pk]
    return batches


def shown_on_create(user):
    """A person's batches that are not at their end yet, or came to it not long ago; the newest few."""
    is_open = Exists(Generation.objects.filter(batch=OuterRef("pk"), status__in=OPEN))
    recent = Q(created_at__gte=timezone.now() - RECENT)
    batches = Batch.objects.visible_to(user).filter(is_open | recent, user=user)
    return with_progress(list(batches.order_by("-pk")[:3]))


def cells(batch, user, since=None):
    """The newest generation of each cell with its pictures; since a moment, only of those that changed."""
    pictures = Image.objects.with_favourite_of(user).order_by("call_id", "position")
    calls = Call.objects.defer("sent", "answer", "headers", "raw_usage")
    newest = newest_in_cells([batch.pk]).prefetch_related(Prefetch("images", pictures), Prefetch("calls", calls))
    if since is not None:
        newest = newest.filter(events__at__gte=since - timedelta(seconds=LATE_COMMIT)).distinct()
    return list(newest.order_by("batch_row", "batch_column"))


def varying(columns):
    """The names of the settings in which columns differ, in the order of their first appearance."""
    names = dict.fromkeys(name for column in columns for name in column)
    return [name for name in names if len({column.get(name) for column in columns}) > 1]


def with_thumbs(batches):
    """Puts `thumbs`, the newest pictures, on batches."""
    newest = Image.objects.kept().filter(generation__batch__in=[batch.pk for batch in batches])
    place = Window(RowNumber(), partition_by=F("generation__batch"), order_by=F("pk").desc())
    of = {batch.pk: [] for batch in batches}
    for image in newest.select_related("generation").annotate(place=place).filter(place__lte=THUMBS).order_by("-pk"):
        of[image.generation.batch_id].append(image)
    for batch in batches:
        batch.thumbs = of[batch.pk]
    return batches
