"""The composer: what may be asked for, with the words for what may not."""

import uuid

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from gallery import catalog
from gallery.accounting import allowances, estimates
from gallery.models import Generation, Image, ModelEntry, Project
from gallery.models.generations import Kind
from gallery.services import uploads
from gallery.services.generations import Wish
from gallery.wording import WORDS

from .fields import OPTION_FIELDS, PROBLEMS, STALE, whole_number

FILE = "file"  # among the ids of attached pictures, in the place of a file brought along
PREVIEWS = 2  # partial pictures while one is made; each costs about 100 output tokens

UPLOAD_PROBLEMS = {
    "too_large": _("%(name)s is larger than 50 MB. Attach a smaller copy."),
    "empty": _("%(name)s is empty."),
    "truncated": _("%(name)s is damaged: it breaks off. Export it again."),
    "animated": _("%(name)s is animated, and only one picture can be edited. Export a single frame."),
    "too_many_pixels": _("%(name)s has too many pixels to open safely. Attach a smaller copy."),
}
NOT_A_PICTURE = _("%(name)s is no picture the studio can read. Use PNG, JPEG, WebP or GIF.")


class SeveralFiles(forms.FileField):
    widget = type("SeveralFilesInput", (forms.FileInput,), {"allow_multiple_selected": True})

    def clean(self, data, initial=None):
        """All files sent, in order; each is judged when it is kept."""
        return [file for file in data or [] if file]


class ComposerForm(forms.Form):
    """The composer: its fields follow from the model and from whether pictures are attached."""

    key = None  # a person asks, and not a program with a key of theirs

    token = forms.UUIDField(widget=forms.HiddenInput, required=False, error_messages={"invalid": STALE})
    prompt = forms.CharField(
        label=_("Prompt"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"})
    )
    images = SeveralFiles(label=_("Images to edit"), required=False)
    model = forms.ChoiceField(label=_("Model"))
    number = forms.IntegerField(label=_("Number of images"), min_value=1, max_value=catalog.MAX_WANTED, initial=1)
    project = forms.ModelChoiceField(Project.objects.none(), label=_("Project"), empty_label=None)

    def __init__(self, data=None, files=None, *, user, initial=None):
        super().__init__(data, files, initial={"token": uuid.uuid4(), **(initial or {})}, auto_id="composer-%s")
        self.user = user
        self.order = data.getlist("attached") if self.is_bound else self.initial.get("attached", [])
        self.files_chosen = len(files.getlist("images")) if self.is_bound else self.order.count(FILE)
        self.fields["images"].widget.attrs |= {"multiple": True, "accept": "image/png,image/jpeg,image/webp,image/gif"}
        self.fields["project"].queryset = self.projects
        self.entries = {entry.name: entry for entry in ModelEntry.objects.on_offer()}
        self.fields["model"].choices = [(entry.name, entry.label) for entry in self.entries.values()]
        self.fields["model"].error_messages["invalid_choice"] = PROBLEMS["gone"]
        self.fields["project"].error_messages["invalid_choice"] = PROBLEMS["not_yours"]
        self.fields["number"].error_messages |= dict.fromkeys(
            ("min_value", "max_value", "invalid", "required"), PROBLEMS["out_of_range"]
        )
        if self.rules:
            self._add_option_fields()

    def _add_option_fields(self):
        offered = self.rules.choices()
        for wire, (name, label) in OPTION_FIELDS.items():
            if words := offered.get(wire):
                choices = [(word, WORDS.get(word, word.replace("x", " × "))) for word in words]
                self.fields[name] = forms.ChoiceField(label=label, choices=choices, initial=words[0], required=False)
                self.fields[name].error_messages["invalid_choice"] = PROBLEMS["not_offered"]
        if self.rules.partial_images:
            number = min(PREVIEWS, self.rules.partial_images)
            choices = [(number, _("While it is made")), (0, _("None"))]
            self.fields["previews"] = forms.TypedChoiceField(
                label=_("Previews"), choices=choices, initial=number, required=False, coerce=int, empty_value=0
            )
            self.fields["previews"].help_text = _("Each preview costs about 100 tokens; there are two for a picture.")

    @property
    def projects(self):
        """Those that the person may create in."""
        return Project.objects.creatable_by(self.user)

    @cached_property
    def entry(self):
        """The chosen model, or the first on offer."""
        return self.entries.get(self._raw("model")) or next(iter(self.entries.values()), None)

    @cached_property
    def attached(self):
        """Images attached by their id, in order, of those the person may see."""
        ids = [pk for pk in map(whole_number, self.order) if pk]
        found = Image.objects.visible_to(self.user).kept().select_related("generation").in_bulk(ids)
        return [found[pk] for pk in dict.fromkeys(ids) if pk in found]

    @cached_property
    def asks_for_unknown_images(self):
        """True where an attached id is not the person's to see; the view answers 404."""
        return self.is_bound and len(self.attached) != len({*self.order} - {FILE})

    @property
    def kind(self):
        return Kind.EDIT if self.attached or self.files_chosen else Kind.GENERATE

    @property
    def rules(self):
        return self.entry.spec.rules(self.kind) if self.entry else None

    @property
    def model_fields(self):
        """Bound fields that depend on the model, in the order of the composer."""
        order = ("quality", "size", "aspect_ratio", "image_size", "number", "format", "background", "previews")
        return [self[name] for name in order if name in self.fields]

    @property
    def submit_label(self):
        return _("Edit") if self.kind == Kind.EDIT else _("Generate")

    @cached_property
    def expected_usd(self):
        """Dollars to expect of the composer's contents, or None."""
        if not self.rules:
            return None
        images, prompt = len(self.attached) + self.files_chosen, self._raw("prompt") or ""
        return estimates.estimate(self.entry, self._options(self._raw), prompt, images, self._number())

    @property
    def outlook(self):
        """What budgets make of it in the chosen project; in the first where none is, as the browser then shows it."""
        chosen = self.projects.filter(pk=whole_number(self._raw("project"))).first() or self.projects.first()
        return allowances.outlook(chosen, self.user, self.expected_usd)

    @property
    def estimate(self):
        """What the composer's contents would cost: dollars or None, what budgets make of it, pictures, calls."""
        wanted = self._number()
        return {
            "usd": self.expected_usd,
            "outlook": self.outlook,
            "pictures": wanted,
            "calls": len(catalog.calls_for(self.entry.spec, self.kind, wanted)) if self.rules else 0,
        }

    def drop_what_does_not_apply(self):
        """After a change of model: a value that the new model does not have falls back to its first."""
        for name, field in self.fields.items():
            if isinstance(field, forms.ChoiceField) and not field.valid_value(self.initial.get(name) or ""):
                self.initial.pop(name, None)

    def _raw(self, name):
        if self.is_bound:
            return self.data.get(name)
        return self.initial.get(name) or (self.fields[name].initial if name in self.fields else None)

    def _number(self):
        return min(max(whole_number(self._raw("number")) or 1, 1), catalog.MAX_WANTED)

    def _options(self, value_of):
        """Options by their names on the wire, from the fields that the model has."""
        chosen = {
            wire: value_of(name)
            for wire, (name, _label) in OPTION_FIELDS.items()
            if name in self.fields and value_of(name) not in (None, "", "0", 0)
        }
        return chosen | {"stream": True} if "partial_images" in chosen else chosen

    def clean_token(self):
        token = self.cleaned_data["token"]
        if Generation.objects.filter(token=token).exclude(user=self.user).exists():
            raise forms.ValidationError(STALE)
        return token

    @property
    def is_repeated(self):
        """True for the second click on one form: what it asks for is there already."""
        return Generation.objects.filter(token=self.cleaned_data["token"], user=self.user).exists()

    def clean_prompt(self):
        return self.cleaned_data["prompt"].replace("\r\n", "\n")  # browsers send textareas with both

    def clean_images(self):
        if self.order.count(FILE) > self.files_chosen:
            raise forms.ValidationError(STALE)
        return self.cleaned_data["images"]

    def clean(self):
        cleaned = super().clean()
        if self.entry is None or "model" in self.errors:
            return cleaned
        if self.rules is None:
            self.add_error("model", _("This model cannot edit pictures. Choose another one or remove the pictures."))
            return cleaned
        wrong = catalog.problems(
            self.entry.spec,
            self.kind,
            self._options(cleaned.get),
            images=len(self.attached) + self.files_chosen,
            mask=bool(cleaned.get("mask")),
            prompt=cleaned.get("prompt", ""),
        )
        names = {wire: name for wire, (name, _label) in OPTION_FIELDS.items()}
        for field, word in wrong.items():
            self.add_error(names.get(field, field), PROBLEMS[word] % {"most": self.rules.max_images})
        self._refuse_fields_the_model_lacks()
        return cleaned

    @property
    def lacking(self):
        """Options that were sent and that the chosen model does not have, with their labels, by their wire names."""
        sent = {wire: label for wire, (name, label) in OPTION_FIELDS.items() if self.data.get(name)}
        return {wire: label for wire, label in sent.items() if OPTION_FIELDS[wire][0] not in self.fields}

    def _refuse_fields_the_model_lacks(self):
        """A stale or forged form may carry them."""
        for label in self.lacking.values():
            self.add_error(None, _("%(model)s has no “%(field)s” here.") % {"model": self.entry, "field": label})

    def keep_uploads(self):
        """Store the files brought along, all or none; False, with errors at the field, where one is no good."""
        for file in self.cleaned_data["images"]:
            self._check_upload("images", file)
        if self.errors:
            return False
        self.kept = [(uploads.keep(file), file.name) for file in self.cleaned_data["images"]]
        return True

    def _check_upload(self, field, file):
        try:
            uploads.check(file)
        except uploads.Rejected as rejected:
            sentence = UPLOAD_PROBLEMS.get(rejected.code, NOT_A_PICTURE)
            self.add_error(field, sentence % {"name": uploads.safe_name(rejected.name)})

    def _in_order(self):
        """Pictures to edit as the composer showed them; files without a place there, as without scripts, come last."""
        images, files = {image.pk: image for image in self.attached}, iter(self.kept)
        placed = [next(files) if word == FILE else images.pop(whole_number(word), None) for word in self.order]
        return (*filter(None, placed), *files)

    def wish(self):
        """The valid contents, once `is_valid` and `keep_uploads` said yes."""
        cleaned = self.cleaned_data
        return Wish(
            project=cleaned["project"],
            entry=self.entry,
            prompt=cleaned["prompt"],
            options=self._options(cleaned.get),
            wanted=cleaned["number"],
            attached=self._in_order(),
            token=cleaned["token"] or uuid.uuid4(),
        )
