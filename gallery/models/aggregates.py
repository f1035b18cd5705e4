"""The ledger added up by day, and the months that were held against the gateway's bill and closed."""

from django.conf import settings
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from gallery.pricing import KINDS, MILLION

from .generations import Kind
from .projects import Project

KEY = ("day", "model", "project_id", "user_id", "key_id", "operation")  # columns that there is one row for
OUTCOMES = ("answered", "refused", "failed", "interrupted")
# What a row adds up. Money is in millionths of a dollar: SQLite adds decimals as floats, integers exactly.
MEASURES = (
    "calls",
    *OUTCOMES,
    "pictures",
    *KINDS,
    "cost_micros",
    "unknown",
    "possible_micros",
    "fruitless_micros",
    "microseconds",
)
INCREASE = f"""
    INSERT INTO gallery_usageday ({", ".join(KEY + MEASURES)}) VALUES ({", ".join(["%s"] * len(KEY + MEASURES))})
    ON CONFLICT ({", ".join(KEY)}) DO UPDATE
    SET {", ".join(f"{name} = gallery_usageday.{name} + excluded.{name}" for name in MEASURES)}
"""


def dollars_of(micros):
    """Dollars in six places; None stays unknown."""
    return None if micros is None else (micros / MILLION).quantize(1 / MILLION)


def sum_field(label):
    return models.BigIntegerField(label, default=0)


class UsageDayQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of everybody for staff; else one's own, and all of the projects one manages."""
        if user.is_staff:
            return self
        return self.filter(models.Q(user=user) | models.Q(project__in=Project.objects.managed_by(user)))

    def increase(self, key, amounts):
        """Add amounts to the row of a key, which is made where it is missing.

        In SQL: the ORM takes 2 ms to put an UPDATE of fifteen sums into words, and this is said for every call.
        """
        key = key | {"day": connection.ops.adapt_datefield_value(key["day"])}
        with connection.cursor() as cursor:
            cursor.execute(INCREASE, [*(key[name] for name in KEY), *(amounts[name] for name in MEASURES)])

    def within(self, period):
        return self.filter(day__gte=period.start, day__lt=period.end)


class UsageDay(models.Model):
    """What calls sent on a day came to, by model, project, person, key and operation. A call is added when it ends."""

    day = models.DateField(_("day"))
    model = models.CharField(_("model"), max_length=120)
    project = models.ForeignKey(Project, models.PROTECT, related_name="usage", verbose_name=_("project"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="usage", verbose_name=_("person"))
    # Of the API key, 0 where a person asked in the browser: of nulls a unique index would take any number.
    key_id = models.BigIntegerField(_("key"), default=0)
    operation = models.CharField(_("operation"), max_length=10, choices=Kind.choices)
    calls = sum_field(_("calls"))
    answered = sum_field(_("answered"))
    refused = sum_field(_("refused"))
    failed = sum_field(_("failed"))
    interrupted = sum_field(_("interrupted"))
    pictures = sum_field(_("pictures"))
    text_in = sum_field(_("text in"))
    cached_text_in = sum_field(_("cached text in"))
    image_in = sum_field(_("image in"))
    cached_image_in = sum_field(_("cached image in"))
    text_out = sum_field(_("text out"))
    image_out = sum_field(_("image out"))
    cost_micros = sum_field(_("known cost, millionths of $"))
    unknown = sum_field(_("calls of unknown cost"))
    possible_micros = sum_field(_("their estimate, millionths of $"))
    fruitless_micros = sum_field(_("cost of calls without a picture, millionths of $"))
    microseconds = sum_field(_("time of answered calls"))

    objects = UsageDayQuerySet.as_manager()

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "model", "project", "user", "key_id", "operation"], name="one_usage_row_a_day"
            ),
        ]
        indexes = [
            models.Index(fields=["day"], name="usage_day"),  # PostgreSQL thinks the unique one too wide for a quarter
            models.Index(fields=["user", "day"], name="usage_person"),
            models.Index(fields=["project", "day"], name="usage_project"),
        ]
        verbose_name = _("day of usage")
        verbose_name_plural = _("days of usage")

    def __str__(self):
        return f"{self.day} {self.model}"

    @property
    def cost_usd(self):
        return dollars_of(self.cost_micros)


class MonthClose(models.Model):
    """A month as it stood when somebody held it against the gateway's bill; never changed after."""

    month = models.DateField(_("month"), unique=True)
    billed_usd = models.DecimalField(_("billed by the gateway, $"), max_digits=14, decimal_places=6)
    note = models.TextField(_("note"), blank=True, max_length=2000)
    snapshot = models.JSONField(_("the month as it stood"), default=dict)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("closed by"))
    closed_at = models.DateTimeField(_("closed"), auto_now_add=True)

    class Meta:
        ordering = ["-month"]
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")

    def __str__(self):
        return f"{self.month:%Y-%m}"
