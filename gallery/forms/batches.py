"""What people may send to make a batch: prompts or CSV, and the settings to combine them with."""

import uuid
from collections import Counter

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from gallery import catalog, matrix
from gallery.models import Batch, ModelEntry, Project
from gallery.services import batches
from gallery.wording import WORDS

from .fields import OPTION_FIELDS, PROBLEMS, STALE

SENTENCES = {
    "too_many": _("That makes %(wanted)s generations or more; a batch may have %(most)s. Choose less."),
    "empty_alternative": _("Line %(line)s: %(group)s has an empty choice. Write something on both sides of each bar."),
    "nested": _("Line %(line)s: one variable stands inside another. Write them one after the other."),
    "unclosed": _("Line %(line)s: a { is never closed. For a brace in the picture's prompt write {{."),
    "stray_brace": _("Line %(line)s: a } closes nothing. For a brace in the picture's prompt write }}."),
    "not_text": _("This file is no text. Save the table as CSV."),
    "too_large": _("The CSV is larger than 1 MB. Split it into several batches."),
    "too_many_rows": _("The CSV has more than %(most)s rows. Split it into several batches."),
    "bad_quotes": _("Line %(line)s: a quotation mark is not closed, or has text beside it."),
    "no_prompt_column": _("Line %(line)s must name the columns, and one must be “prompt”."),
    "unknown_column": _("Line %(line)s: there is no column “%(word)s”. Use %(columns)s."),
    "column_twice": _("Line %(line)s: the column “%(word)s” is there twice."),
    "unnamed_column": _("Line %(line)s: there is something in a column without a name."),
    "too_many_cells": _("Line %(line)s has more cells than the first line has columns. Put quotes around commas."),
    "empty_prompt": _("Line %(line)s has no prompt."),
}
BAD_VALUES = {
    "model": _("Line %(line)s: no model here is called “%(word)s”."),
    "number": _("Line %(line)s: “%(word)s” is no number of images. Choose one from 1 to 10."),
    "quality": _("Line %(line)s: no model has the quality “%(word)s”."),
    "size": _("Line %(line)s: no model has the size “%(word)s”."),
    "format": _("Line %(line)s: no model has the format “%(word)s”."),
    "background": _("Line %(line)s: no model has the background “%(word)s”."),
}


def sentence(problem):
    """What is wrong with the prompts or the CSV, for a person."""
    details = {"line": problem.line, "columns": ", ".join(matrix.COLUMNS), **problem.details}
    text = BAD_VALUES[details["column"]] if problem.code == "bad_value" else SENTENCES[problem.code]
    return text % details


class SeveralChoices(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **options):
        super().__init__(required=False, error_messages={"invalid_choice": PROBLEMS["not_offered"]}, **options)


class BatchForm(forms.Form):
    """After `is_valid`, `grid` is all that was asked for, and `plan()` what can be run of it."""

    token = forms.UUIDField(widget=forms.HiddenInput, required=False, error_messages={"invalid": STALE})
    source = forms.ChoiceField(choices=[("prompts", _("Prompts")), ("csv", "CSV")], widget=forms.RadioSelect)
    prompts = forms.CharField(
        label=_("Prompts"),
        required=False,
        max_length=matrix.MAX_BYTES,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto", "spellcheck": "true"}),
    )
    table = forms.FileField(label=_("CSV file"), required=False, allow_empty_file=True)
    csv = forms.CharField(
        label=_("CSV"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto", "spellcheck": "false", "wrap": "off"}),
    )
    models = SeveralChoices(label=_("Models"))
    sizes = SeveralChoices(label=_("Sizes"))
    qualities = SeveralChoices(label=_("Qualities"))
    number = forms.IntegerField(label=_("Number of images"), min_value=1, max_value=catalog.MAX_WANTED, initial=1)
    format = forms.ChoiceField(label=_("Format"), required=False)
    background = forms.ChoiceField(label=_("Background"), required=False)
    project = forms.ModelChoiceField(Project.objects.none(), label=_("Project"), empty_label=None)
    name = forms.CharField(label=_("Name"), required=False, max_length=matrix.MAX_NAME)

    def __init__(self, data=None, files=None, *, user, initial=None):
        initial = {"token": uuid.uuid4(), "source": "prompts", **(initial or {})}
        super().__init__(data, files, initial=initial, auto_id="batch-%s")
        self.user = user
        self.entries = {entry.name: entry for entry in ModelEntry.objects.on_offer()}
        self.specs = {name: entry.spec for name, entry in self.entries.items()}
        self.fields["project"].queryset = Project.objects.creatable_by(user)
        self.fields["name"].widget.attrs["placeholder"] = _("The first prompt, if you give none")
        self.fields["table"].widget.attrs["accept"] = ".csv,.tsv,.txt,text/csv"
        self.fields["number"].error_messages |= dict.fromkeys(
            ("min_value", "max_value", "invalid", "required"), PROBLEMS["out_of_range"]
        )
        self._offer("models", [(name, entry.label) for name, entry in self.entries.items()])
        for name, wire in (("sizes", "size"), ("qualities", "quality")):
            self._offer(name, self._words(wire))
        for name in ("format", "background"):
            self._offer(name, self._words(matrix.WIRE[name]))
            self.fields[name].error_messages["invalid_choice"] = PROBLEMS["not_offered"]

    def _offer(self, name, choices):
        field = self.fields[name]
        field.choices = choices
        first = [value for value, _label in choices[:1]]
        field.initial = first if isinstance(field, SeveralChoices) else next(iter(first), "")

    def _words(self, wire):
        """The words of all models together."""
        words = dict.fromkeys(word for spec in self.specs.values() for word in spec.generate.choices()[wire])
        return [(word, WORDS.get(word, word.replace("x", " × "))) for word in words]

    @cached_property
    def text(self):
        """What was written, or the CSV file's text in its place; raises matrix.Unreadable."""
        uploaded = self.files.get("table")
        if self.data.get("source") != "csv":
            return self.data.get("prompts") or ""
        if not uploaded:
            return self.data.get("csv") or ""
        if uploaded.size > matrix.MAX_BYTES:
            raise matrix.Unreadable("too_large")
        uploaded.seek(0)
        return matrix.decode(uploaded.read())

    @property
    def csv_text(self):
        """What the field for CSV shows; an uploaded file goes on in it, for nothing is kept between the steps."""
        if self.files.get("table") and "table" not in self.errors:
            return self.text
        return self["csv"].value() or ""

    @property
    def is_empty(self):
        """True where there is nothing yet to make a plan of."""
        return not (self.files.get("table") or (self.data.get(self.data.get("source", "prompts")) or "").strip())

    def clean(self):
        cleaned = super().clean()
        field = "prompts" if cleaned.get("source") != "csv" else "table" if self.files.get("table") else "csv"
        try:
            grid = self.text and not self.errors and self._lay_out(cleaned)
        except matrix.Unreadable as problem:
            self.add_error(field, sentence(problem))
            return cleaned
        if grid:
            self.grid = grid
            self._judge_plan(field)
        elif not self.errors:
            self.add_error(field, _("Write at least one prompt."))
        return cleaned

    def _lay_out(self, cleaned):
        """The grid, or None where there is nothing to lay out."""
        lines = matrix.read_csv(self.text) if cleaned["source"] == "csv" else matrix.read_prompts(self.text)
        matrix.check_words(lines, self.specs)
        if not cleaned["models"] and not all("model" in line.settings for line in lines):
            self.add_error("models", _("Choose at least one model."))
            return None
        choices = {
            "model": cleaned["models"] or [""],
            "size": cleaned["sizes"] or [""],
            "quality": cleaned["qualities"] or [""],
            "number": [cleaned["number"]],
            "format": [cleaned["format"]],
            "background": [cleaned["background"]],
        }
        return matrix.lay_out(lines, choices, self.specs) if lines else None

    def _judge_plan(self, field):
        self.runnable = self.grid.runnable()
        if not self.runnable.cells:
            self.add_error(None, _("None of this can be run as it is. %s") % " ".join(self.left_out))
        elif len(self.runnable.cells) > matrix.MAX_GENERATIONS:
            self.add_error(field, sentence(matrix.too_many(len(self.runnable.cells))))
        elif self.calls > matrix.MAX_CALLS:
            too_many = _("That makes %(wanted)s calls; a batch may have %(most)s. Choose fewer images each.")
            self.add_error("number", too_many % {"wanted": self.calls, "most": matrix.MAX_CALLS})

    @cached_property
    def calls(self):
        cells = self.runnable.cells
        return sum(len(catalog.calls_for(self.specs[cell.model], "generate", cell.wanted)) for cell in cells)

    @cached_property
    def estimates(self):
        return batches.estimates(self.runnable.cells, self.entries)

    @property
    def left_out(self):
        """A sentence for each reason why cells are left out, the most frequent first."""
        reasons = Counter(
            (cell.model if word == "not_offered" else "", option, cell.options.get(option, ""), word)
            for cell in self.grid.cells
            for option, word in cell.problems.items()
        )
        return [self._reason(*reason, number) for reason, number in reasons.most_common()]

    def _reason(self, model, option, value, word, number):
        left_out = ngettext("%d left out.", "%d left out.", number) % number
        label = OPTION_FIELDS[option][1] if option in OPTION_FIELDS else ""
        if word == "not_offered":
            value = WORDS.get(value, value.replace("x", " × "))
            names = {"model": self.entries[model].label, "label": label, "value": value}
            return "{} {}".format(_("%(model)s does not offer %(label)s %(value)s:") % names, left_out)
        return f"{PROBLEMS[word]} {left_out}"

    def clean_token(self):
        token = self.cleaned_data["token"] or uuid.uuid4()
        if Batch.objects.filter(token=token).exclude(user=self.user).exists():
            raise forms.ValidationError(STALE)
        return token

    def plan(self):
        """The valid contents, once `is_valid` said yes."""
        cleaned = self.cleaned_data
        return batches.Plan(
            project=cleaned["project"],
            name=cleaned["name"] or self.suggested_name,
            grid=self.runnable,
            estimates=self.estimates,
            entries=self.entries,
            token=cleaned["token"],
        )

    @property
    def suggested_name(self):
        """The first line of what was written; a file's first prompt."""
        written = self.text if self.cleaned_data["source"] == "prompts" else self.runnable.rows[0]
        return written.strip().splitlines()[0][: self.fields["name"].max_length]
