"""Creating and editing in a browser: pictures arrive by themselves, and the composer forgets nothing."""

import hashlib
import re
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.factory import GEMINI, GPT, picture_bytes

from .composing import cards, choose, make, pictures, send, settle, write

pytestmark = pytest.mark.e2e

CHEAP = {"model": GPT, "size": "256x256", "quality": "low"}

DROP = """([target, kind, bytes]) => {
  const transfer = new DataTransfer()
  transfer.items.add(new File([new Uint8Array(bytes)], kind + ".png", { type: "image/png" }))
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true })
  document.querySelector(target).dispatchEvent(event)
}"""


def file(name="apple.png", size=(96, 64)):
    return {"name": name, "mimeType": "image/png", "buffer": picture_bytes(size)}


def sent(studio):
    """How many calls reached the gateway."""
    return studio.sandbox.ledger()["received"]


def test_two_pictures_of_gpt_arrive_without_a_reload(page, studio):
    page.evaluate("window.here = true")
    write(page, "a red fox", number=2, **CHEAP)
    send(page)
    card = cards(page, "a red fox").first
    expect(card).to_have_attribute("data-status", "succeeded")
    expect(pictures(card, "a red fox")).to_have_count(2)
    for image in pictures(card, "a red fox").all():
        image.scroll_into_view_if_needed()
        expect(image).to_have_js_property("naturalWidth", 256)
    assert page.evaluate("window.here"), "the page was loaded anew"
    assert sent(studio) == 1


def test_two_pictures_of_gemini_arrive_by_two_calls(page, studio):
    write(page, "a blue chair", model=GEMINI, number=2)
    send(page)
    card = cards(page, "a blue chair").first
    expect(card).to_have_attribute("data-status", "succeeded")
    expect(pictures(card, "a blue chair")).to_have_count(2)
    assert sent(studio) == 2


def test_a_picture_of_a_card_is_edited_by_gemini_in_its_own_protocol(page, studio):
    card = make(page, "an apple", **CHEAP)
    pictures(card, "an apple").hover()
    card.get_by_role("link", name="Edit").click()
    expect(page.locator("#attached li")).to_have_count(1)
    expect(page.locator("#composer-submit")).to_have_text("Edit")
    settle(page)
    choose(page, "Model", GEMINI)
    expect(page.get_by_label("Quality")).to_have_count(0)
    write(page, "把苹果改成绿色,其他保持不变")
    send(page)
    edited = cards(page, "把苹果改成绿色,其他保持不变").first
    expect(edited).to_have_attribute("data-status", "succeeded")
    assert studio.sandbox.ledger()["answered"][-1]["protocol"] == "gemini"
    expect(pictures(edited, "把苹果改成绿色,其他保持不变")).to_have_count(1)
    pictures(edited, "把苹果改成绿色,其他保持不变").click()
    expect(page.get_by_role("heading", name="Lineage")).to_be_visible()
    expect(page.locator("#lineage").get_by_role("img", name="an apple")).to_be_visible()


@pytest.mark.parametrize("way", ["dialog", "drop", "paste"])
def test_a_file_is_attached_and_edited(page, studio, way):
    if way == "dialog":
        with page.expect_file_chooser() as chooser:
            page.get_by_label("Images to edit").click()
        chooser.value.set_files(file())
    else:
        for kind in ["dragenter", "dragover", "drop"] if way == "drop" else ["paste"]:
            page.evaluate(DROP, ["main", kind, list(file()["buffer"])])
    expect(page.locator("#attached li")).to_have_count(1)
    expect(page.locator("#composer-submit")).to_have_text("Edit")
    settle(page)
    write(page, f"by {way}", model=GPT, size="256x256", quality="low")
    send(page)
    expect(cards(page, f"by {way}").first).to_have_attribute("data-status", "succeeded")
    expect(page.locator("#attached > li")).to_have_count(1)
    expect(page.locator("#attached > [data-attachment]")).to_have_count(1)


def test_attachments_are_put_in_order_and_removed_by_keyboard(page):
    page.get_by_label("Images to edit").set_input_files([file("one.png"), file("two.png")])
    names, items = page.locator("#attached img"), page.locator("#attached > li")
    expect(names).to_have_count(2)
    items.nth(1).get_by_role("button", name="Move before").press("Enter")
    expect(names.first).to_have_attribute("alt", "two.png")
    expect(items.first.get_by_role("button", name="Remove")).to_be_focused()
    page.keyboard.press("Enter")
    expect(names).to_have_count(1)
    expect(names.first).to_have_attribute("alt", "one.png")
    expect(items.first.get_by_role("button", name="Remove")).to_be_focused()


def test_kept_pictures_and_new_files_are_sent_in_the_order_they_are_dragged_to(page):
    card = make(page, "a kept one", **CHEAP)
    pictures(card, "a kept one").hover()
    card.get_by_role("link", name="Edit").click()
    names, items = page.locator("#attached img"), page.locator("#attached > li")
    expect(names).to_have_count(1)
    page.get_by_label("Images to edit").set_input_files(file("one.png"))
    page.get_by_label("Images to edit").set_input_files(file("two.png", (64, 96)))
    expect(names).to_have_count(3)
    items.nth(2).drag_to(items.first)
    items.nth(1).get_by_role("button", name="Move behind").click()
    shown = ["two.png", "one.png", "a kept one"]
    assert [name.get_attribute("alt") for name in names.all()] == shown
    settle(page)
    write(page, "in this order", quality="low")
    send(page)
    edited = cards(page, "in this order").first
    expect(edited).to_have_attribute("data-status", "succeeded")
    used = [image.get_attribute("alt").removeprefix("Image: ") for image in edited.locator(".card__used img").all()]
    assert used == shown


def test_a_file_that_is_added_while_a_form_is_on_its_way_stays(page):
    page.get_by_label("Images to edit").set_input_files(file("one.png"))
    settle(page)
    write(page, "sent before", quality="low")
    page.route("**/generations/", lambda route: (page.wait_for_timeout(400), route.continue_()))
    send(page)
    page.get_by_label("Images to edit").set_input_files(file("late.png", (64, 96)))
    expect(cards(page, "sent before")).to_have_count(1)
    expect(page.locator("#attached > li")).to_have_count(2)
    expect(page.locator("#attached > li").first).to_have_attribute("data-attachment", re.compile("[0-9]+"))
    expect(page.locator("#attached img").last).to_have_attribute("alt", "late.png")
    assert page.get_by_label("Images to edit").evaluate("field => field.files.length") == 1


def test_a_change_of_model_changes_the_fields_and_keeps_what_applies(page):
    write(page, "kept words", model=GPT, size="1536x1024", quality="low", number=3)
    choose(page, "Model", GEMINI)
    expect(page.get_by_label("Size", exact=True)).to_have_value("1536x1024")
    expect(page.get_by_label("Number of images")).to_have_value("3")
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("kept words")
    expect(page.locator("#composer-estimate")).to_contain_text("3 calls")
    page.get_by_label("Images to edit").set_input_files(file())
    expect(page.get_by_label("Size", exact=True)).to_have_count(0)
    expect(page.get_by_label("Shape", exact=True)).to_be_visible()


def test_a_drawn_shape_chooses_the_size(page):
    choose(page, "Model", GPT)
    page.locator(".shape[data-value='1024x1536']").click()
    expect(page.get_by_label("Size", exact=True)).to_have_value("1024x1536")


def test_ctrl_enter_sends_and_the_form_stays_filled(page, studio):
    write(page, "sent by keys", number=2, **CHEAP)
    page.get_by_label("Prompt", exact=True).press("Control+Enter")
    expect(cards(page, "sent by keys").first).to_have_attribute("data-status", "succeeded")
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("sent by keys")
    expect(page.get_by_label("Number of images")).to_have_value("2")
    expect(page.get_by_label("Size", exact=True)).to_have_value("256x256")


def test_a_double_click_is_one_generation(page, studio):
    write(page, "clicked twice", **CHEAP)
    page.locator("#composer-submit").dblclick()
    expect(cards(page, "clicked twice").first).to_have_attribute("data-status", "succeeded")
    expect(cards(page, "clicked twice")).to_have_count(1)
    assert sent(studio) == 1


def test_sending_again_is_another_generation(page, studio):
    make(page, "once more", **CHEAP)
    send(page)
    expect(cards(page, "once more")).to_have_count(2)
    expect(cards(page, "once more").first).to_have_attribute("data-status", "succeeded")
    assert sent(studio) == 2


def test_another_tab_shows_the_card_and_its_pictures(page):
    other = page.context.new_page()
    other.goto("/")
    expect(other.locator("html")).to_have_attribute("data-live", "on")
    write(page, "in both tabs", **CHEAP)
    send(page)
    for tab in (page, other):
        expect(cards(tab, "in both tabs")).to_have_count(1)
        expect(cards(tab, "in both tabs")).to_have_attribute("data-status", "succeeded")
        expect(pictures(cards(tab, "in both tabs"), "in both tabs")).to_have_count(1)


COUNT_CARDS = """prompt => new MutationObserver(() => {
  window.most = Math.max(window.most ?? 0, document.querySelectorAll(`.card[aria-label="${prompt}"]`).length)
}).observe(document, { childList: true, subtree: true })"""


@pytest.mark.parametrize(
    ("path", "prompt"), [("**/generations/", "late form"), ("**/generations/*/card/", "late card")]
)
def test_a_card_never_stands_twice_however_late_an_answer_comes(page, path, prompt):
    def late(route):
        answer = route.fetch()
        page.wait_for_timeout(1000)
        route.fulfill(response=answer)

    other = page.context.new_page()
    other.goto("/")
    expect(other.locator("html")).to_have_attribute("data-live", "on")
    for tab in (page, other):
        tab.route(path, late)
        tab.evaluate(COUNT_CARDS, prompt)
    write(page, prompt, **CHEAP)
    send(page)
    for tab in (page, other):
        # by its events, not by the question that an open card asks every 15 s
        expect(cards(tab, prompt).first).to_have_attribute("data-status", "succeeded", timeout=12_000)
        settle(tab)
        assert tab.evaluate("window.most") == 1
        tab.unroute_all(behavior="wait")
    send(page)  # the late answer brought what the next sending needs
    expect(cards(page, prompt)).to_have_count(2)


def test_the_card_is_still_there_after_the_tab_was_closed(page, open_context):
    write(page, "closed meanwhile", **CHEAP)
    send(page)
    expect(cards(page, "closed meanwhile")).to_have_count(1)
    page.close()
    later = open_context().new_page()
    later.goto("/")
    expect(cards(later, "closed meanwhile")).to_have_attribute("data-status", "succeeded")


@pytest.mark.parametrize("model", [GPT, GEMINI])
def test_a_refusal_is_said_in_words_and_offers_to_run_again(page, model):
    write(page, f"something forbidden by {model}", model=model)
    send(page)
    card = cards(page, f"something forbidden by {model}").first
    expect(card).to_have_attribute("data-status", "failed")
    expect(card.get_by_role("alert")).to_contain_text("Refused")
    expect(card.get_by_role("button", name="Run again")).to_be_visible()
    expect(card.get_by_role("link", name="Reuse settings")).to_be_visible()


def test_run_again_puts_a_new_card_on_top(page, studio):
    studio.sandbox.faults(["400"])
    write(page, "refused at first", **CHEAP)
    send(page)
    first = cards(page, "refused at first").last
    expect(first).to_have_attribute("data-status", "failed")
    first.get_by_role("button", name="Run again").click()
    expect(cards(page, "refused at first")).to_have_count(2)
    expect(cards(page, "refused at first").first).to_have_attribute("data-status", "succeeded")


def test_cancel_ends_a_running_generation_and_says_what_it_means_for_the_money(page):
    write(page, "never mind [[fault: hang]]", **CHEAP)
    send(page)
    card = cards(page, "never mind [[fault: hang]]").first
    expect(card).to_have_attribute("data-status", "running")
    expect(card).to_contain_text("may still be billed")
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_have_attribute("data-status", "cancelled")
    expect(card.get_by_role("alert")).to_contain_text(re.compile("may (be|have been) billed"))


def test_a_running_card_counts_the_seconds(page):
    write(page, "slow [[fault: slow seconds=2]]", **CHEAP)
    send(page)
    card = cards(page, "slow [[fault: slow seconds=2]]").first
    expect(card).to_have_attribute("data-status", "running")
    expect(card.locator("time[data-since]")).to_have_text("0:01")
    expect(card).to_have_attribute("data-status", "succeeded")


def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(page, complaints):
    complaints.expect("status of 422")
    write(page, "too many", number=11)
    send(page)
    error = page.locator(".field", has=page.get_by_label("Number of images")).locator("[role=alert]")
    expect(error).to_have_text("Choose a number from 1 to 10.")
    expect(page.get_by_label("Number of images")).to_have_value("11")
    expect(page.get_by_label("Number of images")).to_be_focused()
    expect(cards(page, "too many")).to_have_count(0)
    page.get_by_label("Number of images").fill("1")
    send(page)
    expect(cards(page, "too many").first).to_have_attribute("data-status", "succeeded")
    expect(error).to_have_text("")


def test_what_is_sent_waits_for_fields_that_are_still_on_their_way(page, complaints):
    complaints.expect("status of 422")
    page.route("**/composer/fields/**", lambda route: (page.wait_for_timeout(400), route.continue_()))
    write(page, "too early", number=11)
    send(page)
    error = page.locator(".field", has=page.get_by_label("Number of images")).locator("[role=alert]")
    expect(error).to_have_text("Choose a number from 1 to 10.")
    settle(page)
    expect(error).to_have_text("Choose a number from 1 to 10.")


def test_a_bad_file_is_said_at_the_files(page, complaints):
    complaints.expect("status of 422")
    page.get_by_label("Images to edit").set_input_files({**file("words.png"), "buffer": b"only words"})
    settle(page)
    write(page, "no picture", quality="low")
    send(page)
    expect(page.locator(".composer__attachments").get_by_role("alert")).to_contain_text("words.png is no picture")
    expect(cards(page, "no picture")).to_have_count(0)


def test_download_gives_exactly_the_bytes_that_came(page, studio):
    card = make(page, "to take home", **CHEAP)
    pictures(card, "to take home").hover()
    with page.expect_download() as download:
        card.get_by_role("link", name="Download").click()
    content = download.value.path().read_bytes()
    assert download.value.suggested_filename.startswith("to-take-home-")
    digest = hashlib.sha256(content).hexdigest()
    [original] = (studio.folder / "data" / "originals").rglob(f"{digest}.*")
    assert original.read_bytes() == content


def test_a_favourite_is_kept(page):
    card = make(page, "a keeper", **CHEAP)
    pictures(card, "a keeper").hover()
    card.get_by_role("button", name="Favourite").click()
    expect(card.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(cards(page, "a keeper").first.get_by_role("button", name="Favourite")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_reuse_brings_the_settings_back(page):
    card = make(page, "as it was", number=2, **CHEAP)
    page.get_by_label("Prompt", exact=True).fill("something else")
    card.get_by_role("link", name="Reuse settings").last.click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("as it was")
    expect(page.get_by_label("Size", exact=True)).to_have_value("256x256")
    expect(page.get_by_label("Number of images")).to_have_value("2")


def test_the_draft_survives_a_reload(page):
    page.get_by_label("Prompt", exact=True).press_sequentially("half a thou")
    page.reload()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("half a thou")


def test_an_example_fills_the_composer(page, browser, studio):
    page.goto("/?prompt=%E8%8B%B9%E6%9E%9C")
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("苹果")


def test_on_a_phone_the_whole_way_works_without_sideways_scrolling(open_context):
    phone = open_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    phone.goto("/")
    phone.get_by_label("Prompt", exact=True).fill("on a phone")
    send(phone)
    card = cards(phone, "on a phone").first
    expect(card).to_have_attribute("data-status", "succeeded")
    for path in ("/", "/gallery/", "/history/", "/usage/"):
        phone.goto(path)
        wide = phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path


@pytest.mark.parametrize("size", [(390, 844), (390, 380), (844, 390), (320, 568)], ids=str)
def test_the_sheet_of_a_small_screen_keeps_its_prompt_in_reach_and_its_button_in_sight(open_context, size):
    """390 x 380 is what a keyboard leaves of a phone."""
    width, height = size
    small = open_context(viewport={"width": width, "height": height}, has_touch=True, is_mobile=True).new_page()
    small.goto("/")
    small.get_by_label("Images to edit").set_input_files([file("one.png"), file("two.png")])
    expect(small.locator("#composer-submit")).to_have_text("Edit")
    settle(small)
    prompt, submit = small.get_by_label("Prompt", exact=True), small.locator("#composer-submit")
    prompt.fill("Many words that need several lines. " * 8)
    for opened in (False, True):
        if opened:
            small.get_by_role("button", name="Settings", exact=True).tap()
            expect(small.get_by_label("Model", exact=True)).to_be_visible()
        expect(submit).to_be_in_viewport(ratio=1)
        prompt.scroll_into_view_if_needed()
        assert prompt.bounding_box()["y"] >= 0
        prompt.tap(position={"x": 20, "y": 10})  # nothing lies over it
        expect(submit).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [900, 1024, 1600])
def test_nothing_at_the_foot_of_the_composer_overlaps(open_context, width):
    page = open_context(viewport={"width": width, "height": 800}).new_page()
    page.goto("/")
    parts = [page.locator(part).bounding_box() for part in (".composer__price", ".composer__batch", "#composer-submit")]
    for before, behind in pairwise(parts):
        assert before["x"] + before["width"] <= behind["x"]
