"""A project with one person of each role, their browsers, and the means to count what a page costs."""

from types import SimpleNamespace

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gallery.models import Call, Generation, Image, Project
from gallery.models.projects import Role
from tests.factory import GEMINI, GPT, make_call, make_generation, make_image, make_member, make_project, make_user
from tests.services.conftest import online  # noqa: F401

HTMX = {"HX-Request": "true"}


@pytest.fixture
def project(db):
    Project.objects.all().delete()  # the one a new studio begins with
    return make_project("Posters")


@pytest.fixture
def editor(project):
    return make_member(project, Role.EDITOR, make_user("editor"))


@pytest.fixture
def viewer(project):
    return make_member(project, Role.VIEWER, make_user("viewer"))


@pytest.fixture
def manager(project):
    return make_member(project, Role.MANAGER, make_user("manager"))


@pytest.fixture
def stranger(db):
    return make_member(make_project("Elsewhere"), Role.MANAGER, make_user("stranger"))


@pytest.fixture
def staff(db):
    return make_user("staff", is_staff=True, is_superuser=True)


@pytest.fixture
def browse():
    """`browse(person)` is a signed-in browser, `browse()` one of nobody; `htmx=True` asks for fragments."""

    def of(person=None, *, htmx=False, **options):
        client = Client(headers=HTMX if htmx else None, **options)
        if person:
            client.force_login(person)
        return client

    return of


@pytest.fixture
def stored(settings, tmp_path):
    """What lies in the storages, which begin empty: `stored()` lists the files."""
    folders = {name: tmp_path / name for name in ("originals", "previews")}
    backends = {
        name: {"BACKEND": "gallery.storage.AtomicFileStorage", "OPTIONS": {"location": folder}}
        for name, folder in folders.items()
    }
    settings.STORAGES = settings.STORAGES | backends
    assert storages["originals"].location == str(folders["originals"])
    return lambda: [file for folder in folders.values() for file in folder.rglob("*") if file.is_file()]


@pytest.fixture
def cost():
    """The number of queries that a request takes, the second time."""

    def of(client, url):
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            response = client.get(url)
        assert response.status_code == 200
        return len(captured)

    return of


def answered(generation, **fields):
    """A call that came back, with tokens and cost, and a picture of it."""
    values = {"http_status": 200, "text_in": 14, "image_out": 208, "cost_usd": "0.006310", "model_returned": GPT}
    call = make_call(generation, Call.Status.ANSWERED, **values | fields)
    return make_image(call=call)


@pytest.fixture
def studio(project, editor):
    """A project with a generation in every state, an edit of an edit, an upload and a picture in the trash."""
    of = {"user": editor, "project": project}
    first = make_generation(**of, status="succeeded", prompt="A red <b>fox</b>", options={"size": "1024x1024"})
    picture = answered(first)
    edit = make_generation(**of, status="succeeded", inputs=[picture], model=GEMINI)
    edited = answered(edit, protocol="gemini")
    again = make_generation(**of, status="partial", inputs=[edited], wanted=2, error_code="some_missing")
    last = answered(again)
    trashed = make_image(call=again.calls.get(), trashed_at=again.created_at)
    for status, code in (("queued", ""), ("running", ""), ("failed", "safety"), ("cancelled", "cancelled")):
        make_generation(**of, status=status, error_code=code, error_detail=code)
    interrupted = make_generation(**of, status="interrupted", error_code="no_answer")
    make_call(interrupted, Call.Status.INTERRUPTED, may_have_been_billed=True, error_code="no_answer")
    upload = make_image(**of)
    return SimpleNamespace(
        picture=picture, edited=edited, last=last, trashed=trashed, upload=upload, generation=first, edit=edit
    )


@pytest.fixture
def pages(studio, project):
    """The addresses of all pages that a member may open."""
    return [
        "/",
        f"/?edit={studio.picture.pk}",
        f"/?reuse={studio.edit.pk}",
        "/gallery/",
        "/gallery/?trash=1",
        "/gallery/?q=nothing+like+it",
        "/history/",
        *(f"/generations/{generation.pk}/" for generation in Generation.objects.all()),
        *(f"/images/{image.pk}/" for image in Image.objects.all()),
        "/usage/",
        "/keys/",
        f"/projects/{project.pk}/",
        "/password/",
    ]


@pytest.fixture
def fragments(studio):
    """The addresses of what htmx swaps into pages."""
    newest = Generation.objects.latest("pk").pk
    return [
        f"/?before={newest}",
        "/composer/fields/?model=" + GEMINI,
        f"/composer/fields/?model={GEMINI}&attached={studio.picture.pk}",
        f"/composer/attachments/{studio.picture.pk}/",
        *(f"/generations/{generation.pk}/card/" for generation in Generation.objects.all()),
        "/gallery/",
        "/history/",
    ]
