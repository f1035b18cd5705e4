"""Prices: each change is a new row from a moment on, held against last month before it is saved."""

from datetime import timedelta

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.accounting import price_changes
from gallery.models import ModelEntry, Price
from gallery.pricing import KINDS

from .audited import Audited

ABSURD = 10_000  # dollars per million tokens; the dearest published price is a hundredth of it


class PriceForm(forms.ModelForm):
    """`comparison` is what last month would have cost; with the button that asks for it, nothing is saved."""

    comparison = None

    class Meta:
        model = Price
        fields = ["model", "valid_from", *KINDS]
        help_texts = {"valid_from": _("The studio's time. It may lie ahead; calls sent before it keep their price.")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for kind in self.fields.keys() & set(KINDS):  # none of them where the price is only to be read
            field = self.fields[kind]
            field.validators += [MinValueValidator(0), _is_no_absurd_price]
            field.help_text = _("$ per million tokens; empty is unknown, not free")

    def clean_model(self):
        name = self.cleaned_data["model"]
        if not ModelEntry.objects.filter(name=name).exists():
            raise ValidationError(_("No model has this id."))
        return name

    def clean(self):
        cleaned = super().clean()
        if all(cleaned.get(kind) is None for kind in KINDS) and not self.errors:
            raise ValidationError(_("Give at least one price."))
        model, moment = cleaned.get("model"), cleaned.get("valid_from")
        if model and moment and "valid_from" in self.changed_data and self._is_too_late(model, moment):
            self.add_error("valid_from", _("Calls sent since then were costed already, and stay so: take a later one."))
        if not self.errors and "_compare" in self.data:
            prices = Price(**{kind: cleaned[kind] for kind in KINDS}).per_million
            self.comparison = price_changes.last_month(model, prices)
            raise ValidationError(_("Nothing is saved yet."))
        return cleaned

    @staticmethod
    def _is_too_late(model, moment):
        """A form that was opened a while ago says "now" of then."""
        an_hour_ago = timezone.now() - timedelta(hours=1)
        return moment < an_hour_ago and price_changes.costed_since(model, moment)


def _is_no_absurd_price(value):
    if value > ABSURD:
        raise ValidationError(_("More than $%(most)s a million tokens is no price."), params={"most": ABSURD})


@admin.register(Price)
class PriceAdmin(Audited, admin.ModelAdmin):
    """A price that calls were costed with stays as it is: a new one is a new row."""

    form = PriceForm
    list_display = ["model", "valid_from", *KINDS]
    list_filter = ["model"]

    def get_changeform_initial_data(self, request):
        """A new price begins with what holds now, so that only what changes need be typed."""
        given = super().get_changeform_initial_data(request)
        now = Price.objects.at(given.get("model"), timezone.now())
        return {kind: getattr(now, kind) for kind in KINDS} | given if now else given

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or not obj.calls.exists())

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or not obj.calls.exists())
