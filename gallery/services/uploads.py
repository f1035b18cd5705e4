"""Pictures that people bring."""

from pathlib import Path

from django.core.files.uploadedfile import TemporaryUploadedFile

from gallery import pictures
from gallery.models import Image

from . import files


class Rejected(Exception):
    """An upload that is not kept; `code` is a word of pictures.NotAPicture, or "too_large"."""

    def __init__(self, code, name):
        super().__init__(code)
        self.code = code
        self.name = name


def check(uploaded):
    """Decode an upload under limits, storing nothing. Raises Rejected, for an animation too: no model keeps motion."""
    if uploaded.size > pictures.MAX_BYTES:
        raise Rejected("too_large", uploaded.name)
    try:
        pictures.measure(_content(uploaded), animation=False)
    except pictures.NotAPicture as error:
        raise Rejected(error.code, uploaded.name) from error


def keep(uploaded):
    """Store the files of a checked upload; no row yet."""
    return files.keep(_content(uploaded))


def _content(uploaded):
    """Its path where Django spooled it to disk, else its bytes."""
    if isinstance(uploaded, TemporaryUploadedFile):
        return Path(uploaded.temporary_file_path())
    uploaded.seek(0)
    return uploaded.read()


def record_upload(user, project, kept, name):
    """The row of an upload whose files are kept; the same file twice in a project by one person is one row."""
    same = Image.objects.filter(project=project, user=user, generation=None, sha256=kept.sha256, trashed_at=None)
    return same.first() or Image.objects.create(project=project, user=user, filename=safe_name(name), **kept.row())


def safe_name(name):
    """The last part of a file name, printable and short: it comes back as the name of a download."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable() and c not in '"<>:|?*').strip(". ")[-120:] or "image"
