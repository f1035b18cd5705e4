"""The gallery: every picture of the project, newest first."""

import pytest

from gallery.models import Favourite
from tests.factory import make_generation, make_image, make_member, make_project


@pytest.fixture
def pictures(editor, project):
    """Makes pictures, one for each prompt."""

    def make(*prompts):
        return [make_image(make_generation(editor, project, prompt=prompt)) for prompt in prompts]

    return make


def shown(response):
    assert response.status_code == 200
    return list(response.context["images"])


def test_pictures_come_newest_first_with_their_stored_sizes(browse, editor, pictures):
    one, two = pictures("one", "two")
    response = browse(editor).get("/gallery/")
    assert shown(response) == [two, one]
    assert 'width="48" height="32"' in response.content.decode()


def test_an_empty_gallery_says_what_to_do(browse, editor):
    assert "/" in browse(editor).get("/gallery/").content.decode().split('class="empty"')[1]


def test_uploads_are_not_in_the_gallery(browse, editor, project):
    make_image(user=editor, project=project)
    assert shown(browse(editor).get("/gallery/")) == []


def test_a_stranger_sees_none_of_them(browse, stranger, pictures):
    pictures("secret")
    response = browse(stranger).get("/gallery/?q=secret")
    assert shown(response) == []
    assert 'alt="secret"' not in response.content.decode()


def test_members_see_each_others_pictures(browse, viewer, pictures):
    made = pictures("one")
    assert shown(browse(viewer).get("/gallery/")) == made


def test_the_gallery_is_that_of_the_chosen_project(browse, editor, pictures):
    pictures("one")
    other = make_project("Another")
    make_member(other, user=editor)
    theirs = make_image(make_generation(editor, other))
    client = browse(editor)
    client.post("/projects/switch/", {"project": other.pk})
    assert shown(client.get("/gallery/")) == [theirs]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("fox", ["A red FOX", "blue fox"]),
        ("fox blue", ["blue fox"]),
        ("苹果", ["把苹果改成绿色"]),
        ("100%", []),
        ("_", []),
    ],
)
def test_search_wants_every_word_somewhere_in_the_prompt(browse, editor, pictures, q, found):
    pictures("A red FOX", "blue fox", "把苹果改成绿色", "100 things")
    images = shown(browse(editor, htmx=True).get("/gallery/", {"q": q}))
    assert sorted(image.generation.prompt for image in images) == sorted(found)


def test_the_trash_is_apart(browse, editor, pictures):
    one, two = pictures("one", "two")
    client = browse(editor)
    client.post(f"/images/{one.pk}/trash/")
    assert shown(client.get("/gallery/")) == [two]
    assert shown(client.get("/gallery/?trash=1")) == [one]


def test_favourites_are_my_own(browse, editor, manager, pictures):
    one, two = pictures("one", "two")
    Favourite.objects.create(user=editor, image=one)
    Favourite.objects.create(user=manager, image=two)
    images = shown(browse(editor).get("/gallery/?favourites=1"))
    assert [(image, image.is_favourite) for image in images] == [(one, True)]


def test_pages_follow_one_another_without_gap_or_overlap(browse, editor, pictures, monkeypatch):
    monkeypatch.setattr("gallery.queries.pages.GALLERY_PAGE", 3)
    made = pictures(*(f"fox {number}" for number in range(7)))
    client, url, seen = browse(editor, htmx=True), "/gallery/?q=fox", []
    while url:
        response = client.get(url)
        assert b"<html" not in response.content
        seen += shown(response)
        url = response.context["next_url"]
    assert seen == made[::-1]


def test_a_picture_that_arrives_meanwhile_does_not_shift_the_next_page(browse, editor, pictures, monkeypatch):
    monkeypatch.setattr("gallery.queries.pages.GALLERY_PAGE", 2)
    made = pictures("a", "b", "c", "d")
    client = browse(editor)
    url = client.get("/gallery/").context["next_url"]
    pictures("e")
    assert shown(client.get(url)) == [made[1], made[0]]


def test_links_keep_the_search_so_that_the_image_page_can_walk_it(browse, editor, pictures):
    [one] = pictures("fox")
    assert f'href="/images/{one.pk}/?q=fox"' in browse(editor).get("/gallery/?q=fox").content.decode()


def test_a_viewer_gets_no_edit_button(browse, viewer, pictures):
    [one] = pictures("fox")
    assert f"?edit={one.pk}" not in browse(viewer).get("/gallery/").content.decode()


def test_the_page_costs_the_same_for_3_pictures_and_for_20(browse, editor, pictures, cost):
    client = browse(editor)
    pictures(*"abc")
    few = cost(client, "/gallery/")
    pictures(*"defghijklmnopqrst")
    assert cost(client, "/gallery/") == few
