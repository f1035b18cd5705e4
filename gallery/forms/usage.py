"""What may be asked of the usage pages: a period, a way to cut, filters; and what closes a month."""

from datetime import date, timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from gallery import periods
from gallery.models import Project
from gallery.periods import DAY, Period, month_of

LONGEST = timedelta(days=1100)  # three years: more days would be thinner than a line
CHOICES = (
    ("month", _("This month")),
    ("last-month", _("Last month")),
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("custom", _("From … to")),
)
CUTS = (
    ("model", _("Model")),
    ("project", _("Project")),
    ("person", _("Person")),
    ("key", _("API key")),
    ("kind", _("Kind")),
)
FIRST_DAY = date(2000, 1, 1)


class CutForm(forms.Form):
    """Filters of calls, one for each way to cut them."""

    model = forms.CharField(required=False, max_length=120)
    project = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    person = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    key = forms.IntegerField(required=False, min_value=0, max_value=2**62)
    kind = forms.CharField(required=False, max_length=10)

    @property
    def chosen(self):
        """The filters that are set, by their names in the address."""
        return {name: value for name, _title in CUTS if (value := self.cleaned_data.get(name)) not in (None, "")}


class UsageForm(CutForm):
    """Anything unreadable counts as not chosen, so that every address shows a page."""

    period = forms.ChoiceField(required=False, choices=CHOICES)
    by = forms.ChoiceField(required=False, choices=CUTS)
    of = forms.IntegerField(required=False, min_value=1, max_value=2**62)

    def __init__(self, data):
        super().__init__(data)
        for name in ("from", "to"):  # not to be written as attributes: one is a keyword
            self.fields[name] = forms.DateField(required=False)
        self.is_valid()

    @property
    def name(self):
        return self.cleaned_data.get("period") or ("custom" if self.cleaned_data.get("from") else "month")

    @property
    def cut(self):
        return self.cleaned_data.get("by") or "model"

    @property
    def stretch(self):
        today = periods.today()
        if self.name.isdigit():
            return Period(today - (int(self.name) - 1) * DAY, today + DAY)
        if self.name == "last-month":
            return month_of(today).before
        return self._from_to(today) if self.name == "custom" else month_of(today)

    def _from_to(self, today):
        start = self.cleaned_data.get("from") or month_of(today).start
        last = self.cleaned_data.get("to") or today
        start, last = sorted((max(min(start, today), FIRST_DAY), max(min(last, today), FIRST_DAY)))
        return Period(max(start, last + DAY - LONGEST), last + DAY)


class CloseForm(forms.Form):
    """What the gateway's console says that a month came to."""

    billed_usd = forms.DecimalField(
        label=_("Ofox's console says, $"),
        min_value=0,
        max_value=10_000_000,
        max_digits=14,
        decimal_places=6,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class StatementForm(forms.Form):
    """A project that the person manages, and a month; this one, where none is named."""

    project = forms.ModelChoiceField(queryset=None)
    month = forms.DateField(required=False, input_formats=["%Y-%m"])

    def __init__(self, data, user):
        super().__init__(data)
        self.fields["project"].queryset = Project.objects.managed_by(user)

    @property
    def period(self):
        return month_of(self.cleaned_data["month"] or periods.today())

    def as_usage(self):
        """The same month, asked of the usage pages."""
        return UsageForm({"period": "custom", "from": self.period.start, "to": self.period.last, "by": "person"})
