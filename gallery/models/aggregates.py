"""The ledger added up by day and by month, and the months that were held against the gateway's bill and closed."""

from django.conf import settings
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from gallery.pricing import KINDS, MILLION

from .generations import Kind
from .projects import Project

CUTS = ("model", "project_id", "user_id", "key_id", "operation")  # for each of these and a time there is one row
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


def dollars_of(micros):
    """Dollars in six places; None stays unknown."""
    return None if micros is None else (micros / MILLION).quantize(1 / MILLION)


def sum_field(label):
    return models.BigIntegerField(label, default=0)


class WholeSum(models.Sum):
    """Of whole numbers, as the database has it: PostgreSQL would send decimals, and Django go through every value."""

    template = f"CAST({models.Sum.template} AS bigint)"

    def get_db_converters(self, connection):
        return []


class UsageQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Of everybody for staff; else one's own, and all of the projects one manages."""
        if user.is_staff:
            return self
        return self.filter(models.Q(user=user) | models.Q(project__in=Project.objects.managed_by(user)))

    def increase(self, key, amounts):
        """Add amounts to the row of a key, a date and the cuts, which is made where it is missing.

        In SQL: the ORM takes 2 ms to put an UPDATE of fifteen sums into words, and this is said for every call.
        """
        moment, *cuts = key
        with connection.cursor() as cursor:
            values = [connection.ops.adapt_datefield_value(moment), *cuts, *(amounts[name] for name in MEASURES)]
            cursor.execute(self.model.INCREASE, values)

    def sums(self, *cuts, measures=MEASURES):
        """For each mixture of the cuts: (its values, what the measures add up to), both in their order."""
        added = {name: WholeSum(name) for name in measures}
        rows = self.values(*cuts).annotate(**added).values_list(*cuts, *measures)
        return [(row[: len(cuts)], row[len(cuts) :]) for row in rows]

    def within(self, period):
        time = self.model.TIME
        return self.filter(**{f"{time}__gte": period.start, f"{time}__lt": period.end})


def increase(table, time):
    """SQL that adds to the row of a time and the cuts; with all its values in their order."""
    key, all_columns = (time, *CUTS), (time, *CUTS, *MEASURES)
    return f"""
        INSERT INTO {table} ({", ".join(all_columns)}) VALUES ({", ".join(["%s"] * len(all_columns))})
        ON CONFLICT ({", ".join(key)}) DO UPDATE
        SET {", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in MEASURES)}
    """


class Usage(models.Model):
    """What the calls sent in a time came to, by model, project, person, key and operation. Added when a call ends."""

    model = models.CharField(_("model"), max_length=120)
    project = models.ForeignKey(Project, models.PROTECT, related_name="+", verbose_name=_("project"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
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

    objects = UsageQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def cost_usd(self):
        return dollars_of(self.cost_micros)


class UsageDay(Usage):
    TIME = "day"
    INCREASE = increase("gallery_usageday", TIME)

    day = models.DateField(_("day"))

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(
                fields=["day", "model", "operation", "project", "user", "key_id"], name="one_usage_row_a_day"
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


class UsageMonth(Usage):
    """The same sums by month: years of days are half a million rows, and their months a thirtieth of it."""

    TIME = "month"
    INCREASE = increase("gallery_usagemonth", TIME)

    month = models.DateField(_("first day of the month"))

    class Meta:
        ordering = ["-month"]
        constraints = [
            models.UniqueConstraint(
                fields=["month", "model", "operation", "project", "user", "key_id"], name="one_usage_row_a_month"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "month"], name="usage_month_person"),
            models.Index(fields=["project", "month"], name="usage_month_project"),
        ]
        verbose_name = _("month of usage")
        verbose_name_plural = _("months of usage")

    def __str__(self):
        return f"{self.month:%Y-%m} {self.model}"


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
