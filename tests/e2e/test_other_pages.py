"""Gallery, image, history and the shell in a browser: searching, walking by keys, and never a complaint."""

import re
import subprocess

import pytest
from playwright.sync_api import expect

from .composing import settle
from .conftest import environment_of, manage

pytestmark = pytest.mark.e2e

MANY = 70  # more than a page of the gallery
FILL = """
from django.contrib.auth import get_user_model
from gallery.models import Project
from tests.factory import make_generation, make_image
user, project = get_user_model().objects.get(), Project.objects.get()
clear = {{"colour": "#a4408080", "mode": "RGBA"}}
for number in range({many}):
    words = "a lone fox" if number == 3 else f"poster {{number:02}}" + " autumn" * (number in (10, 20, 30))
    made = make_generation(user, project, prompt=words, status="succeeded")
    make_image(made, size=(60 + number % 5 * 20, 80), **(clear if number == 60 else {{}}))
make_generation(user, project, prompt="it went wrong", status="failed", error_code="safety")
"""


@pytest.fixture(scope="module", autouse=True)
def filled(studio):
    environment = environment_of(studio.folder, studio.sandbox)
    subprocess.run(manage("shell", "-c", FILL.format(many=MANY)), env=environment, check=True)


@pytest.fixture
def gallery(page):
    page.goto("/gallery/")
    return page


def tiles(page):
    return page.locator("#gallery figure")


def test_the_gallery_goes_on_while_one_scrolls(gallery):
    expect(tiles(gallery)).to_have_count(60)
    tiles(gallery).last.scroll_into_view_if_needed()
    gallery.mouse.wheel(0, 20_000)
    expect(tiles(gallery)).to_have_count(MANY)
    names = [image.get_attribute("alt") for image in tiles(gallery).get_by_role("img").all()]
    assert len(set(names)) == MANY
    expect(gallery.locator("h2.day")).to_have_count(1)


def test_rows_fill_the_width_and_keep_the_shapes(gallery):
    boxes = [tile.bounding_box() for tile in tiles(gallery).all()[:12]]
    first_row = [box for box in boxes if abs(box["y"] - boxes[0]["y"]) < 1]
    room = gallery.locator("#gallery").bounding_box()
    assert len(first_row) > 1
    assert abs(first_row[-1]["x"] + first_row[-1]["width"] - room["x"] - room["width"]) < 20


def test_search_narrows_while_one_types_and_its_address_can_be_shared(gallery, studio):
    gallery.keyboard.press("/")
    expect(gallery.get_by_label("Search prompts")).to_be_focused()
    gallery.keyboard.type("lone FOX")
    expect(tiles(gallery)).to_have_count(1)
    expect(gallery).to_have_url(re.compile(r"/gallery/\?q=lone(%20|\+)FOX$"))
    gallery.reload()
    expect(tiles(gallery)).to_have_count(1)
    gallery.get_by_label("Search prompts").fill("nothing like it")
    expect(gallery.get_by_role("heading", name="No prompt contains")).to_be_visible()


def test_pictures_are_walked_opened_and_marked_by_keys(gallery, studio):
    gallery.keyboard.press("j")
    gallery.keyboard.press("j")
    second = tiles(gallery).nth(1)
    expect(second.get_by_role("link").first).to_be_focused()
    gallery.keyboard.press("f")
    expect(second.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    settle(gallery)
    gallery.keyboard.press("f")
    expect(second.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "false")
    second.get_by_role("link").first.focus()
    gallery.keyboard.press("Space")
    expect(gallery.locator("#preview")).to_be_visible()
    gallery.keyboard.press("Escape")
    expect(gallery.locator("#preview")).to_be_hidden()
    address = second.get_by_role("link").first.get_attribute("href")
    second.get_by_role("link").first.focus()
    gallery.keyboard.press("Enter")
    expect(gallery).to_have_url(f"{studio.url}{address}")


def test_e_takes_a_picture_to_the_composer(gallery, studio):
    gallery.keyboard.press("j")
    gallery.keyboard.press("e")
    expect(gallery.locator("#attached li")).to_have_count(1)
    expect(gallery.locator("#composer-submit")).to_have_text("Edit")


def test_arrows_walk_the_pictures_of_a_search(gallery):
    gallery.get_by_label("Search prompts").fill("autumn")
    expect(tiles(gallery)).to_have_count(3)
    tiles(gallery).first.get_by_role("link").first.click()
    for number, key in ((30, "ArrowRight"), (20, "ArrowRight"), (10, "ArrowLeft"), (20, "Escape")):
        expect(gallery.get_by_role("heading", name=f"poster {number} autumn")).to_be_visible()
        gallery.keyboard.press(key)
    expect(tiles(gallery)).to_have_count(3)


def test_a_picture_goes_to_the_trash_and_comes_back(gallery):
    gallery.get_by_label("Search prompts").fill("poster 42")
    expect(tiles(gallery)).to_have_count(1)
    tiles(gallery).get_by_role("link").first.click()
    gallery.get_by_role("button", name="Move to trash").click()
    expect(gallery.get_by_text("This picture is in the trash.")).to_be_visible()
    gallery.goto("/gallery/?q=poster+42")
    expect(tiles(gallery)).to_have_count(0)
    gallery.goto("/gallery/?trash=1&q=poster+42")
    gallery.locator("#gallery figure").hover()
    gallery.get_by_role("button", name="Restore").click()
    gallery.goto("/gallery/?q=poster+42")
    expect(tiles(gallery)).to_have_count(1)


def test_the_history_is_filtered_in_place(page, studio):
    page.goto("/history/")
    rows = page.locator("#history-rows tr")
    page.get_by_role("combobox", name="Status").select_option("failed")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("it went wrong")
    expect(page).to_have_url(re.compile("status=failed"))


@pytest.mark.parametrize("width", [700, 900, 1024, 1280, 1440, 1600])
def test_every_row_of_the_history_has_room_for_its_prompt(open_context, width):
    page = open_context(viewport={"width": width, "height": 800}).new_page()
    page.goto("/history/")
    assert page.locator("tbody .row__prompt").first.bounding_box()["width"] > 150


def test_a_transparent_picture_shows_what_is_behind_it_and_another_one_its_colour_until_it_comes(gallery):
    def behind(name):
        link = tiles(gallery).filter(has=gallery.get_by_role("img", name=name, exact=True)).locator("a").first
        return link.evaluate("link => getComputedStyle(link).backgroundColor")

    assert behind("poster 60") == "rgba(0, 0, 0, 0)"
    assert behind("poster 69") != "rgba(0, 0, 0, 0)"


def test_g_and_a_letter_lead_everywhere(page, studio):
    for letter, path in (("g", "/gallery/"), ("h", "/history/"), ("u", "/usage/"), ("c", "/")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        expect(page).to_have_url(f"{studio.url}{path}")
        expect(page.locator("html")).to_have_attribute("data-live", "on")


def test_what_is_pressed_before_the_scripts_are_there_is_not_lost(open_context, studio):
    page = open_context().new_page()
    held = []
    page.route("**/js/app*.js", lambda route: held.append(route))
    page.goto("/gallery/", wait_until="commit")
    page.get_by_role("button", name="You:").click()
    page.get_by_role("button", name="Dark").click()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("u")
    [script] = held
    script.continue_()
    expect(page).to_have_url(f"{studio.url}/usage/")
    expect(page.locator("html")).to_have_css("color-scheme", "dark")


def test_keys_that_come_before_the_gallery_is_laid_out_are_not_lost(open_context, studio):
    page = open_context().new_page()
    held = []
    justify, walk = (re.compile(rf"/behaviours/{name}\b") for name in ("justify", "walk"))
    for behaviour in (justify, walk):
        page.route(behaviour, lambda route: held.append(route))
    with page.expect_request(justify), page.expect_request(walk):  # they are asked for when the page is there
        page.goto("/gallery/")
    for key in "jjke":
        page.keyboard.press(key)
    for script in held:
        script.continue_()
    expect(page).to_have_url(re.compile(r"/\?edit=\d+$"))
    assert len(held) == 2


def test_a_question_mark_lists_the_keys(page):
    page.locator("body").press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_theme_is_switched_and_kept(page):
    for name in ("Dark", "Light"):
        page.get_by_role("button", name="You:").click()
        page.get_by_role("button", name=name).click()
        expect(page.locator("html")).to_have_css("color-scheme", name.lower())
        page.reload()
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == name.lower()


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280, 1600, 2560])
def test_no_page_scrolls_sideways_or_complains(open_context, width):
    page = open_context(viewport={"width": width, "height": 800}).new_page()
    for path in (
        "/",
        "/gallery/",
        "/history/",
        "/usage/",
        "/generations/1/",
        "/images/1/",
        "/projects/1/",
        "/password/",
    ):
        response = page.goto(path)
        assert response.status == 200, path
        page.wait_for_load_state("load")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path


def test_the_admin_complains_about_nothing(page):
    for path in (
        "/admin/",
        "/admin/gallery/call/",
        "/admin/gallery/generation/",
        "/admin/gallery/modelentry/1/change/",
    ):
        assert page.goto(path).status == 200, path
        page.wait_for_load_state("load")


def test_signing_out_ends_it(open_context, browser, studio):
    page = open_context(storage_state=None).new_page()
    page.goto("/gallery/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{studio.url}/gallery/")
    page.get_by_role("button", name="You:").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto("/gallery/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_page_that_is_still_open_after_signing_out_says_that_it_waits_and_no_error(open_context):
    context = open_context()
    page = context.new_page()
    page.goto("/gallery/")
    live = page.locator("html")
    expect(live).to_have_attribute("data-live", "on")
    context.clear_cookies()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")  # as on coming back to it
    expect(live).to_have_attribute("data-live", "cut")


def test_the_first_page_is_light(open_context):
    """look.md: under 80 kB on the wire and 12 requests."""
    page = open_context(storage_state=None).new_page()
    requests = []
    page.on("requestfinished", lambda request: requests.append(request))
    page.goto("/sign-in/")
    page.wait_for_load_state("networkidle")
    assert len(requests) <= 12
    assert sum(request.sizes()["responseBodySize"] for request in requests) < 80_000
