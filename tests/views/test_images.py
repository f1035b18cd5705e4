"""The image page: facts, lineage in both directions, walking, and what may be done with a picture."""

import pytest

from gallery.models import Call, Favourite, Image
from tests.factory import make_call, make_generation, make_image, make_member, make_project


@pytest.fixture
def image(editor, project):
    return make_image(make_generation(editor, project, status="succeeded"))


def edit_of(image, **fields):
    """A picture made from another."""
    return make_image(make_generation(image.user, image.project, [image], status="succeeded", **fields))


def page(client, image, query=""):
    response = client.get(f"/images/{image.pk}/{query}")
    assert response.status_code == 200
    return response


def test_the_page_offers_what_can_be_done(browse, editor, image):
    html = page(browse(editor), image).content.decode()
    for name in ("Edit", "Download", "Favourite", "Move to trash", "Reuse settings"):
        assert name in html, name
    assert image.original_url in html


def test_it_says_what_was_asked_and_what_came(browse, editor, project):
    options = {"size": "1024x1024", "output_format": "webp", "quality": "high", "background": "transparent"}
    made = make_generation(editor, project, options=options)
    call = make_call(made, Call.Status.ANSWERED, answer={"quality": "medium"})
    image = make_image(call=call, size=(64, 64), differs=["size", "format"])
    rows = {
        str(label): (str(asked), str(got), differs)
        for label, asked, got, differs in page(browse(editor), image).context["asked"]
    }
    assert rows == {
        "Size": ("1024 × 1024", "64 × 64", True),
        "Format": ("WebP", "PNG", True),
        "Quality": ("High", "Medium", False),
        "Background": ("Transparent", "Opaque", False),
    }


def test_unknown_tokens_are_called_unknown(browse, editor, project):
    call = make_call(make_generation(editor, project), Call.Status.ANSWERED, text_in=14)
    response = page(browse(editor), make_image(call=call))
    assert [number for _label, number in response.context["tokens"]] == [14] + [None] * 5
    assert response.content.decode().count("unknown") >= 6


def test_an_upload_has_a_page_too(browse, editor, project):
    upload = make_image(user=editor, project=project)
    assert "upload.png" in page(browse(editor), upload).content.decode()


def test_lineage_runs_in_both_directions_over_several_generations(browse, editor, image):
    child = edit_of(image)
    grandchild = edit_of(child)
    great = edit_of(grandchild)
    context = page(browse(editor), grandchild).context
    assert [step["inputs"] for step in context["ancestors"]] == [[child], [image], []]
    assert [step["outputs"] for step in context["descendants"]] == [[great]]
    assert [step["depth"] for step in page(browse(editor), image).context["descendants"]] == [1, 2, 3]


def test_lineage_shows_nothing_of_projects_one_is_not_in(browse, editor, image):
    elsewhere = make_project()
    staff = make_member(elsewhere)
    make_image(make_generation(staff, elsewhere, [image], prompt="hidden plan"))
    response = page(browse(editor), image)
    assert response.context["descendants"] == []
    assert b"hidden plan" not in response.content


def test_an_input_of_another_project_is_named_to_its_members_only(browse, editor, project):
    other = make_project()
    secret = make_image(make_generation(make_member(other), other, prompt="hidden plan"))
    made = make_image(make_generation(editor, project, [secret]))
    assert b"hidden plan" not in page(browse(editor), made).content


def test_arrows_walk_the_result_one_came_from(browse, editor, project, image):
    fox = make_image(make_generation(editor, project, prompt="fox"))
    make_image(make_generation(editor, project, prompt="chair"))
    newest = make_image(make_generation(editor, project, prompt="old fox"))
    context = page(browse(editor), fox, "?q=fox").context
    assert context["previous_url"] == f"/images/{newest.pk}/?q=fox"
    assert context["next_url"] == f"/images/{image.pk}/?q=fox"


def test_a_stranger_finds_nothing_whatever_they_try(browse, stranger, image):
    client = browse(stranger)
    assert client.get(f"/images/{image.pk}/").status_code == 404
    for verb in ("favourite", "trash", "restore"):
        assert client.post(f"/images/{image.pk}/{verb}/").status_code == 404
    assert not Favourite.objects.exists()
    assert Image.objects.kept().count() == 1


def test_nobody_is_sent_to_sign_in_from_every_button(browse, image):
    for verb in ("favourite", "trash", "restore"):
        assert browse().post(f"/images/{image.pk}/{verb}/")["Location"].startswith("/sign-in/")


def test_a_viewer_may_favour_but_not_trash(browse, viewer, image):
    client = browse(viewer)
    assert client.post(f"/images/{image.pk}/favourite/").status_code == 302
    assert Favourite.objects.get().user == viewer
    for verb in ("trash", "restore"):
        assert client.post(f"/images/{image.pk}/{verb}/").status_code == 403
    html = page(client, image).content.decode()
    assert "Move to trash" not in html
    assert f"?edit={image.pk}" not in html


def test_favourite_is_a_switch_and_answers_with_its_button(browse, editor, image):
    client = browse(editor, htmx=True)
    presses = [client.post(f"/images/{image.pk}/favourite/").content.decode() for _ in range(2)]
    assert 'aria-pressed="true"' in presses[0]
    assert 'aria-pressed="false"' in presses[1]
    assert "<html" not in presses[0]


def test_trash_and_restore_lead_back_to_the_picture(browse, editor, image):
    client = browse(editor)
    assert client.post(f"/images/{image.pk}/trash/", follow=True).status_code == 200
    assert Image.objects.get().trashed_at
    assert "Restore" in page(client, image).content.decode()
    client.post(f"/images/{image.pk}/restore/")
    assert Image.objects.get().trashed_at is None


def test_the_page_costs_the_same_for_3_descendants_and_for_20(browse, editor, image, cost):
    client, url = browse(editor), f"/images/{image.pk}/"
    for _ in range(3):
        edit_of(image)
    few = cost(client, url)
    for _ in range(17):
        edit_of(image)
    assert cost(client, url) == few
