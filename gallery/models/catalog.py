"""The model catalogue as rows, so that an admin can change what a model accepts without a release."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from gallery import catalog


class ModelEntryQuerySet(models.QuerySet):
    def labels(self):
        """Id -> label."""
        return dict(self.values_list("name", "label"))

    def on_offer(self):
        return self.filter(is_active=True)


class ModelEntry(models.Model):
    name = models.CharField(_("model id"), max_length=120, unique=True)
    label = models.CharField(_("label"), max_length=120)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("on offer"), default=True)
    abilities = models.JSONField(_("abilities"), help_text=_("What the model accepts; read by gallery/catalog.py."))

    objects = ModelEntryQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("model")
        verbose_name_plural = _("models")

    def __str__(self):
        return self.label

    @cached_property
    def spec(self):
        """The row's abilities as a `catalog.ModelSpec`; raises ValueError where they cannot be read."""
        return catalog.ModelSpec.from_json(self.abilities)

    def clean(self):
        try:
            spec = catalog.ModelSpec.from_json(self.abilities)
        except ValueError as error:
            raise ValidationError({"abilities": str(error)}) from error
        if spec.id != self.name:
            raise ValidationError({"abilities": _("The id inside must be the model id above.")})
