"""What may be asked of lists: filters, and what to do with several of their rows."""

import uuid

from django import forms
from django.utils.translation import gettext_lazy as _

from gallery.queries import stakes

from .fields import STALE, whole_number


class FilterForm(forms.Form):
    """The filters of the gallery and the history; anything unreadable counts as not chosen."""

    q = forms.CharField(required=False, max_length=200)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    favourites = forms.BooleanField(required=False)
    trash = forms.BooleanField(required=False)
    status = forms.CharField(required=False, max_length=12)
    model = forms.CharField(required=False, max_length=120)
    kind = forms.CharField(required=False, max_length=10)
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)
    person = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    project = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    key = forms.IntegerField(required=False, min_value=0, max_value=2**62)  # 0: without one

    @property
    def chosen(self):
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


class WholeNumbers(forms.Field):
    """A name sent several times, once for each number."""

    widget = forms.MultipleHiddenInput

    def clean(self, data):
        return super().clean(list(dict.fromkeys(map(whole_number, data or []))))

    def validate(self, value):
        if not value or None in value:
            raise forms.ValidationError(_("Choose at least one generation."))
        if len(value) > stakes.MOST:
            raise forms.ValidationError(_("Choose at most %d generations at once.") % stakes.MOST)


class BulkForm(forms.Form):
    """What to do with several generations; without `confirmed` only asked about."""

    action = forms.ChoiceField(choices=stakes.Action.choices)
    chosen = WholeNumbers()
    token = forms.UUIDField(required=False)
    confirmed = forms.BooleanField(required=False)

    @property
    def problem(self):
        return " ".join(self.errors.get("chosen", [])) or STALE

    def clean_token(self):
        return self.cleaned_data["token"] or uuid.uuid4()
