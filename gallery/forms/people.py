"""Who belongs to a project."""

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from gallery.models.projects import Role


class MembershipForm(forms.Form):
    """Adds a person to a project or changes their role."""

    username = forms.CharField(label=_("Username"), max_length=150)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.EDITOR)

    def clean_username(self):
        person = get_user_model().objects.filter(username=self.cleaned_data["username"], is_active=True).first()
        if person is None:
            raise forms.ValidationError(_("Nobody here has that username. An admin can add people."))
        self.person = person
        return person.username
