"""The admin: every table is there, and what the ledger says nobody can change."""

import pytest
from django.contrib import admin
from django.urls import reverse

from gallery.models import (
    AuditEntry,
    Budget,
    Call,
    Event,
    Favourite,
    Generation,
    Image,
    Input,
    ModelEntry,
    Price,
    Proposal,
)
from gallery.services import audit
from tests.factory import GPT, make_call, make_generation, make_image, make_key

LEDGER = [AuditEntry, Call, Event, Favourite, Generation, Image, Input, Proposal]


@pytest.fixture
def rows(editor, studio):
    """One row of each table of the ledger."""
    Event.objects.append(studio.generation)
    make_key(editor)
    Favourite.objects.create(user=editor, image=studio.picture)
    audit.note(editor, audit.Action.CHANGED, Budget.objects.create(scope="studio"), {"hard_usd": 5}, {"hard_usd": 6})
    Proposal.objects.create(kind=Proposal.Kind.PRICE, model=GPT, found={"image_out": "40"})
    return {model: model.objects.first() for model in LEDGER}


def address(model, page, *arguments):
    return reverse(f"admin:gallery_{model._meta.model_name}_{page}", args=arguments)


def test_it_is_for_staff_only(browse, editor, viewer):
    for person in (editor, viewer, None):
        assert browse(person).get("/admin/")["Location"].startswith(("/admin/login/", "/sign-in/"))


def test_every_table_has_its_pages(browse, staff, rows, project):
    client = browse(staff)
    for model in [model for model in admin.site._registry if model._meta.app_label == "gallery"]:
        assert client.get(address(model, "changelist")).status_code == 200, model
        assert client.get(address(model, "changelist"), {"q": "fox"}).status_code == 200, model
        assert client.get(address(model, "change", model.objects.first().pk)).status_code == 200, model


@pytest.mark.parametrize("model", LEDGER, ids=lambda model: model.__name__)
def test_a_row_of_the_ledger_can_be_read_and_not_written(browse, staff, rows, model):
    client, row = browse(staff), rows[model]
    before = model.objects.values().get(pk=row.pk)
    assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "add"), {}).status_code == 403
    assert client.post(address(model, "change", row.pk), {"cost_usd": "0"}).status_code == 403
    assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    client.post(address(model, "changelist"), chosen)
    assert model.objects.values().get(pk=row.pk) == before


def test_a_price_that_calls_were_costed_with_stays_as_it_is(browse, staff, project):
    used = Price.objects.filter(model=GPT).first()
    make_call(make_generation(project=project), price=used)
    client = browse(staff)
    for page in ("change", "delete"):
        assert client.post(address(Price, page, used.pk), {"post": "yes", "image_out": "1"}).status_code == 403
    client.post(
        address(Price, "changelist"), {"action": "delete_selected", "_selected_action": [used.pk], "post": "yes"}
    )
    assert Price.objects.get(pk=used.pk).image_out == used.image_out


def test_a_price_nobody_used_can_be_corrected(browse, staff, db):
    price = Price.objects.filter(model=GPT).first()
    form = {"model": GPT, "valid_from_0": "2026-09-01", "valid_from_1": "00:00:00", "image_out": "31"}
    assert browse(staff).post(address(Price, "change", price.pk), form).status_code == 302
    price.refresh_from_db()
    assert price.image_out == 31


@pytest.mark.parametrize("abilities", ["{}", "[]", "null", '"x"', "{broken", '{"id": "other"}'])
def test_abilities_that_cannot_be_read_are_refused_at_the_field(browse, staff, abilities):
    entry = ModelEntry.objects.first()
    form = {"name": entry.name, "label": entry.label, "position": "0", "is_active": "on", "abilities": abilities}
    response = browse(staff).post(address(ModelEntry, "change", entry.pk), form)
    assert response.status_code == 200
    assert "abilities" in response.context["adminform"].form.errors
    assert ModelEntry.objects.get(pk=entry.pk).spec.id == entry.name


def test_a_model_taken_off_the_list_leaves_the_composer(browse, staff, editor):
    entry = ModelEntry.objects.get(name=GPT)
    entry.is_active = False
    entry.save()
    assert f'value="{GPT}"' not in browse(editor).get("/").content.decode()


def test_lists_cost_the_same_for_3_rows_and_for_20(browse, staff, editor, project, cost):
    def grow(number):
        for _ in range(number):
            source = make_image(make_generation(editor, project))
            favoured = make_image(make_generation(editor, project, [source]))
            Favourite.objects.create(user=editor, image=favoured)
            Event.objects.append(source.generation)
            make_image(user=editor, project=project)
            audit.note(editor, audit.Action.CHANGED, project, {"name": "A"}, {"name": "B"})

    client = browse(staff)
    grow(3)
    few = {model: cost(client, address(model, "changelist")) for model in LEDGER}
    grow(17)
    assert {model: cost(client, address(model, "changelist")) for model in LEDGER} == few


def test_its_pages_obey_the_strict_policy(browse, staff, rows):
    response = browse(staff).get(address(Call, "change", rows[Call].pk))
    assert "unsafe" not in response["Content-Security-Policy"]
    assert b"<style" not in response.content
    assert b' style="' not in response.content
    assert b" onclick=" not in response.content
