"""What a person may say of a new key."""

from django import forms
from django.utils.translation import gettext_lazy as _

from gallery.models import ApiKey, Project

from .fields import PROBLEMS


class KeyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=ApiKey._meta.get_field("name").max_length)
    project = forms.ModelChoiceField(Project.objects.none(), label=_("Project"), empty_label=None)

    def __init__(self, data=None, *, user):
        super().__init__(data, auto_id="key-%s")
        self.fields["project"].queryset = Project.objects.creatable_by(user)
        self.fields["project"].error_messages["invalid_choice"] = PROBLEMS["not_yours"]
        self.fields["name"].widget.attrs |= {"placeholder": _("What uses it"), "autocomplete": "off"}
