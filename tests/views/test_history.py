"""History: every generation as a row, and each with all its calls."""

import pytest

from gallery.models import Call, Generation
from tests.factory import GEMINI, GPT, make_call, make_generation, make_image, make_member, make_project


def shown(response):
    assert response.status_code == 200
    return response.context["generations"]


def test_every_generation_of_the_project_is_a_row_whatever_became_of_it(browse, viewer, editor, project):
    made = [make_generation(editor, project, status=status) for status in Generation.Status.values]
    response = browse(viewer).get("/history/")
    assert shown(response) == made[::-1]
    for generation in made:
        assert f'data-status="{generation.status}"' in response.content.decode()


def test_an_empty_history_says_what_it_will_hold(browse, editor):
    assert 'class="empty"' in browse(editor).get("/history/").content.decode()


def test_a_stranger_sees_none_and_staff_see_all(browse, stranger, staff, editor, project):
    made = make_generation(editor, project, prompt="secret")
    response = browse(stranger).get("/history/")
    assert shown(response) == []
    assert b"secret" not in response.content
    assert shown(browse(staff).get("/history/")) == [made]


def test_the_choices_name_no_stranger(browse, editor, stranger, project):
    make_generation(stranger, stranger.memberships.get().project)
    make_generation(editor, project)
    choices = browse(editor).get("/history/").context["choices"]
    assert choices["person"] == [(str(editor.pk), "editor")]
    assert choices["project"] == [(str(project.pk), "Posters")]


@pytest.mark.parametrize("field", ["status", "model", "person", "project", "q"])
def test_rows_can_be_filtered(browse, editor, manager, project, field):
    other = make_project("Another")
    make_member(other, user=editor)
    of = {"status": "failed", "model": GEMINI, "prompt": "green apple"}
    wanted = make_generation(manager, other, **of)
    make_generation(editor, project)
    value = {"person": manager.pk, "project": other.pk, "q": "APPLE"}.get(field, of.get(field))
    assert shown(browse(editor, htmx=True).get("/history/", {field: value})) == [wanted]


def test_a_filter_by_a_strangers_project_shows_nothing(browse, editor, stranger):
    theirs = stranger.memberships.get().project
    make_generation(stranger, theirs)
    assert shown(browse(editor).get("/history/", {"project": theirs.pk})) == []


def test_tokens_and_cost_are_summed_over_calls_and_unknown_is_no_zero(browse, editor, project):
    made = make_generation(editor, project, status="succeeded")
    make_call(made, Call.Status.ANSWERED, text_in=10, image_in=5, image_out=200, cost_usd="0.01")
    make_call(made, Call.Status.ANSWERED, text_in=1, image_out=100, cost_usd="0.005")
    unknown = make_generation(editor, project, status="interrupted")
    make_call(unknown, Call.Status.INTERRUPTED, may_have_been_billed=True)
    first, second = shown(browse(editor).get("/history/"))
    assert (first.tokens_in, first.tokens_out, first.cost_usd) == (None, None, None)
    assert (second.tokens_in, second.tokens_out, str(second.cost_usd)) == (16, 300, "0.015000")


def test_pages_follow_one_another_and_keep_the_filter(browse, editor, project):
    made = [make_generation(editor, project, prompt="fox") for _ in range(45)]
    client, url, seen = browse(editor, htmx=True), "/history/?q=fox", []
    while url:
        response = client.get(url)
        assert b"<html" not in response.content
        seen += shown(response)
        url = response.context["next_url"]
    assert seen == made[::-1]


def test_a_generations_page_shows_all_of_its_calls(browse, viewer, editor, project):
    made = make_generation(editor, project, status="failed", error_code="server_error")
    for attempt in (1, 2):
        answer = {"error": {"message": "<oops>"}}
        make_call(made, Call.Status.FAILED, position=0, attempt=attempt, http_status=500, sent={"n": 1}, answer=answer)
    response = browse(viewer).get(f"/generations/{made.pk}/")
    html = response.content.decode()
    assert len(response.context["calls"]) == 2
    assert "&lt;oops&gt;" in html
    assert html.count(">500<") == 2


def test_a_generations_page_is_not_found_by_a_stranger(browse, stranger, editor, project):
    assert browse(stranger).get(f"/generations/{make_generation(editor, project).pk}/").status_code == 404


def test_the_page_costs_the_same_for_3_rows_and_for_20(browse, editor, project, cost):
    client = browse(editor)

    def grow(number):
        for _ in range(number):
            source = make_image(make_generation(editor, project, status="succeeded"))
            make_image(make_generation(make_member(project), project, [source], status="succeeded"))
            make_call(make_generation(editor, project, model=GPT))

    grow(1)
    few = cost(client, "/history/")
    grow(5)
    assert cost(client, "/history/") == few
    assert cost(browse(editor, htmx=True), "/history/") < few


def test_a_generations_page_costs_the_same_for_3_calls_and_for_20(browse, editor, project, cost):
    made = make_generation(editor, project, status="succeeded")
    client, url = browse(editor), f"/generations/{made.pk}/"
    for _ in range(3):
        make_image(call=make_call(made, Call.Status.ANSWERED))
    few = cost(client, url)
    for _ in range(17):
        make_image(call=make_call(made, Call.Status.ANSWERED))
    assert cost(client, url) == few
