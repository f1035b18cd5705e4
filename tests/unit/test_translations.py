"""The Chinese catalogue is whole: read from the sources, the .po and the .mo, without gettext's own programs."""

import ast
import gettext
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "gallery" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
LITERAL = r"u?(\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')"
MARKED = re.compile(rf"\b(?:{'|'.join(MARKS)})\(\s*{LITERAL}")  # in a template, once Django made it look like code
LINE = re.compile(r'^(?:(msgid|msgid_plural|msgstr)(?:\[\d\])? )?(".*")$')
PLACEHOLDER = re.compile(r"%%|%\(\w+\)[sd]|%[sd]")
TAG = re.compile(r"<[^>]+>")


@dataclass
class Message:
    flags: str = ""
    texts: dict = field(default_factory=dict)  # by keyword: msgid, msgid_plural, msgstr

    @property
    def key(self):
        return self.texts["msgid"]


def read_catalogue():
    """The messages by their msgid; the header is the one of nothing."""
    messages = []
    for block in CATALOGUE.read_text(encoding="utf-8").strip().split("\n\n"):
        message, keyword = Message(), None
        for line in block.splitlines():
            if line.startswith("#,"):
                message.flags += line
            elif match := LINE.match(line):
                keyword = match[1] or keyword
                message.texts[keyword] = message.texts.get(keyword, "") + ast.literal_eval(match[2])
        messages.append(message)
    return {message.key: message for message in messages}


MESSAGES = read_catalogue()
TRANSLATED = [message for key, message in MESSAGES.items() if key]


def said_in_templates():
    for path in sorted((ROOT / "templates").rglob("*.*")):
        for literal in MARKED.findall(templatize(path.read_text(encoding="utf-8"))):
            yield ast.literal_eval(literal), path


def said_in_python():
    for package in ("gallery", "imagestudio"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MARKS:
                    yield ast.literal_eval(node.args[0]), path


@pytest.mark.parametrize("source", [said_in_templates, said_in_python])
def test_everything_said_is_in_the_catalogue(source):
    said = list(source())
    missing = [f"{path.relative_to(ROOT)}: {text}" for text, path in said if text not in MESSAGES]
    assert len(said) > 200
    assert not missing, "run `make messages` and translate:\n" + "\n".join(missing)


def test_every_message_has_a_translation_that_somebody_vouches_for():
    assert not [message.key for message in TRANSLATED if not message.texts["msgstr"].strip()]
    assert not [message.key for message in TRANSLATED if "fuzzy" in message.flags]


@pytest.mark.parametrize("pattern", [PLACEHOLDER, TAG])
def test_translations_keep_placeholders_and_markup(pattern):
    for message in TRANSLATED:
        original = message.texts.get("msgid_plural", message.key)  # Chinese has one form, that of the plural
        assert sorted(pattern.findall(message.texts["msgstr"])) == sorted(pattern.findall(original)), message.key


def test_what_is_compiled_is_what_was_translated():
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in TRANSLATED:
        plural = message.texts.get("msgid_plural")
        got = {compiled.ngettext(message.key, plural, n) for n in (1, 2)} if plural else {compiled.gettext(message.key)}
        assert got == {message.texts["msgstr"]}, "run `make messages`"
