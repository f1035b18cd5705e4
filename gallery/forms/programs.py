"""What programs ask for: the names of OpenAI's Images API, held to the composer's rules."""

from dataclasses import replace

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from gallery.services import uploads

from .composer import ComposerForm
from .fields import OPTION_FIELDS

# Parameters, and the fields of the composer that they are.
OPTIONS = {wire: name for wire, (name, _label) in OPTION_FIELDS.items() if wire != "partial_images"}
PARAMETERS = {"model": "model", "prompt": "prompt", "n": "number"} | OPTIONS
NAMES = {field: name for name, field in PARAMETERS.items()} | {"images": "image"}
FILES = ("image", "image[]", "mask")

# Parameters that the studio does not pass on; the value that each may have, because it changes nothing.
AS_IT_IS = {
    "response_format": "b64_json",
    "stream": "false",
    "partial_images": "0",
    "moderation": "auto",
    "output_compression": "100",
}
NOT_PASSED_ON = _("This is not offered here. Leave it out.")
STRANGE = {
    "response_format": _("Addresses of pictures open for people who signed in. Ask for b64_json, or leave this out."),
    "stream": _("Answers are not streamed here. Leave this out and wait for the whole answer."),
}
UNKNOWN = _("There is no such parameter here. Leave it out.")
NOT_A_VALUE = _("This must be a text or a number.")


def text(value):
    """A value of JSON as a form would send it; None for one that no form can."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def strangeness(name, value):
    """What is wrong with a parameter before any rule of a model is asked; empty for nothing."""
    if text(value) is None:
        return NOT_A_VALUE
    if name in AS_IT_IS:
        return "" if text(value).lower() == AS_IT_IS[name] else STRANGE.get(name, NOT_PASSED_ON)
    return "" if name in PARAMETERS else UNKNOWN


class ProgramForm(ComposerForm):
    """The composer as a program fills it in: in its key's project, perhaps with a mask."""

    mask = forms.FileField(required=False)
    kind = None  # said by the address, and not by whether there are pictures

    def __init__(self, sent, files, *, key, kind, token):
        """`sent` is what came by OpenAI's names: text, or values of JSON."""
        self.key, self.kind = key, kind
        sent = {name: value for name, value in sent.items() if value is not None}
        self.strange = {name: words for name, value in sent.items() if (words := strangeness(name, value))}
        self.strange |= {name: UNKNOWN for name in files if name not in FILES}
        data = MultiValueDict({"number": ["1"], "project": [key.project_id], "token": [token]})
        for name in PARAMETERS.keys() & sent.keys() - self.strange.keys():
            data[PARAMETERS[name]] = text(sent[name])
        images = [*files.getlist("image"), *files.getlist("image[]")]
        super().__init__(data, MultiValueDict({"images": images, "mask": files.getlist("mask")}), user=key.user)

    @property
    def names_unknown_model(self):
        return bool(self._raw("model")) and self._raw("model") not in self.entries

    @property
    def problem(self):
        """(parameter or None, sentence) of the first thing that is wrong; None where nothing is."""
        for name, sentence in self.strange.items():
            return name[:100], sentence
        for field, sentences in self.errors.items():
            name = next(iter(self.lacking), None) if field == NON_FIELD_ERRORS else NAMES.get(field, field)
            return name, sentences[0]
        return None

    def keep_uploads(self):
        mask = self.cleaned_data["mask"]
        if mask:
            self._check_upload("mask", mask)
        if not super().keep_uploads():
            return False
        self.kept_mask = (uploads.keep(mask), mask.name) if mask else None
        return True

    def wish(self):
        return replace(super().wish(), key=self.key, mask=self.kept_mask)

    def is_the_wish_of(self, generation):
        """False where the token is that of another wish; pictures brought along are not compared."""
        wish = self.wish()
        same = {"kind": wish.kind, "model": wish.entry.name, "prompt": wish.prompt, "options": wish.options}
        return all(getattr(generation, name) == value for name, value in (same | {"wanted": wish.wanted}).items())
