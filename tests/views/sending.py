"""What the composer sends: a wish with defaults, and files to bring along."""

import uuid

from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factory import GPT, picture_bytes


def wish(project, /, **fields):
    """The fields of a valid form. A list is a field several times; None leaves one out."""
    values = {
        "token": str(uuid.uuid4()),
        "prompt": "A red fox in the snow",
        "model": GPT,
        "number": "1",
        "project": project.pk,
    }
    return {name: value for name, value in (values | fields).items() if value is not None}


def file(name="apple.png", content=None):
    return SimpleUploadedFile(name, picture_bytes() if content is None else content)
