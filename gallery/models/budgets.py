"""What may be spent in a month: budgets, what each month came to, and what open calls have reserved."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .keys import ApiKey
from .projects import Project

MOST_USD = 1_000_000  # a month; more is a slip of the keyboard
SUMS = ("cost_micros", "possible_micros", "unknown")  # of a BudgetMonth, named as in the days of usage
INCREASE = f"""
    UPDATE gallery_budgetmonth SET {", ".join(f"{name} = {name} + %s" for name in SUMS)}
    WHERE month = %s
    AND budget_id IN (SELECT id FROM gallery_budget WHERE scope = %s OR project_id = %s OR user_id = %s OR key_id = %s)
"""


class Scope(models.TextChoices):
    STUDIO = "studio", _("Studio")
    PROJECT = "project", _("Project")
    PERSON = "person", _("Person")
    KEY = "key", _("API key")


def amount(label, **options):
    limits = [MinValueValidator(0), MaxValueValidator(MOST_USD)]
    return models.DecimalField(
        label, max_digits=14, decimal_places=6, null=True, blank=True, validators=limits, **options
    )


class BudgetQuerySet(models.QuerySet):
    def applying_to(self, project, user, key=None):
        applying = Q(scope=Scope.STUDIO) | Q(project=project) | Q(user=user)
        return self.filter(applying | Q(key=key) if key else applying)

    def lock(self):
        """Until the transaction ends nobody else reserves or settles.

        One lock for all budgets, the studio's row: several rows in turn could wait for one another in a circle, and
        the gateway takes so few calls a minute that nobody waits here. On SQLite the transaction itself is a lock.
        """
        if connection.features.has_select_for_update:
            self.select_for_update().get_or_create(scope=Scope.STUDIO)


class Budget(models.Model):
    """Dollars a month for the studio, a project, a person or a key. An empty amount is no limit."""

    Scope = Scope

    scope = models.CharField(_("of"), max_length=8, choices=Scope.choices, default=Scope.PROJECT)
    project = models.OneToOneField(
        Project, models.CASCADE, null=True, blank=True, related_name="budget", verbose_name=_("project")
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="budget",
        verbose_name=_("person"),
    )
    key = models.OneToOneField(
        ApiKey, models.CASCADE, null=True, blank=True, related_name="budget", verbose_name=_("key")
    )
    soft_usd = amount(_("soft limit, $ a month"), help_text=_("From here on people are warned. Empty: never."))
    hard_usd = amount(_("hard limit, $ a month"), help_text=_("What would go beyond is refused. Empty: nothing is."))
    lifted_until = models.DateTimeField(
        _("lifted until"), null=True, blank=True, help_text=_("Until then the hard limit refuses nothing.")
    )

    objects = BudgetQuerySet.as_manager()

    class Meta:
        ordering = ["-scope", "project__name", "user__username", "key__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(scope=Scope.STUDIO),
                name="one_budget_of_the_studio",
                violation_error_message=_("The studio has its budget already; change that one."),
            ),
            models.CheckConstraint(
                condition=Q(scope=Scope.STUDIO, project=None, user=None, key=None)
                | Q(scope=Scope.PROJECT, project__isnull=False, user=None, key=None)
                | Q(scope=Scope.PERSON, project=None, user__isnull=False, key=None)
                | Q(scope=Scope.KEY, project=None, user=None, key__isnull=False),
                name="budget_has_what_its_scope_says",
            ),
            models.CheckConstraint(condition=Q(soft_usd__gte=0), name="soft_limit_is_not_negative"),
            models.CheckConstraint(condition=Q(hard_usd__gte=0), name="hard_limit_is_not_negative"),
        ]
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")

    def __str__(self):
        return str(self.project or self.user or self.key or _("The studio"))

    @property
    def is_lifted(self):
        return self.lifted_until is not None and self.lifted_until > timezone.now()

    @property
    def spender(self):
        """What a row that spends says of this budget's scope, as a filter."""
        columns = {Scope.PROJECT: "project_id", Scope.PERSON: "user_id", Scope.KEY: "key_id"}
        column = columns.get(self.scope)
        return Q(**{column: getattr(self, column)}) if column else Q()

    def clean(self):
        needed = {Scope.PROJECT: "project", Scope.PERSON: "user", Scope.KEY: "key"}
        for scope, field in needed.items():
            if self.scope == scope and getattr(self, field) is None:
                raise ValidationError({field: _("Choose whose budget it is.")})
            if self.scope != scope and getattr(self, field) is not None:
                raise ValidationError({field: _("Leave this empty: the budget is of something else.")})
        if self.soft_usd is not None and self.hard_usd is not None and self.soft_usd > self.hard_usd:
            raise ValidationError({"soft_usd": _("The warning must come before the refusal: at most the hard limit.")})


class BudgetMonthManager(models.Manager):
    def increase(self, month, generation, amounts):
        """Add amounts to the month of every budget that a generation's spending counts in.

        In SQL, as the days of usage are added to: it is said for every call.
        """
        month = connection.ops.adapt_datefield_value(month)
        with connection.cursor() as cursor:
            whose = (generation.project_id, generation.user_id, generation.key_id)
            cursor.execute(INCREASE, [*(amounts[name] for name in SUMS), month, Scope.STUDIO, *whose])


class BudgetMonth(models.Model):
    """What the ended calls of a month came to under a budget.

    Made from the months of usage when it is first needed, then moved along with them.
    """

    budget = models.ForeignKey(Budget, models.CASCADE, related_name="months")
    month = models.DateField(_("first day of the month"))
    cost_micros = models.BigIntegerField(_("known cost, millionths of $"), default=0)
    possible_micros = models.BigIntegerField(_("estimate of calls of unknown cost, millionths of $"), default=0)
    unknown = models.BigIntegerField(_("calls of unknown cost"), default=0)
    warned_at = models.DateTimeField(_("soft limit told by mail"), null=True)
    refused_at = models.DateTimeField(_("first refusal told by mail"), null=True)

    objects = BudgetMonthManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["budget", "month"], name="one_row_a_budget_and_month")]
        verbose_name = _("month of a budget")
        verbose_name_plural = _("months of budgets")

    def __str__(self):
        return f"{self.budget} {self.month:%Y-%m}"


class Reservation(models.Model):
    """What one of a generation's side-by-side calls may cost, its repetitions included; goes when that is known."""

    generation = models.ForeignKey("gallery.Generation", models.CASCADE, related_name="reservations")
    position = models.PositiveSmallIntegerField(_("which of the side-by-side calls"))
    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.ForeignKey(ApiKey, models.CASCADE, null=True, related_name="+")
    micros = models.BigIntegerField(_("estimate, millionths of $"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["generation", "position"], name="one_reservation_a_place")]
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")

    def __str__(self):
        return f"place {self.position} of generation {self.generation_id}"
