"""What may be asked of exports: days, whose calls, filters, where a page begins."""

from datetime import date

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from gallery import periods
from gallery.accounting import exports
from gallery.periods import DAY, Period

from .usage import CutForm

CENTURY = (MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2099, 12, 31)))


class ExportForm(CutForm):
    """This month and all of one's own calls, where nothing else is said. Both days are part of the export."""

    of = forms.ModelChoiceField(queryset=None, required=False)
    everybody = forms.BooleanField(required=False)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**62)
    limit = forms.IntegerField(required=False, min_value=1, max_value=exports.PAGE)

    def __init__(self, data, user):
        super().__init__(data)
        self.user = user
        self.fields["of"].queryset = exports.managed_by(user)
        for name in ("from", "to"):  # not to be written as attributes: one is a keyword
            self.fields[name] = forms.DateField(required=False, validators=CENTURY)

    def clean_everybody(self):
        if self.cleaned_data["everybody"] and not self.user.is_staff:
            raise forms.ValidationError(_("Only staff may see everybody's calls."))
        return self.cleaned_data["everybody"]

    def clean(self):
        month = periods.month_of(periods.today())
        start = self.cleaned_data.get("from") or month.start
        last = self.cleaned_data.get("to") or max(month.last, start)
        if last < start:
            raise forms.ValidationError(_("The last day comes before the first."))
        self.period = Period(start, last + DAY)

    @property
    def whose(self):
        """In words for the audit log; empty for one's own."""
        project = self.cleaned_data["of"]
        return str(project) if project else "everybody" if self.cleaned_data["everybody"] else ""

    @property
    def calls(self):
        project = self.cleaned_data["of"]
        if project:
            found = exports.calls_of_project(project)
        else:
            found = exports.all_calls() if self.cleaned_data["everybody"] else exports.calls_of(self.user)
        return exports.within(exports.narrowed(found, self.chosen), self.period)
