"""Usage: what my calls came to, and those of the projects I manage; every number leads to its generations."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.utils import timezone

from gallery import periods
from gallery.accounting import closing
from gallery.models import AuditEntry, Budget, Call, Price
from gallery.models.projects import Role
from gallery.services import ledger, months
from tests.factory import GEMINI, GPT, make_call, make_generation, make_key, make_member, make_project


@pytest.fixture
def spend(editor, project):
    def of(cost, user=editor, model=GEMINI, key=None, **fields):
        made = make_generation(user, project, model=model, key=key)
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


def test_what_keys_asked_for_stands_apart_and_so_does_the_rest(browse, editor, project, spend):
    key = make_key(editor, project, "Shop")
    programs, own = spend("0.25", key=key).generation, spend("0.50").generation
    client = browse(editor)
    [table] = [table for table in client.get("/usage/?by=key").context["tables"] if table["name"] == "key"]
    assert [(line["label"], line["cells"]["cost"]) for line in table["lines"]] == [
        ("without a key", "$0.5000"),
        (str(key), "$0.2500"),
    ]
    for line, generation in zip(table["lines"], (own, programs), strict=True):
        assert [shown.pk for shown in client.get(line["url"]).context["generations"]] == [generation.pk]
    assert figures(client, f"?key={key.pk}")["Spent"] == "$0.25"
    assert figures(client, "?key=0")["Spent"] == "$0.50"


def test_a_filter_names_nothing_of_a_stranger(browse, editor, stranger, spend):
    theirs = make_key(stranger, make_project("Secret"), "Hidden")
    page = browse(editor).get(f"/usage/?project={theirs.project_id}&key={theirs.pk}&person={stranger.pk}")
    assert [chip["label"] for chip in page.context["chosen"]] == [theirs.project_id, stranger.pk, theirs.pk]


def test_a_keys_budget_stands_on_its_owners_page(browse, editor, manager, project):
    Budget.objects.create(scope="key", key=make_key(editor, project, "Shop"), hard_usd=2)
    assert b"Shop: $0.00 of the $2.00" in browse(editor).get("/usage/").content
    assert b"Shop" not in browse(manager).get("/usage/").content


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


def test_a_manager_of_many_projects_can_choose_each(browse, manager):
    for number in range(8):
        make_member(make_project(f"More {number}"), Role.MANAGER, manager)
    page = browse(manager).get("/usage/")
    offered = re.findall(r'(?:href="\?of=|<option value=")(\d+)', page.content.decode())
    assert sorted(map(int, offered)) == sorted(project.pk for project in page.context["managed"])


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


# --- statements ---


def statement(client, project, month=""):
    return client.get(f"/usage/statement/?project={project.pk}&month={month}")


def test_a_statement_adds_up_to_the_project_and_is_written_down(browse, editor, manager, project, spend):
    spend("0.25")
    spend("9.00", manager)
    spend(None, may_have_been_billed=True)
    response = statement(browse(manager), project)
    shown = {label: value for label, value, _note, _url in response.context["figures"]}
    assert (shown["Spent"], shown["Calls"]) == ("$9.25", "3")
    people = next(table for table in response.context["tables"] if table["name"] == "person")
    assert [line["cells"]["cost"] for line in people["lines"]] == ["$9.000000", "$0.250000"]
    assert "not closed" in response.content.decode()
    entry = AuditEntry.objects.get(action="exported")
    assert (entry.user, entry.subject, set(entry.after)) == (manager, str(project), {"statement"})


def test_every_table_of_a_statement_comes_to_the_ledger_to_the_last_digit(browse, manager, project, spend):
    month = (timezone.localtime().replace(day=1, hour=12) - timedelta(days=1)).replace(day=1)
    for number in range(25):  # more people than the pages for the screen name
        sent = month + timedelta(days=number % 3)
        spend(f"0.00{number}7", make_member(project), model=(GPT, GEMINI)[number % 2], sent_at=sent, text_in=number)
    spend(None, manager, may_have_been_billed=True, sent_at=month)
    context = statement(browse(manager), project, f"{month:%Y-%m}").context
    calls = Call.objects.filter(generation__project=project)
    ledger_usd = calls.aggregate(usd=Sum("cost_usd"))["usd"]
    shown = {table["name"]: table["lines"] for table in context["tables"]} | {"day": context["steps"]}
    assert (len(shown["person"]), len(shown["model"]), len(shown["day"])) == (26, 2, 3)
    for lines in [*shown.values(), [context["together"]]]:
        known = [line["cells"]["cost"] for line in lines if line["cells"]["cost"] != "unknown"]
        assert sum(Decimal(cost.removeprefix("$")) for cost in known) == ledger_usd
        assert sum(int(line["cells"]["calls"]) for line in lines) == calls.count()
    tokens = {str(word): number for word, number in context["tokens"]}
    assert (tokens["text in"], tokens["image out"]) == (sum(range(25)), 2600)


def test_a_statement_of_a_closed_month_tells_what_came_late(browse, manager, project, spend):
    before = timezone.localtime().replace(day=1, hour=0, minute=0, second=0) - timedelta(seconds=5)
    month = periods.month_of(before.date())
    spend("1.00", sent_at=before)
    months.close(manager, closing.standing(month), billed_usd=1)
    client = browse(manager)
    content = statement(client, project, f"{before:%Y-%m}").content.decode()
    assert "was closed" in content and "after the close" not in content
    spend("0.50", sent_at=before)
    content = statement(client, project, f"{before:%Y-%m}").content.decode()
    assert "the cost was $1.000000 before" in content and "$1.500000" in content


def test_a_statement_is_of_one_month_and_names_the_prices_that_were_used(browse, manager, project, spend):
    spend("1.00", price=Price.objects.get(model=GEMINI))
    content = statement(browse(manager), project).content.decode()
    assert GEMINI in content and GPT not in content
    assert "Nothing was sent" in statement(browse(manager), project, "2020-02").content.decode()


def test_a_statement_is_not_there_for_those_who_do_not_manage(browse, editor, viewer, stranger, project):
    for person in (editor, viewer, stranger):
        assert statement(browse(person), project).status_code == 404
    assert AuditEntry.objects.count() == 0


def test_usage_leads_to_its_exports_and_statement(browse, editor, manager, project, spend):
    spend("0.25")
    [csv] = re.findall(r'href="(/usage/export\.csv[^"]+)"', browse(editor).get("/usage/").content.decode())
    assert browse(editor).get(csv.replace("&amp;", "&")).status_code == 200
    whole = browse(manager).get(f"/usage/?of={project.pk}").content.decode()
    [address] = re.findall(r'href="(/usage/statement/[^"]+)"', whole)
    assert browse(manager).get(address.replace("&amp;", "&")).status_code == 200
    assert f"of={project.pk}" in re.search(r'href="(/usage/export\.csv[^"]+)"', whole)[1]


def test_the_dashboard_leads_to_the_statement_of_the_project_it_is_narrowed_to(browse, staff, project, spend):
    spend("0.25")
    client = browse(staff)
    assert "/usage/statement/" not in client.get("/admin/usage/").content.decode()
    narrow = client.get(f"/admin/usage/?project={project.pk}").content.decode()
    [address] = re.findall(r'href="(/usage/statement/[^"]+)"', narrow)
    assert client.get(address.replace("&amp;", "&")).context["project"] == project
