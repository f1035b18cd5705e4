"""Choosing rows of the history by mouse and keys, and what is done with them."""

import pytest
from playwright.sync_api import expect

from .composing import cards, make, send, write

pytestmark = pytest.mark.e2e


@pytest.fixture
def refused(page):
    """The prompt of three generations that failed."""
    prompt = f"something forbidden, {page.evaluate('crypto.randomUUID()')}"
    for number in range(3):
        write(page, prompt)
        send(page)
        expect(cards(page, prompt).and_(page.locator("[data-status=failed]"))).to_have_count(number + 1)
    page.goto(f"/history/?q={prompt.split()[-1]}")
    return prompt


def boxes(page):
    return page.locator("tbody input[name=chosen]")


def bar(page):
    return page.get_by_role("form", name="What is selected")


def test_shift_takes_a_range_all_takes_all_and_escape_none(page, refused):
    expect(bar(page)).to_be_hidden()
    boxes(page).nth(0).check()
    expect(page.get_by_label("Search prompts")).to_be_hidden()
    expect(bar(page)).to_contain_text("1 selected")
    boxes(page).nth(2).click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("3 selected")
    page.keyboard.press("Escape")
    expect(bar(page)).to_be_hidden()
    page.locator("thead").get_by_label("Select all shown").check()
    expect(bar(page)).to_contain_text("3 selected")
    bar(page).get_by_label("Select none").click()
    expect(bar(page)).to_be_hidden()


def test_escape_closes_an_open_menu_before_it_chooses_none(page, refused):
    boxes(page).nth(0).check()
    page.get_by_role("button", name="You:").click()
    expect(page.locator("#person")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#person")).to_be_hidden()
    expect(bar(page)).to_contain_text("1 selected")
    page.keyboard.press("Escape")
    expect(bar(page)).to_be_hidden()


def test_keys_choose_the_row_one_has_walked_to(page, refused):
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(boxes(page).nth(1)).to_be_checked()
    expect(bar(page)).to_contain_text("1 selected")
    page.keyboard.press("x")
    expect(bar(page)).to_be_hidden()


def test_only_what_fits_can_be_done_and_is_asked_about_first(page, refused):
    boxes(page).nth(0).check()
    expect(bar(page).get_by_role("button", name="Cancel")).to_be_disabled()
    bar(page).get_by_role("button", name="Retry what failed").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1 picture is asked for anew, about $")
    dialog.get_by_role("link", name="Back").click()
    expect(dialog).to_be_hidden()
    expect(boxes(page).nth(0)).to_be_checked()
    expect(page.locator("tbody [data-generation]")).to_have_count(3)


def test_a_confirmed_retry_puts_its_rows_on_top_and_they_follow_what_happens(page, refused):
    page.locator("thead").get_by_label("Select all shown").check()
    bar(page).get_by_role("button", name="Retry what failed").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    expect(page.get_by_text("3 generations are retried.")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(bar(page)).to_be_hidden()
    rows = page.locator("tbody [data-generation]")
    expect(rows).to_have_count(6)
    expect(page.locator("tbody tr[data-status=failed]")).to_have_count(6)


def test_a_cancelled_row_and_its_card_say_what_became_of_the_money(page, studio):
    prompt = "a clock [[fault: slow seconds=4]]"
    write(page, prompt)
    send(page)
    card = cards(page, prompt).first
    expect(card).to_contain_text("1 call is out and may still be billed.")
    number = card.get_attribute("data-generation")
    page.goto("/history/")
    page.locator(f"#chosen-{number}").check()
    bar(page).get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 is out: it may be billed.")
    page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    expect(page.locator(f"#generation-{number}[data-status=cancelled]")).to_be_visible()
    page.goto(f"/generations/{number}/")
    expect(page.get_by_role("alert")).to_contain_text("1 call was out and may be billed; what still arrives is kept.")
    expect(page.get_by_role("alert")).to_contain_text("1 answer arrived and cost $")


def test_without_scripts_it_is_a_form_that_asks_on_a_page_of_its_own(page, open_context, refused):
    plain = open_context(java_script_enabled=False).new_page()
    plain.goto(f"/history/?q={refused.split()[-1]}")
    plain.locator("tbody input[name=chosen]").first.check()
    plain.get_by_role("button", name="Run again").click()
    expect(plain.locator("main")).to_contain_text("Run 1 generation again?")
    plain.locator("main").get_by_role("button", name="Run again").click()
    expect(plain.get_by_text("1 generation runs again.")).to_be_visible()


def test_rows_are_chosen_with_a_thumb_on_a_phone(page, open_context, refused):
    phone = open_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True).new_page()
    phone.goto(f"/history/?q={refused.split()[-1]}")
    boxes(phone).nth(1).tap()
    bar(phone).get_by_role("button", name="Select all shown").tap()
    expect(bar(phone)).to_contain_text("3 selected")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("place", ["bar", "head"])
def test_what_is_chosen_before_the_scripts_are_there_is_chosen(page, refused, place):
    held, selection = [], "**/behaviours/selection*.js"
    page.route(selection, lambda route: held.append(route))
    with page.expect_request(selection):  # it is asked for when the page is there
        page.reload()
    if place == "bar":
        boxes(page).nth(1).check()
        bar(page).get_by_role("button", name="Select all shown").click()
    else:
        page.locator("thead").get_by_label("Select all shown").check()
    [script] = held
    script.continue_()
    expect(bar(page)).to_contain_text("3 selected")


def test_a_picture_that_was_made_stays_chosen_while_its_row_is_renewed(page):
    card = make(page, "a lamp that is chosen")
    number = card.get_attribute("data-generation")
    page.goto("/history/")
    page.locator(f"#chosen-{number}").check()
    page.evaluate(f"htmx.trigger(document.getElementById('generation-{number}'), 'changed')")
    expect(page.locator(f"#chosen-{number}")).to_be_checked()
    expect(bar(page)).to_contain_text("1 selected")
