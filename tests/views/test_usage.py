"""Usage: what my calls came to, and those of the projects I manage; every number leads to its generations."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from gallery.models import Budget, Call
from gallery.services import ledger
from tests.factory import GEMINI, GPT, make_call, make_generation


@pytest.fixture
def spend(editor, project):
    def of(cost, user=editor, model=GEMINI, **fields):
        made = make_generation(user, project, model=model)
        call = make_call(made, Call.Status.ANSWERED, cost_usd=cost, image_out=100, pictures=1, **fields)
        call.refresh_from_db()
        ledger.book(call)
        return call

    return of


def figures(client, query=""):
    response = client.get(f"/usage/{query}")
    assert response.status_code == 200
    return {label: value for label, value, _note, _url in response.context["figures"]}


def test_it_sums_my_calls_of_this_month_and_nobody_elses(browse, editor, manager, spend):
    spend("0.25")
    spend("0.50")
    spend("9.00", manager)
    shown = figures(browse(editor))
    assert (shown["Spent"], shown["Calls"], shown["A picture"]) == ("$0.75", "2", "$0.3750")


def test_last_month_stands_apart(browse, editor, spend):
    before = timezone.localtime().replace(day=1, hour=0, minute=0, second=0) - timedelta(seconds=5)
    spend("3.00", sent_at=before)
    assert figures(browse(editor))["Spent"] == "$0.00"
    assert figures(browse(editor), "?period=last-month")["Spent"] == "$3.00"


def test_nothing_known_is_unknown_and_not_zero(browse, editor, spend):
    spend(None, may_have_been_billed=True)
    client = browse(editor)
    assert figures(client)["Spent"] == "unknown"
    assert "1 call of unknown cost" in client.get("/usage/").content.decode()


@pytest.mark.parametrize(
    "query", ["?period=90", "?period=custom&from=2026-02-30&to=x", "?by=nothing", "?model=%00", "?of="]
)
def test_whatever_the_address_says_there_is_a_page(browse, editor, spend, query):
    spend("0.25")
    assert figures(browse(editor), query)


def test_a_number_leads_to_its_generations_and_no_others(browse, editor, manager, spend):
    mine = spend("0.25").generation
    spend("0.50", model=GPT)
    spend("0.75", manager)
    spend("1.00", sent_at=timezone.now() - timedelta(days=200))
    client = browse(editor)
    [line] = [line for line in client.get("/usage/").context["tables"][0]["lines"] if line["key"] == GEMINI]
    assert [shown.pk for shown in client.get(line["url"]).context["generations"]] == [mine.pk]


def test_a_chart_names_its_parts_and_leads_to_the_day(browse, editor, spend):
    spend("0.25")
    page = browse(editor).get("/usage/?period=7").content.decode()
    assert re.search(r"<title>[^<]*\$0\.25\n[^<]*\$0\.25</title>", page)
    assert f"since={timezone.localdate()}" in page


def test_a_manager_sees_the_people_of_the_project_and_others_do_not(browse, editor, manager, project, spend):
    spend("0.25")
    spend("9.00", manager)
    assert figures(browse(manager), f"?of={project.pk}")["Spent"] == "$9.25"
    assert browse(editor).get(f"/usage/?of={project.pk}").status_code == 404


def test_a_budget_stands_above_what_it_is_for(browse, editor, spend):
    Budget.objects.create(scope="person", user=editor, hard_usd=20)
    spend("5.00")
    assert "$5.00 of the $20.00" in browse(editor).get("/usage/").content.decode()


def test_the_page_costs_the_same_for_3_calls_and_for_20(browse, editor, spend, cost):
    client = browse(editor)
    for _ in range(3):
        spend("0.25")
    few = cost(client, "/usage/")
    for number in range(17):
        spend("0.25", model=f"model-{number}")
    assert cost(client, "/usage/") == few
