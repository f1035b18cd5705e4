"""Every page as axe judges it, in both themes, on a desk and on a phone."""

import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from .conftest import environment_of, manage

pytestmark = pytest.mark.e2e

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
FILL = """
from django.contrib.auth import get_user_model
from gallery.models import Project
from tests.factory import make_generation, make_image
user, project = get_user_model().objects.get(), Project.objects.get()
made = make_generation(user, project, prompt="a first picture", status="succeeded")
edited = make_generation(user, project, [make_image(made)], prompt="and what was made of it", status="succeeded")
make_image(edited, colour="#a4408080", mode="RGBA")
for status in ("running", "partial", "failed", "cancelled", "interrupted"):
    make_generation(user, project, prompt=f"one that is {status}", status=status, error_code="safety", wanted=2)
"""
PAGES = [
    *("/", "/gallery/", "/gallery/?trash=1", "/history/", "/history/?q=nothing+like+it", "/usage/", "/usage/?of=all"),
    *("/images/2/", "/generations/2/", "/batches/", "/batches/new/", "/projects/1/", "/password/", "/nothing/"),
]


@pytest.fixture(scope="module", autouse=True)
def filled(studio):
    environment = environment_of(studio.folder, studio.sandbox)
    subprocess.run(manage("shell", "-c", FILL), env=environment, check=True)


def findings(page):
    response = Axe().run(page, options=RULES).response
    return [(found["id"], node["html"]) for found in response["violations"] for node in found["nodes"]]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_on_any_page(open_context, complaints, width, scheme):
    complaints.expect("status of (404|422)")
    page = open_context(viewport={"width": width, "height": 844}, color_scheme=scheme).new_page()
    for path in PAGES:
        page.goto(path)
        page.wait_for_load_state("load")
        assert findings(page) == [], path


def test_axe_finds_nothing_in_what_opens(page, complaints):
    complaints.expect("status of 422")
    page.locator("#composer-submit").click()
    expect(page.get_by_text("Write what you want to see.")).to_be_visible()
    assert findings(page) == [], "a refused composer"
    page.get_by_role("button", name="You:").click()
    assert findings(page) == [], "the person's menu"
    page.keyboard.press("Escape")
    page.locator("body").press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert findings(page) == [], "the list of keys"
    page.goto("/history/")
    page.locator("tbody .row__label").first.click()
    assert findings(page) == [], "chosen rows"
    page.goto("/gallery/")
    page.locator("#gallery figure").first.hover()
    assert findings(page) == [], "a picture that is pointed at"


def test_axe_finds_nothing_where_one_signs_in(open_context):
    page = open_context(storage_state=None).new_page()
    page.goto("/sign-in/")
    assert findings(page) == []
