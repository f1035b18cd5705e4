"""What an admin changes is written to the audit log, with what it was before."""

from django.db import transaction
from django.forms import ModelChoiceField, ModelMultipleChoiceField

from gallery.services import audit


class Audited:
    """For a ModelAdmin: every row that its forms and inlines add, change or delete."""

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        note_form(request.user, form, change)

    def save_formset(self, request, form, formset, change):
        stored = [inline for inline in formset.forms if inline.instance.pk]
        gone = [inline for inline in formset.deleted_forms if inline in stored]
        for inline in gone:
            note_deleted(request.user, inline.instance)
        super().save_formset(request, form, formset, change)
        for inline in formset.forms:
            if inline.has_changed() and inline not in formset.deleted_forms:
                note_form(request.user, inline, inline in stored)

    def delete_model(self, request, obj):
        note_deleted(request.user, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            for row in queryset:
                note_deleted(request.user, row)
            super().delete_queryset(request, queryset)


def note_form(user, form, change):
    """What a saved form changed; nothing where that is nothing."""
    names = form.changed_data
    after = {name: form.cleaned_data.get(name) for name in names}
    if not change:
        audit.note(user, audit.Action.ADDED, form.instance, after=after)
    elif names:
        before = {name: initial(form, name) for name in names}
        audit.note(user, audit.Action.CHANGED, form.instance, before, after)


def initial(form, name):
    """What a field began with; a row where its form knows only the id of it."""
    field, value = form.fields[name], form[name].initial
    is_one_row = isinstance(field, ModelChoiceField) and not isinstance(field, ModelMultipleChoiceField)
    return field.to_python(value) if is_one_row else value


def note_deleted(user, row):
    audit.note(user, audit.Action.DELETED, row, audit.values(row))
