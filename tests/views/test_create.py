"""Create: the composer follows the model, and a wish becomes a generation with its calls."""

import re
import uuid

import pytest

from gallery.models import Call, Generation, Image, Input, ModelEntry, Project
from gallery.models.projects import Role
from tests.factory import GEMINI, GPT, make_generation, make_image, make_member, make_project, picture_bytes

from .sending import file, wish

EVERYTHING = ["quality", "size", "number", "format", "background"]


def fields_of(response):
    return [field.name for field in response.context["composer"].model_fields]


def test_the_composer_begins_with_the_first_model_and_all_it_offers(browse, editor):
    response = browse(editor).get("/")
    assert set(EVERYTHING) <= set(fields_of(response))
    assert response.context["composer"].submit_label == "Generate"
    for label in ("Prompt", "Model", "Quality", "Size", "Number of images", "Format", "Background", "Project"):
        assert f">{label}</label>" in response.content.decode(), label
    assert "Images to edit" in response.content.decode()


def test_the_empty_page_teaches_with_three_examples_one_in_chinese(browse, editor):
    response = browse(editor).get("/")
    assert len(response.context["examples"]) == 3
    assert "水墨画" in response.content.decode()


def test_an_example_fills_the_composer_without_scripts_too(browse, editor):
    response = browse(editor).get("/", {"prompt": "水墨画 </textarea><script>"})
    assert "水墨画 &lt;/textarea&gt;&lt;script&gt;" in response.content.decode()


def test_gemini_edits_have_shape_and_resolution_instead_of_the_rest(browse, editor, project):
    attached = make_image(user=editor, project=project).pk
    response = browse(editor, htmx=True).get("/composer/fields/", {"model": GEMINI, "attached": attached})
    assert set(fields_of(response)) == {"aspect_ratio", "image_size", "number"}
    assert response.context["composer"].submit_label == "Edit"


def test_edits_offer_no_quality_auto(browse, editor):
    response = browse(editor, htmx=True).get("/composer/fields/", {"model": GPT, "attached": "file"})
    [quality] = [field for field in response.context["composer"].model_fields if field.name == "quality"]
    assert "auto" not in dict(quality.field.choices)


def test_a_change_of_model_keeps_what_still_applies(browse, editor):
    chosen = {"model": GEMINI, "quality": "low", "size": "1536x1024", "number": "3", "format": "webp"}
    composer = browse(editor, htmx=True).get("/composer/fields/", chosen).context["composer"]
    kept = {field.name: field.value() for field in composer.model_fields}
    assert kept | chosen | {"background": "auto"} == kept | {"model": GEMINI}


def test_a_change_of_model_drops_what_does_not_apply(browse, editor):
    chosen = {"model": GPT, "quality": "auto", "attached": "file", "size": "2K"}
    composer = browse(editor, htmx=True).get("/composer/fields/", chosen).context["composer"]
    assert (composer["quality"].value(), composer["size"].value()) == ("low", "auto")


def test_the_estimate_follows_the_contents(browse, editor):
    client = browse(editor, htmx=True)

    def estimate(**chosen):
        return client.get("/composer/fields/", {"size": "1024x1024"} | chosen).context["composer"].estimate

    one, four = estimate(model=GPT, quality="high"), estimate(model=GPT, quality="high", number="4")
    assert 0 < one["usd"] * 3 < four["usd"]
    assert (four["pictures"], four["calls"]) == (4, 1)
    assert estimate(model=GEMINI, number="4")["calls"] == 4


def test_a_wish_is_one_generation_with_its_call_and_its_card(browse, editor, project):
    response = browse(editor, htmx=True).post("/generations/", wish(project, number="3", size="1024x1024"))
    made = Generation.objects.get()
    assert response.status_code == 200
    assert f'data-generation="{made.pk}"' in response.content.decode()
    assert 'data-status="queued"' in response.content.decode()
    assert (made.user, made.project, made.kind, made.wanted) == (editor, project, "generate", 3)
    assert made.options["size"] == "1024x1024"
    assert made.estimated_usd > 0
    assert [call.wanted for call in made.calls.all()] == [3]


def test_gemini_makes_a_call_for_each_picture(browse, editor, project):
    browse(editor, htmx=True).post("/generations/", wish(project, model=GEMINI, number="3"))
    assert [(call.wanted, call.protocol) for call in Call.objects.all()] == [(1, "images")] * 3


def test_after_sending_the_page_gets_a_new_token_and_keeps_the_uploads(browse, editor, project, stored):
    form = wish(project, images=[file("apple.png")])
    response = browse(editor, htmx=True).post("/generations/", form)
    upload = Image.objects.get()
    after = response.content.decode()
    assert f'name="attached" value="{upload.pk}"' in after
    assert 'id="composer-token"' in after
    assert form["token"] not in after


def test_a_wish_without_scripts_leads_back_to_the_page(browse, editor, project):
    response = browse(editor).post("/generations/", wish(project), follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert f'data-generation="{Generation.objects.get().pk}"' in response.content.decode()


def test_pictures_brought_along_are_kept_byte_for_byte_and_edited_in_order(browse, editor, project, stored):
    one, two = picture_bytes(), picture_bytes(format="jpeg")
    form = wish(project, quality="low", images=[file("one.png", one), file("two.jpg", two)])
    assert browse(editor, htmx=True).post("/generations/", form).status_code == 200
    inputs = [used.image for used in Input.objects.order_by("position")]
    assert [(image.filename, image.format, image.generation) for image in inputs] == [
        ("one.png", "png", None),
        ("two.jpg", "jpeg", None),
    ]
    assert {one, two} <= {path.read_bytes() for path in stored()}
    assert Generation.objects.get().kind == "edit"


@pytest.mark.parametrize(
    ("order", "edited"),
    [
        (["file", "kept", "file"], ["one.png", "kept", "two.png"]),
        (["kept", "file"], ["kept", "one.png", "two.png"]),
        (["kept"], ["kept", "one.png", "two.png"]),
    ],
    ids=["each in its place", "one without a place", "none with a place, as without scripts"],
)
def test_kept_pictures_and_new_files_are_edited_in_the_order_shown(browse, editor, project, stored, order, edited):
    kept = make_image(make_generation(editor, project), filename="kept")
    attached = [kept.pk if word == "kept" else word for word in order]
    brought = [file("one.png", picture_bytes((30, 20))), file("two.png", picture_bytes((20, 30)))]
    form = wish(project, quality="low", attached=attached, images=brought)
    response = browse(editor, htmx=True).post("/generations/", form)
    assert response.status_code == 200
    inputs = Generation.objects.latest("pk").inputs.order_by("position")
    assert [used.image.filename for used in inputs] == edited
    after = re.findall(r'name="attached" value="(\d+)"', response.content.decode())
    assert after == [str(used.image_id) for used in inputs]


def test_an_attached_picture_is_edited_and_the_lineage_kept(browse, editor, project):
    source = make_image(make_generation(editor, project))
    form = wish(project, model=GEMINI, attached=[source.pk], aspect_ratio="auto")
    assert browse(editor, htmx=True).post("/generations/", form).status_code == 200
    made = Generation.objects.latest("pk")
    assert [used.image for used in made.inputs.all()] == [source]
    assert made.calls.get().protocol == "gemini"


def test_the_same_form_twice_is_one_generation(browse, editor, project):
    client, form = browse(editor, htmx=True), wish(project)
    first, second = client.post("/generations/", form), client.post("/generations/", form)
    made = Generation.objects.get()
    assert (first.status_code, second.status_code) == (200, 200)
    assert f'data-generation="{made.pk}"' in second.content.decode()
    assert made.calls.count() == 1


def test_the_token_of_somebody_elses_form_is_refused(browse, editor, manager, project):
    form = wish(project)
    browse(editor, htmx=True).post("/generations/", form)
    response = browse(manager, htmx=True).post("/generations/", form)
    assert response.status_code == 422
    assert Generation.objects.get().user == editor


def test_edit_on_a_picture_attaches_it(browse, editor, project):
    image = make_image(make_generation(editor, project))
    composer = browse(editor).get(f"/?edit={image.pk}").context["composer"]
    assert (composer.attached, composer.submit_label) == ([image], "Edit")


def test_reuse_brings_back_everything_that_was_asked(browse, editor, project):
    source = make_image(user=editor, project=project)
    options = {"quality": "medium", "size": "1536x1024", "output_format": "webp", "background": "opaque"}
    earlier = make_generation(editor, project, [source], options=options, wanted=4, prompt="As before")
    composer = browse(editor).get(f"/?reuse={earlier.pk}").context["composer"]
    values = {name: composer[name].value() for name in ("prompt", "model", "quality", "size", "number", "format")}
    assert values == {
        "prompt": "As before",
        "model": GPT,
        "quality": "medium",
        "size": "1536x1024",
        "number": 4,
        "format": "webp",
    }
    assert composer["background"].value() == "opaque"
    assert composer.attached == [source]


def test_an_attachment_is_a_fragment_for_members_only(browse, editor, stranger, project):
    image = make_image(user=editor, project=project)
    mine = browse(editor, htmx=True).get(f"/composer/attachments/{image.pk}/")
    assert f'name="attached" value="{image.pk}"' in mine.content.decode()
    assert browse(stranger, htmx=True).get(f"/composer/attachments/{image.pk}/").status_code == 404


def test_a_stranger_finds_neither_the_picture_to_edit_nor_the_settings_to_reuse(browse, stranger, editor, project):
    image = make_image(make_generation(editor, project))
    client = browse(stranger)
    assert client.get(f"/?edit={image.pk}").status_code == 404
    assert client.get(f"/?reuse={image.generation_id}").status_code == 404


def test_a_viewer_sees_why_there_is_no_composer_and_cannot_create(browse, viewer, project):
    page = browse(viewer).get("/").content.decode()
    assert 'name="prompt"' not in page
    assert "Editor" in page
    for htmx in (True, False):
        assert browse(viewer, htmx=htmx).post("/generations/", wish(project)).status_code == 403
    assert not Generation.objects.exists()


def test_an_editor_elsewhere_cannot_create_in_a_project_they_only_look_at(browse, viewer, project):
    make_member(role=Role.EDITOR, user=viewer)
    response = browse(viewer, htmx=True).post("/generations/", wish(project))
    assert response.status_code == 422
    assert response.context["composer"].errors.keys() == {"project"}
    assert not Generation.objects.exists()


def test_staff_create_everywhere(browse, staff, project):
    assert browse(staff, htmx=True).post("/generations/", wish(project)).status_code == 200


def test_the_composer_offers_only_projects_that_one_may_create_in(browse, editor, project):
    make_project("Not mine")
    make_member(make_project("Only looking"), Role.VIEWER, editor)
    composer = browse(editor).get("/").context["composer"]
    assert list(composer.fields["project"].queryset) == [project]


def test_the_list_shows_my_own_generations_only(browse, editor, manager, project):
    mine, _theirs = make_generation(editor, project), make_generation(manager, project)
    assert browse(editor).get("/").context["generations"] == [mine]


def test_older_results_come_as_a_fragment(browse, editor, project):
    made = [make_generation(editor, project) for _ in range(25)]
    first = browse(editor).get("/")
    rest = browse(editor, htmx=True).get(first.context["more_url"])
    assert first.context["generations"] + rest.context["generations"] == made[::-1]
    assert rest.context["more_url"] == ""


@pytest.mark.django_db
def test_a_studio_without_projects_or_models_still_opens(browse, staff):
    Project.objects.all().delete()
    ModelEntry.objects.all().delete()
    for url in ("/", "/gallery/", "/history/", "/usage/", "/composer/fields/"):
        assert browse(staff).get(url).status_code == 200, url


def test_the_page_costs_the_same_for_3_results_and_for_20(browse, editor, project, cost):
    client = browse(editor)

    def grow(number):
        for _ in range(number):
            source = make_image(make_generation(editor, project, status="succeeded"))
            make_image(make_generation(editor, project, [source], status="succeeded", token=uuid.uuid4()))
            make_generation(editor, project)
            make_generation(editor, project, status="running")

    grow(1)
    few = cost(client, "/")
    grow(4)
    assert cost(client, "/") == few
