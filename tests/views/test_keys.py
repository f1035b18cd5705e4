"""Keys: a person makes and revokes their own, sees the secret once, and it is kept nowhere."""

import logging
import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from gallery.models import ApiKey, AuditEntry
from gallery.services import keys
from tests.factory import GPT, make_project

SECRET = re.compile(r"sk-studio-[A-Za-z0-9]{40}")


@pytest.fixture
def key(editor, project):
    return keys.make(editor, project=project, name="Shop")[0]


def make(client, project, name="Shop"):
    return client.post("/keys/make/", {"name": name, "project": project.pk})


def test_the_secret_is_shown_once_and_only_its_hash_is_kept(browse, editor, project, caplog):
    caplog.set_level(logging.DEBUG)
    client = browse(editor)
    response = make(client, project)
    [secret] = set(SECRET.findall(response.content.decode()))
    assert response["Cache-Control"] == "no-store"
    assert not SECRET.search(client.get("/keys/").content.decode())
    assert secret not in caplog.text
    rows = [str(row) for model in apps.get_models() for row in model.objects.values()]
    assert not [row for row in rows if secret in row]
    assert ApiKey.objects.with_secret(secret).get().prefix == secret[:16]


def test_a_key_is_somebodys_and_of_a_project(browse, editor, project):
    make(browse(editor), project)
    key = ApiKey.objects.get()
    assert (key.user, key.project, key.name, key.last_used_at, key.revoked_at) == (editor, project, "Shop", None, None)


def test_making_and_revoking_are_written_down(browse, editor, project):
    client = browse(editor)
    make(client, project)
    key = ApiKey.objects.get()
    assert client.post(f"/keys/{key.pk}/revoke/")["Location"] == "/keys/"
    added, changed = AuditEntry.objects.order_by("pk")
    assert (added.user, added.action, added.subject) == (editor, "added", str(key))
    assert added.after == {"person": "editor", "project": "Posters"}
    assert (changed.user, changed.action, list(changed.after)) == (editor, "changed", ["revoked_at"])


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\0b"])
def test_a_key_needs_a_name(browse, editor, project, name):
    assert make(browse(editor), project, name).status_code == 422
    assert not ApiKey.objects.exists()


def test_there_is_none_for_a_project_in_which_one_may_not_create(browse, editor, viewer, project):
    for person, of in ((viewer, project), (editor, make_project())):
        response = make(browse(person), of)
        assert response.status_code == 422
        assert response.context["form"].errors["project"] == ["You cannot create in this project. Choose another one."]
    assert b"A manager can make you an editor." in browse(viewer).get("/keys/").content
    assert not ApiKey.objects.exists()


def test_anothers_key_is_neither_seen_nor_revoked(browse, manager, staff, key):
    for person in (manager, staff):
        client = browse(person)
        assert b"Shop" not in client.get("/keys/").content
        assert client.post(f"/keys/{key.pk}/revoke/").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None


def test_one_that_is_revoked_stays_as_it_was_revoked(browse, editor, key):
    client = browse(editor)
    client.post(f"/keys/{key.pk}/revoke/")
    key.refresh_from_db()
    first = key.revoked_at
    client.post(f"/keys/{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.revoked_at == first
    assert AuditEntry.objects.filter(action="changed").count() == 1
    assert f"/keys/{key.pk}/revoke/" not in client.get("/keys/").content.decode()


def test_a_key_of_somebody_who_left_is_in_force_no_more(editor, project):
    _key, secret = keys.make(editor, project=project, name="Shop")
    assert ApiKey.objects.with_secret(secret).exists()
    editor.is_active = False
    editor.save()
    assert not ApiKey.objects.with_secret(secret).exists()


def test_the_page_shows_how_a_program_asks_this_studio(browse, editor):
    page = browse(editor).get("/keys/", headers={"host": "localhost:8123"}).content.decode()
    assert "curl http://localhost:8123/api/v1/images/generations " in page
    assert GPT in page


def test_use_is_noted_to_the_minute(key, django_assert_num_queries):
    keys.note_use(key)
    key.refresh_from_db()
    assert timezone.now() - key.last_used_at < timedelta(minutes=1)
    with django_assert_num_queries(0):
        keys.note_use(key)


def test_admins_see_all_without_their_hashes_and_may_revoke(browse, staff, key):
    client, address = browse(staff), "/admin/gallery/apikey/"
    shown = [client.get(address), client.get(f"{address}{key.pk}/change/")]
    assert all(b"Shop" in response.content and key.digest.encode() not in response.content for response in shown)
    assert client.get(f"{address}add/").status_code == client.post(f"{address}{key.pk}/delete/").status_code == 403
    client.post(address, {"action": "revoke", "_selected_action": [key.pk]})
    key.refresh_from_db()
    assert key.revoked_at
    assert AuditEntry.objects.latest("pk").user == staff
