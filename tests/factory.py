"""Rows for tests: plain functions with defaults, which take the fields of the model as they are called there."""

import io
import uuid
from itertools import count

import PIL.Image
from django.contrib.auth import get_user_model
from django.utils import timezone

from gallery.models import Call, Generation, Image, Input, Membership, Project
from gallery.models.projects import Role
from gallery.services import files, keys

GPT = "openai/gpt-image-2"
GEMINI = "google/gemini-3.1-flash-image-preview"
PASSWORD = "correct horse"

_number = count(1)


def make_user(username="", **fields):
    """A person; `is_staff=True, is_superuser=True` makes an admin. Signs in with PASSWORD."""
    return get_user_model().objects.create_user(username or f"person-{next(_number)}", password=PASSWORD, **fields)


def make_project(name="", **fields):
    return Project.objects.create(name=name or f"Project {next(_number)}", **fields)


def make_member(project=None, role=Role.EDITOR, user=None):
    """A person who has a role in a project; returns the person."""
    user = user or make_user()
    Membership.objects.create(project=project or make_project(), user=user, role=role)
    return user


def make_key(user=None, project=None, name="Shop"):
    project = project or make_project()
    return keys.make(user or make_member(project), project=project, name=name)[0]


def make_generation(user=None, project=None, inputs=(), **fields):
    """A queued generation without calls; `inputs` are images it edits."""
    project = project or make_project()
    values = {
        "user": user or make_member(project),
        "project": project,
        "kind": Generation.Kind.EDIT if inputs else Generation.Kind.GENERATE,
        "model": GPT,
        "prompt": "A red fox in the snow",
        "token": uuid.uuid4(),
    }
    generation = Generation.objects.create(**values | fields)
    for position, image in enumerate(inputs):
        Input.objects.create(generation=generation, image=image, position=position)
    return generation


def make_call(generation=None, status=Call.Status.QUEUED, **fields):
    """A call with the moments that its status implies."""
    generation = generation or make_generation()
    now = timezone.now()
    values = {"position": generation.calls.count(), "protocol": "images", "turn": 0}
    if status not in (Call.Status.QUEUED, Call.Status.CANCELLED):
        values["claimed_at"] = now
    if status not in (Call.Status.QUEUED, Call.Status.CANCELLED, Call.Status.CLAIMED):
        values["sent_at"] = now
    if status not in (Call.Status.QUEUED, Call.Status.CLAIMED, Call.Status.SENT):
        values["finished_at"] = now
    return Call.objects.create(generation=generation, status=status, **values | fields)


def make_image(generation=None, call=None, *, size=(48, 32), colour=None, format="png", mode="RGB", **fields):
    """A picture whose files are really there: an output of `generation` or `call`, else an upload."""
    generation = generation or (call and call.generation)
    if generation and not call:
        call = generation.calls.last() or make_call(generation, Call.Status.ANSWERED)
    if generation:
        owner = {"user": generation.user, "project": generation.project, "position": call.images.count()}
    else:
        project = fields.get("project") or make_project()
        owner = {"user": fields.get("user") or make_member(project), "project": project, "filename": "upload.png"}
    kept = files.keep(picture_bytes(size, colour, format, mode))
    return Image.objects.create(generation=generation, call=call, **kept.row() | owner | fields)


def picture_bytes(size=(48, 32), colour=None, format="png", mode="RGB"):
    """A one-coloured picture, of another colour each time unless one is named."""
    colour = colour or f"#{next(_number) * 2654435761 % 0xFFFFFF:06x}"
    file = io.BytesIO()
    PIL.Image.new(mode, size, colour).save(file, format)
    return file.getvalue()
