"""The card of a generation: what it shows in every state, and what may be done with it."""

import pytest
from django.contrib.auth.models import User

from gallery.models import Call, Favourite, Generation, ModelEntry
from tests.factory import GPT, make_call, make_generation, make_image

STATES = Generation.Status.values


@pytest.fixture
def generation(project, editor):
    return make_generation(editor, project)


def card(client, generation):
    return client.get(f"/generations/{generation.pk}/card/").content.decode()


@pytest.mark.parametrize("status", STATES)
def test_a_card_says_which_generation_it_is_and_how_it_stands(browse, editor, project, status):
    made = make_generation(editor, project, status=status)
    html = card(browse(editor), made)
    assert html.count("<article") == 1
    assert f'data-generation="{made.pk}"' in html
    assert f'data-status="{status}"' in html


def test_pictures_have_the_prompt_as_alt_and_their_stored_size(browse, editor, project):
    image = make_image(make_generation(editor, project, status="succeeded", prompt='A "fox" & more'), size=(64, 40))
    html = card(browse(editor), image.generation)
    assert 'alt="A &quot;fox&quot; &amp; more"' in html
    assert 'width="64" height="40"' in html
    assert image.large_url in html


def test_pictures_offer_edit_reuse_download_and_favourite(browse, editor, project):
    image = make_image(make_generation(editor, project, status="succeeded"))
    html = card(browse(editor), image.generation)
    for name in ("Edit", "Reuse settings", "Download", "Favourite"):
        assert f'aria-label="{name}"' in html, name


def test_a_favourite_is_marked_on_its_card_for_its_own_person(browse, editor, viewer, project):
    image = make_image(make_generation(editor, project, status="succeeded"))
    Favourite.objects.create(user=editor, image=image)
    assert 'aria-pressed="true"' in card(browse(editor), image.generation)
    assert 'aria-pressed="true"' not in card(browse(viewer), image.generation)


def test_what_came_otherwise_than_asked_is_said_on_its_picture(browse, editor, project):
    made = make_generation(editor, project, status="succeeded")
    make_image(made, size=(640, 448))
    assert "Not as asked" not in card(browse(editor), made)
    make_image(made, size=(640, 448), format="jpeg", differs=["size", "format", "background"])
    assert "Not as asked: 640 × 448 JPEG Opaque" in card(browse(editor), made)


def test_a_picture_in_the_trash_is_not_on_the_card(browse, editor, project):
    image = make_image(make_generation(editor, project, status="succeeded"))
    browse(editor).post(f"/images/{image.pk}/trash/")
    assert image.large_url not in card(browse(editor), image.generation)


def test_a_failure_is_an_alert_with_a_sentence_and_the_gateways_words(browse, editor, project):
    made = make_generation(editor, project, status="failed", error_code="safety", error_detail="policy <9>")
    html = card(browse(editor), made)
    assert 'role="alert"' in html
    assert str(made.sentence) in html
    assert "policy &lt;9&gt;" in html


def test_a_card_without_failure_has_no_alert(browse, editor, generation):
    assert 'role="alert"' not in card(browse(editor), generation)


def test_an_unknown_cost_says_so_and_is_never_zero(browse, editor, project):
    made = make_generation(editor, project, status="interrupted", error_code="no_answer")
    make_call(made, Call.Status.INTERRUPTED, may_have_been_billed=True)
    html = card(browse(editor), made)
    assert "cost unknown" in html
    assert "$0" not in html


def test_only_open_cards_poll(browse, editor, project):
    for status in STATES:
        html = card(browse(editor), make_generation(editor, project, status=status))
        assert ("every " in html) is (status in ("queued", "running")), status


def test_a_viewer_sees_the_card_without_its_buttons(browse, viewer, generation):
    html = card(browse(viewer), generation)
    assert "Cancel" not in html
    assert "Run again" not in html


@pytest.mark.parametrize("verb", ["cancel", "run-again"])
def test_a_viewer_may_not_act_and_a_stranger_finds_nothing(browse, viewer, stranger, generation, verb):
    url = f"/generations/{generation.pk}/{verb}/"
    assert browse(viewer).post(url).status_code == 403
    assert browse(stranger).post(url).status_code == 404
    assert browse().post(url)["Location"].startswith("/sign-in/")
    assert Generation.objects.get().status == "queued"


def test_a_stranger_finds_neither_card_nor_page(browse, stranger, generation):
    for path in ("", "card/"):
        assert browse(stranger).get(f"/generations/{generation.pk}/{path}").status_code == 404


def test_cancel_ends_an_open_generation_and_answers_with_its_card(browse, editor, generation):
    make_call(generation)
    response = browse(editor, htmx=True).post(f"/generations/{generation.pk}/cancel/")
    assert 'data-status="cancelled"' in response.content.decode()
    assert Call.objects.get().status == "cancelled"


def test_cancel_changes_nothing_that_has_ended(browse, editor, project):
    made = make_generation(editor, project, status="succeeded")
    response = browse(editor, htmx=True).post(f"/generations/{made.pk}/cancel/")
    assert 'data-status="succeeded"' in response.content.decode()


def test_a_manager_may_cancel_what_an_editor_asked_for(browse, manager, generation):
    browse(manager).post(f"/generations/{generation.pk}/cancel/")
    assert Generation.objects.get().status == "cancelled"


def test_run_again_is_a_new_generation_with_the_same_wish(browse, manager, editor, project):
    source = make_image(make_generation(editor, project))
    options = {"quality": "low", "size": "1024x1024"}
    earlier = make_generation(editor, project, [source], status="failed", options=options, wanted=2)
    response = browse(manager, htmx=True).post(f"/generations/{earlier.pk}/run-again/")
    again = Generation.objects.latest("pk")
    assert f'data-generation="{again.pk}"' in response.content.decode()
    assert (again.options, again.wanted, again.user) == (options, 2, manager)
    assert [used.image for used in again.inputs.all()] == [source]
    assert [call.wanted for call in again.calls.all()] == [2]


def test_run_again_of_a_model_off_the_list_says_so(browse, editor, generation):
    ModelEntry.objects.filter(name=GPT).update(is_active=False)
    response = browse(editor, htmx=True).post(f"/generations/{generation.pk}/run-again/")
    assert response.status_code == 422
    assert "not on offer" in response["HX-Trigger"]
    assert Generation.objects.count() == 1


def test_without_scripts_cancel_and_run_again_lead_to_the_page(browse, editor, generation):
    client = browse(editor)
    assert client.post(f"/generations/{generation.pk}/cancel/")["Location"] == f"/generations/{generation.pk}/"
    assert client.post(f"/generations/{generation.pk}/run-again/")["Location"] == f"/generations/{generation.pk + 1}/"


def test_a_person_who_left_the_project_can_act_no_more(browse, editor, generation):
    client = browse(editor)
    User.objects.get(pk=editor.pk).memberships.all().delete()
    assert client.post(f"/generations/{generation.pk}/cancel/").status_code == 404
