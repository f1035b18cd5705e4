"""Exports: one row a call as CSV and JSON, one's own unless one may see more, and nothing a spreadsheet would run."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.core.management import CommandError, call_command
from django.utils import timezone

from gallery.accounting import exports
from gallery.models import AuditEntry, Call, Project
from tests.factory import make_call, make_generation, make_image, make_key, make_member, make_project, make_user

HEAD = (
    "call,generation,at,person,project,key,model,operation,status,text_in,cached_text_in,image_in,cached_image_in,"
    "text_out,image_out,input_images,output_images,estimated_usd,cost_usd,price,upstream_id"
)


@pytest.fixture
def spend(editor, project):
    def of(user=editor, **fields):
        values = {"wanted": 2, "estimated_usd": Decimal("0.010001"), "key": fields.pop("key", None)}
        generation = make_generation(user, project, **values)
        return make_call(generation, Call.Status.ANSWERED, **fields)

    return of


def rows(client, address="/usage/export.csv"):
    response = client.get(address)
    assert response.status_code == 200

    async def whole():
        return b"".join([chunk async for chunk in response.streaming_content])

    return list(csv.DictReader(io.StringIO(async_to_sync(whole)().decode(), newline="")))


def printed(start, last):
    out = io.StringIO()
    call_command("export_usage", "--from", start, "--to", last, stdout=out)
    return out.getvalue()


def test_the_columns_are_the_ones_that_scripts_rely_on(db):
    assert printed("2026-11-01", "2026-11-30") == HEAD + "\r\n"


def test_a_row_says_everything_and_leaves_empty_what_is_unknown(browse, editor, project, spend):
    call = spend(text_in=14, image_out=208, cost_usd="0.00631", upstream_id="abc")
    (row,) = rows(browse(editor))
    known = {name: value for name, value in row.items() if value}
    assert known.pop("at")[:10] == str(timezone.localdate(call.sent_at))
    assert known == {
        "call": str(call.pk),
        "generation": str(call.generation_id),
        "person": "editor",
        "project": "Posters",
        "model": "openai/gpt-image-2",
        "operation": "generate",
        "status": "answered",
        "text_in": "14",
        "image_out": "208",
        "input_images": "0",
        "output_images": "0",
        "estimated_usd": "0.005001",
        "cost_usd": "0.006310",
        "upstream_id": "abc",
    }


def test_a_row_names_the_key_it_was_asked_with(browse, editor, project, spend):
    key = make_key(editor, project, "=Shop")
    spend(key=key)
    assert [row["key"] for row in rows(browse(editor))] == [f"'{key}"]


def test_masks_are_not_counted_as_pictures_to_edit(editor, project):
    source = make_image(user=editor, project=project)
    generation = make_generation(editor, project, inputs=[source, source])
    generation.inputs.create(image=source, role="mask")
    make_call(generation, Call.Status.ANSWERED)
    assert exports.page_after(exports.all_calls())[0].inputs == 2


def test_days_are_the_studios_and_both_ends_are_part_of_it(editor, spend, settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    first = spend(sent_at=datetime(2026, 10, 31, 16, 0, tzinfo=UTC))
    last = spend(sent_at=datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC))
    spend(sent_at=datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC))
    spend(sent_at=datetime(2026, 11, 30, 16, 0, tzinfo=UTC))
    found = list(csv.DictReader(io.StringIO(printed("2026-11-01", "2026-11-30"))))
    assert [row["call"] for row in found] == [str(first.pk), str(last.pk)]
    assert found[0]["at"] == "2026-11-01T00:00:00+08:00"


def test_what_never_went_out_is_a_row_too(browse, editor, project):
    make_call(make_generation(editor, project), Call.Status.CANCELLED)
    assert [(row["status"], row["cost_usd"]) for row in rows(browse(editor))] == [("cancelled", "")]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_begins_like_a_formula(browse, editor, spend, sign):
    spend(upstream_id=f"{sign}cmd|' /C calc'!A0")
    assert rows(browse(editor))[0]["upstream_id"] == f"'{sign}cmd|' /C calc'!A0"


def test_a_name_cannot_run_either(browse, staff):
    project = make_project("=1+1")
    make_call(make_generation(staff, project))
    assert rows(browse(staff))[0]["project"] == "'=1+1"


def test_many_calls_come_in_pages(browse, editor, spend, monkeypatch):
    monkeypatch.setattr(exports, "PAGE", 2)
    monkeypatch.setattr(exports.page_after, "__defaults__", (0, 2))
    made = [str(spend().pk) for _ in range(5)]
    assert [row["call"] for row in rows(browse(editor))] == made


def test_others_are_left_out(browse, editor, manager, spend):
    spend(manager)
    assert rows(browse(editor)) == []
    assert not AuditEntry.objects.exists()


def test_a_manager_has_the_whole_project_and_that_is_written_down(browse, manager, project, spend):
    call = spend()
    assert [row["call"] for row in rows(browse(manager), f"/usage/export.csv?of={project.pk}")] == [str(call.pk)]
    entry = AuditEntry.objects.get()
    assert (entry.user, entry.action, entry.subject) == (manager, "exported", "Posters")


def test_staff_have_everybody_and_that_is_written_down(browse, staff, spend):
    spend()
    assert len(rows(browse(staff), "/usage/export.csv?everybody=1")) == 1
    assert AuditEntry.objects.get().after["whose"] == "everybody"


def test_it_can_be_narrowed_like_the_pages(browse, staff, editor, manager, project, spend):
    key = make_key(editor, project)
    plain, programs, others = spend(), spend(key=key), spend(manager)
    make_call(make_generation(editor, make_project()), Call.Status.ANSWERED)
    client = browse(staff)

    def found(query):
        return [int(row["call"]) for row in rows(client, f"/usage/export.csv?everybody=1&project={project.pk}&{query}")]

    assert found("") == [plain.pk, programs.pk, others.pk]
    assert (found(f"key={key.pk}"), found("key=0")) == ([programs.pk], [plain.pk, others.pk])
    assert found(f"person={manager.pk}&model=openai/gpt-image-2&kind=generate") == [others.pk]
    assert found("model=none") == found("kind=edit") == []
    assert AuditEntry.objects.first().after["kind"] == "edit"


@pytest.mark.parametrize("page", ["export.csv", "calls.json"])
def test_what_is_not_ones_own_is_refused(browse, editor, viewer, stranger, project, page):
    for person in (editor, viewer, stranger):
        for asked in (f"of={project.pk}", "everybody=1"):
            assert browse(person).get(f"/usage/{page}?{asked}").status_code == 422
    assert browse().get(f"/usage/{page}")["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    "query",
    [
        "from=x",
        "to=2026-13-01",
        "from=2026-02-02&to=2026-02-01",
        "to=9999-12-31",
        "from=0001-01-01",
        "after=-1",
        "key=x",
        "person=-1",
    ],
)
def test_a_bad_question_is_answered_with_what_is_wrong(browse, editor, query):
    response = browse(editor).get(f"/usage/calls.json?{query}")
    assert response.status_code == 422
    assert response.json()["errors"]


def test_json_leads_from_page_to_page(browse, editor, spend):
    made = [spend(cost_usd="0.1").pk for _ in range(3)]
    client, address, found = browse(editor), "/usage/calls.json?limit=2", []
    while address:
        answer = client.get(address).json()
        found += answer["calls"]
        address = answer["next"]
    assert [row["call"] for row in found] == made
    assert (found[0]["cost_usd"], found[0]["text_in"], found[0]["key"]) == ("0.100000", None, None)


def test_the_command_refuses_days_the_wrong_way_round(db):
    with pytest.raises(CommandError):
        printed("2026-11-30", "2026-11-01")


def test_a_page_costs_the_same_for_3_calls_and_for_20(browse, editor, cost):
    def grow(number):
        for _ in range(number):
            make_call(make_generation(editor, make_project()), Call.Status.ANSWERED)

    client = browse(editor)
    grow(3)
    few = cost(client, "/usage/calls.json")
    grow(17)
    assert cost(client, "/usage/calls.json") == few


def test_of_a_project_that_is_managed_no_other_shows(browse, manager, project, spend):
    other = make_project()
    make_call(make_generation(make_member(other, user=make_user()), other))
    spend()
    assert {row["project"] for row in rows(browse(manager), f"/usage/export.csv?of={project.pk}")} == {"Posters"}
    assert Project.objects.count() == 2
