"""What admins and managers do with money in a browser: the dashboard, budgets, the month close, a statement."""

import re
import subprocess

import pytest
from playwright.sync_api import expect

from tests.factory import GPT

from .composing import cards, choose, make, send, settle, write
from .conftest import environment_of, manage

pytestmark = pytest.mark.e2e

CHEAP = {"model": GPT, "size": "256x256", "quality": "low"}
LAST_MONTH = """
from datetime import timedelta
from decimal import Decimal
from django.utils import timezone
from gallery.models import Call, Generation
from gallery.services import ledger
generation = Generation.objects.earliest("pk")
moment = timezone.localtime().replace(day=1, hour=0, minute=0) - timedelta(days=2)
times = {"created_at": moment, "sent_at": moment, "finished_at": moment + timedelta(seconds=9)}
costs = {"cost_usd": Decimal("1.25"), "pictures": 1, "image_out": 41_666}
ledger.book(Call.objects.create(generation=generation, position=9, status="answered", **times, **costs))
"""


def whole(locator):
    return int(locator.inner_text().replace(",", ""))


def figure(page, label):
    return page.locator(".figure", has=page.get_by_text(label, exact=True)).locator(".figure__value a")


def in_project(page, name):
    field = page.get_by_label("Project", exact=True)
    choose(page, "Project", field.locator("option", has_text=name).get_attribute("value"))


def test_a_number_of_the_dashboard_leads_to_the_calls_that_make_it(page):
    make(page, "counted on the dashboard", **CHEAP)
    page.goto("/admin/usage/")
    calls = whole(figure(page, "Calls"))
    assert calls >= 1
    expect(page.locator(".usage__charts svg").first).to_be_visible()
    figure(page, "Calls").click()
    expect(page.locator(".paginator")).to_have_text(re.compile(rf"\b{calls} calls?\b"))


def test_a_budget_warns_then_refuses_and_can_be_lifted_for_a_day(page, complaints):
    complaints.expect("status of 422")
    page.goto("/admin/gallery/project/add/")
    page.get_by_label("Name", exact=False).first.fill("On a budget")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto("/admin/gallery/budget/add/")
    page.get_by_label("Project", exact=False).first.select_option(label="On a budget")
    page.get_by_label("Soft limit", exact=False).fill("0.000001")
    page.get_by_label("Hard limit", exact=False).fill("0.025")
    page.get_by_role("button", name="Save", exact=True).click()

    page.goto("/")
    in_project(page, "On a budget")
    make(page, "within the budget", **CHEAP)
    settle(page)
    outlook = page.locator(".composer .outlook")
    expect(outlook).to_contain_text("This project has used")
    make(page, "the last that fits", **CHEAP)
    write(page, "beyond the budget", **CHEAP)
    settle(page)
    expect(outlook).to_contain_text("ada can raise it.")
    send(page)
    expect(page.locator("#composer_error")).to_contain_text("“On a budget” has")
    expect(outlook).to_be_hidden()  # the same words once
    expect(cards(page, "beyond the budget")).to_have_count(0)

    page.goto("/admin/gallery/budget/")
    page.get_by_role("row", name="On a budget").get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option(label="Lift for a day")
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
    expect(page.get_by_text("1 budget refuses nothing for a day.")).to_be_visible()
    page.goto("/")
    in_project(page, "On a budget")
    make(page, "beyond the budget", **CHEAP)


def test_a_month_is_held_against_the_bill_closed_and_exported(page, studio):
    make(page, "before the close", **CHEAP)
    environment = environment_of(studio.folder, studio.sandbox)
    subprocess.run(manage("shell", "--no-imports", "-c", LAST_MONTH), env=environment, check=True)
    page.goto("/admin/usage/close/")
    page.get_by_role("link", name="Close it").click()
    page.get_by_label("Ofox", exact=False).fill("1.50")
    page.get_by_role("button", name="Close the month").click()
    expect(page.get_by_text("Closed by ada")).to_be_visible()
    difference = page.locator(".figure", has=page.get_by_text("Difference", exact=True)).locator(".figure__value")
    expect(difference).to_have_text("$0.25")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    rows = download.value.path().read_text().splitlines()
    assert rows[-1].startswith("billed,") and "1.500000" in rows[-1]
    page.reload()
    expect(page.get_by_role("button", name="Close the month")).to_have_count(0)


def test_a_manager_reaches_the_statement_of_a_project_and_prints_it(page):
    make(page, "on the statement", **CHEAP)
    page.add_init_script("window.print = () => document.documentElement.dataset.printed = 'yes'")
    page.goto("/usage/")
    page.get_by_role("navigation", name="Whose usage").get_by_role("link", name="First project").click()
    page.get_by_role("link", name="Statement of").click()
    expect(page.get_by_role("heading", level=1, name="First project")).to_be_visible()
    spent = figure(page, "Spent").inner_text()
    assert spent.startswith("$")
    expect(page.locator("html")).not_to_have_attribute("data-printed", "yes")
    page.get_by_role("button", name="Print").click()
    expect(page.locator("html")).to_have_attribute("data-printed", "yes")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Studio")).to_be_hidden()
    expect(page.get_by_role("heading", name="Prices, $ per million tokens")).to_be_visible()
