"""What a person does on the Create page, and where they look."""

from playwright.sync_api import expect


def choose(page, label, value):
    """Chooses in a list, and waits until the fields that follow from it are there."""
    with page.expect_response(lambda response: "/composer/fields/" in response.url):
        page.get_by_label(label, exact=True).select_option(value)
    settle(page)


def settle(page):
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)


def write(page, prompt, *, model=None, size=None, quality=None, number=None):
    """Fills the composer; what is not named stays as it is."""
    for label, value in (("Model", model), ("Size", size), ("Quality", quality)):
        if value:
            choose(page, label, value)
    if number:
        page.get_by_label("Number of images").fill(str(number))
    page.get_by_label("Prompt", exact=True).fill(prompt)


def send(page):
    page.locator("#composer-submit").click()


def cards(page, prompt):
    """The cards with this prompt, newest first."""
    return page.locator("article[data-generation]").filter(has=page.get_by_text(prompt, exact=True))


def pictures(card, prompt):
    """The results on a card, without the small inputs in its head."""
    return card.get_by_role("img", name=prompt, exact=True)


def make(page, prompt, **fields):
    """One picture, waited for; returns its card."""
    write(page, prompt, **fields)
    send(page)
    card = cards(page, prompt).first
    card.and_(page.locator("[data-status=succeeded]")).wait_for()
    return card
