"""Usage: what my calls came to this month."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from gallery.models import Call
from tests.factory import GEMINI, make_call, make_generation


@pytest.fixture
def spend(editor, project):
    def of(cost, user=editor, model=GEMINI, **fields):
        made = make_generation(user, project, model=model)
        return make_call(made, Call.Status.ANSWERED, cost_usd=cost, image_out=100, **fields)

    return of


def figures(client):
    response = client.get("/usage/")
    assert response.status_code == 200
    return {label: value for label, value, _note in response.context["figures"]}


def test_it_sums_my_calls_of_this_month_and_nobody_elses(browse, editor, manager, spend):
    spend("0.25")
    spend("0.50")
    spend("9.00", manager)
    shown = figures(browse(editor))
    assert (shown["Spent"], shown["Calls"]) == (Decimal("0.75"), 2)


def test_last_month_stands_apart(browse, editor, spend):
    before = timezone.localtime().replace(day=1, hour=0, minute=0, second=0) - timedelta(seconds=5)
    spend("3.00", sent_at=before)
    shown = figures(browse(editor))
    assert (shown["Spent"], shown["Last month"], shown["Calls"]) == (None, 3, 0)


def test_nothing_known_is_unknown_and_not_zero(browse, editor, spend):
    spend(None, may_have_been_billed=True)
    response = browse(editor).get("/usage/")
    assert "unknown" in response.content.decode()
    assert "1 call may have been billed" in response.content.decode()


def test_a_model_leads_to_its_rows_in_the_history(browse, editor, spend):
    spend("0.25")
    assert "/history/?model=google%2Fgemini" in browse(editor).get("/usage/").content.decode()


def test_the_page_costs_the_same_for_3_calls_and_for_20(browse, editor, spend, cost):
    client = browse(editor)
    for _ in range(3):
        spend("0.25")
    few = cost(client, "/usage/")
    for number in range(17):
        spend("0.25", model=f"model-{number}")
    assert cost(client, "/usage/") == few
