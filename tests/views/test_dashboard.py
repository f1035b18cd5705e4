"""The admin's usage pages: everybody's spending, cut in every way, and months closed against the gateway's bill."""

import csv
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from gallery import periods
from gallery.models import AuditEntry, Call, MonthClose
from gallery.services import ledger
from tests.factory import GEMINI, GPT, make_call, make_generation, make_key, make_user

Status = Call.Status


@pytest.fixture
def spend(editor, project):
    def of(cost, user=editor, model=GPT, status=Status.ANSWERED, key=None, **fields):
        made = make_generation(user, project, model=model, key=key, estimated_usd=Decimal("0.5"))
        values = {"cost_usd": cost and Decimal(cost), "text_in": 10, "image_out": 1000}
        call = make_call(made, status, pictures=int(status == Status.ANSWERED), **values | fields)
        ledger.book(call)
        return call

    return of


@pytest.fixture
def last_month():
    """A day of it, and its name in addresses."""
    period = periods.month_of(periods.today()).before
    return periods.midnight(period.start) + timedelta(days=9, hours=3), f"{period.start:%Y-%m}"


def page(client, query=""):
    response = client.get(f"/admin/usage/{query}")
    assert response.status_code == 200
    return response.context


def lines(context, name):
    [table] = [table for table in context["tables"] if table["name"] == name]
    return {str(line["label"]): line for line in table["lines"]}


@pytest.mark.parametrize("address", ["/admin/usage/", "/admin/usage/close/", "/admin/usage/close/2026-01/"])
def test_it_is_for_staff_only(browse, editor, manager, address):
    for person in (editor, manager, None):
        assert browse(person).get(address)["Location"].startswith(("/admin/login/", "/sign-in/"))


def test_everybody_is_in_the_sums_and_each_cut_agrees(browse, staff, editor, manager, spend):
    spend("0.25")
    spend("0.50", manager, GEMINI)
    spend(None, status=Status.INTERRUPTED, may_have_been_billed=True)
    context = page(browse(staff))
    assert context["total"].cost_usd == Decimal("0.75")
    for name in ("model", "project", "person", "key", "kind"):
        assert sum(line["sums"].cost_micros for line in lines(context, name).values()) == 750_000
    assert lines(context, "person")["manager"]["cells"]["cost"] == "$0.5000"
    assert context["total"].possible_usd == Decimal("0.5")


def test_every_number_of_a_model_leads_to_its_calls(browse, staff, spend):
    kept = {spend("0.25").pk, spend("0.35").pk}
    failed = spend(None, status=Status.FAILED)
    refused = spend(None, status=Status.REFUSED)
    lost = spend(None, status=Status.INTERRUPTED, may_have_been_billed=True)
    spend("0.50", model=GEMINI)
    spend("0.75", sent_at=timezone.now() - timedelta(days=100))
    client = browse(staff)
    [line] = [line for line in lines(page(client), "model").values() if line["key"] == GPT]

    def behind(name):
        return {call.pk for call in client.get(line[name]).context["cl"].result_list}

    assert behind("url") == {*kept, failed.pk, refused.pk, lost.pk}
    assert behind("errors_url") == {failed.pk, lost.pk}
    assert (behind("refused_url"), behind("unknown_url")) == ({refused.pk}, {lost.pk})


def test_a_key_leads_to_its_calls_and_so_does_none(browse, staff, editor, project, spend):
    key = make_key(editor, project)
    programs, own = spend("0.25", key=key), spend("0.50")
    client = browse(staff)
    found = lines(page(client, "?by=key"), "key")
    for label, call in ((str(key), programs), ("without a key", own)):
        assert [shown.pk for shown in client.get(found[label]["url"]).context["cl"].result_list] == [call.pk]


def test_a_person_can_be_singled_out(browse, staff, manager, spend):
    spend("0.25")
    spend("0.50", manager)
    context = page(browse(staff), f"?person={manager.pk}&by=kind")
    assert context["total"].cost_usd == Decimal("0.5")
    assert [chip["label"] for chip in context["chosen"]] == ["manager"]


@pytest.mark.parametrize("cut", ["model", "project", "person", "kind"])
@pytest.mark.parametrize("period", ["month", "last-month", "7", "90", "custom&from=2020-01-01"])
def test_each_cut_of_each_period_is_drawn(browse, staff, spend, last_month, cut, period):
    spend("0.25")
    spend("0.25", sent_at=last_month[0], finished_at=last_month[0] + timedelta(seconds=9))
    response = browse(staff).get(f"/admin/usage/?period={period}&by={cut}")
    assert response.content.count(b'<path class="series-') >= 2


@pytest.mark.parametrize("query", ["?", "?period=7", "?period=30", "?period=90", "?period=custom&from=2000-01-01"])
def test_every_sum_of_a_period_is_the_same_even_where_a_clock_was_ahead(browse, staff, spend, query):
    now = timezone.now()
    for days in (-400, -89, -60, -31, -29, -6, -1, 0, 1):
        spend("0.25", sent_at=now + timedelta(days=days))
    shown = page(browse(staff), query)
    steps = sum(int(step["cells"]["calls"]) for step in shown["steps"])
    assert steps == shown["total"].calls > 0
    for table in shown["tables"]:
        assert sum(line["sums"].cost_micros for line in table["lines"]) == 250_000 * steps


def test_a_period_is_compared_with_the_one_before(browse, staff, spend):
    spend("3.00")
    spend("2.00", sent_at=timezone.now() - timedelta(days=7))
    [(_label, value, note, _url), *_rest] = page(browse(staff), "?period=7")["figures"]
    assert (value, note) == ("$3.00", "+50 % against before")


def test_answer_times_stand_beside_the_model(browse, staff, spend):
    now = timezone.now()
    for seconds in (10, 20, 60):
        spend("0.25", sent_at=now - timedelta(seconds=seconds), finished_at=now)
    [line] = lines(page(browse(staff)), "model").values()
    assert line["times"] == (20.0, pytest.approx(56), 3)


def test_more_people_do_not_make_more_queries(browse, staff, spend, cost):
    client = browse(staff)
    spend("0.25")
    few = cost(client, "/admin/usage/?by=person")
    for _ in range(9):
        spend("0.25", make_user())
    assert cost(client, "/admin/usage/?by=person") == few


# --- closing a month -----------------------------------------------------------------------------------------------


def test_a_month_is_closed_with_what_was_billed_and_stays_so(browse, staff, spend, last_month):
    moment, month = last_month
    spend("2.00", sent_at=moment, finished_at=moment)
    lost = spend(None, status=Status.INTERRUPTED, sent_at=moment, finished_at=moment, may_have_been_billed=True)
    client = browse(staff)
    address = f"/admin/usage/close/{month}/"
    assert client.post(address, {"billed_usd": "2.35", "note": "invoice 7"})["Location"] == address
    closed = MonthClose.objects.get()
    assert (closed.billed_usd, closed.closed_by, closed.snapshot["total"]["cost_micros"]) == (
        Decimal("2.35"),
        staff,
        2_000_000,
    )

    before = Call.objects.get(pk=lost.pk)
    lost.status, lost.cost_usd, lost.may_have_been_billed = Status.ANSWERED, Decimal("0.3"), False
    ledger.book(lost, before)
    standing = client.get(address).context["standing"]
    assert (standing.difference_usd, standing.late_usd) == (Decimal("0.35"), Decimal("0.3"))
    assert "After the close: $0.3000 more" in client.get(address).content.decode()
    assert client.post(address, {"billed_usd": "9"}).status_code == 403
    assert AuditEntry.objects.filter(action="closed", user=staff).count() == 1


def test_a_closed_month_can_be_taken_out_and_the_log_says_so(browse, staff, editor, spend, last_month):
    moment, month = last_month
    editor.first_name = "=cmd()"
    editor.save()
    spend("2.00", sent_at=moment, finished_at=moment)
    client = browse(staff)
    assert client.get(f"/admin/usage/close/{month}/usage.csv").status_code == 404
    client.post(f"/admin/usage/close/{month}/", {"billed_usd": "2"})
    rows = list(csv.DictReader(client.get(f"/admin/usage/close/{month}/usage.csv").content.decode().splitlines()))
    sums = {(row["cut"], row["name"]): row["cost_usd"] for row in rows}
    assert sums["person", "'=cmd()"] == sums["total", month] == sums["billed", ""] == "2.000000"
    assert AuditEntry.objects.filter(action="exported", user=staff).count() == 1


def test_this_month_and_those_to_come_cannot_be_closed(browse, staff, spend):
    spend("2.00")
    client = browse(staff)
    assert client.post(f"/admin/usage/close/{timezone.localdate():%Y-%m}/", {"billed_usd": "2"}).status_code == 403
    assert client.get("/admin/usage/close/2999-01/").status_code == 404
    assert client.get("/admin/usage/close/2026-13/").status_code == 404


@pytest.mark.parametrize("billed", ["", "-1", "NaN", "1e30", "=1+1"])
def test_no_month_is_closed_with_an_absurd_amount(browse, staff, last_month, billed):
    response = browse(staff).post(f"/admin/usage/close/{last_month[1]}/", {"billed_usd": billed})
    assert response.status_code == 422
    assert not MonthClose.objects.exists()


def test_who_may_only_look_closes_nothing(browse, last_month, db):
    client = browse(make_user(is_staff=True))
    address = f"/admin/usage/close/{last_month[1]}/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"billed_usd": "1"}).status_code == 403
