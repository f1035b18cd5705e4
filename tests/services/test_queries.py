"""Reads across tables: pages by key, queries that do not grow, lineage, usual times, estimates."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery.accounting import estimates
from gallery.models import Call, Favourite, Generation, Image, Input, ModelEntry, Price
from gallery.queries import lineage, pages
from tests.factory import GEMINI, GPT, make_call, make_generation, make_image, make_member, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def ada(project):
    return make_member(project)


def in_project(project, user, **fields):
    return make_generation(user, project, **fields)


def made_from(*inputs, user, outputs=1):
    """Pictures made of others, as an edit leaves them."""
    generation = make_generation(user, inputs[0].project, inputs, status="succeeded")
    return [make_image(generation) for _ in range(outputs)]


# --- pages ---


def walked(queryset, size):
    before = None
    while True:
        rows, before = pages.page_before(queryset, before, size)
        yield rows
        if before is None:
            return


@pytest.mark.parametrize(("number", "sizes"), [(0, [0]), (2, [2]), (3, [3]), (7, [3, 3, 1])])
def test_pages_run_from_the_newest_down_and_miss_nothing(project, ada, number, sizes):
    ids = [in_project(project, ada).pk for _ in range(number)]
    found = list(walked(Generation.objects.all(), 3))
    assert [len(rows) for rows in found] == sizes
    assert [row.pk for rows in found for row in rows] == ids[::-1]


def test_a_new_row_does_not_shift_the_next_page(project, ada):
    ids = [in_project(project, ada).pk for _ in range(4)]
    _rows, before = pages.page_before(Generation.objects.all(), None, 2)
    in_project(project, ada)
    rows, _end = pages.page_before(Generation.objects.all(), before, 2)
    assert [row.pk for row in rows] == [ids[1], ids[0]]


# --- queries do not grow ---


def count_queries(function, *arguments):
    with CaptureQueriesContext(connection) as captured:
        function(*arguments)
    return len(captured)


def show_cards(user):
    """Everything that a list of cards reads."""
    cards = pages.complete_cards(list(pages.history(user)))
    for card in cards:
        shown = [image.alt for image in card.pictures] + [used.image.alt for used in card.inputs_in_order]
        shown += [card.user.username, card.project.name, card.cost_usd, card.cost_is_complete, card.waits_for_retry]
        assert shown
    return cards


def show_gallery(user):
    return [(image.alt, image.generation.user.username, image.is_favourite) for image in pages.gallery_images(user)]


@pytest.mark.parametrize("show", [show_cards, show_gallery])
def test_the_number_of_queries_does_not_grow_with_the_list(project, ada, show):
    def work(status):
        [image] = made_from(make_image(in_project(project, ada, status="succeeded")), user=ada)
        generation = in_project(project, ada, inputs=[image], status=status)
        make_call(generation, Call.Status.QUEUED)
        make_image(generation, make_call(generation, Call.Status.ANSWERED))

    work("queued")
    work("running")
    few = count_queries(show, ada)
    for _ in range(4):
        work("queued")
        work("running")
    assert count_queries(show, ada) == few
    assert len(show(ada)) > 10


def test_lineage_asks_by_level_and_not_by_picture(project, ada):
    first = make_image(in_project(project, ada))
    made_from(*made_from(first, user=ada), user=ada)
    few = count_queries(lineage.descendants, ada, first)
    for _ in range(4):
        made_from(*made_from(first, user=ada, outputs=2), user=ada, outputs=2)
    assert count_queries(lineage.descendants, ada, first) == few
    assert len(lineage.descendants(ada, first)) == 10


# --- who sees what ---


def test_a_stranger_sees_nothing_of_a_project(project, ada):
    image = make_image(in_project(project, ada))
    stranger = make_member(make_project())
    assert not pages.gallery_images(stranger).exists()
    assert not pages.history(stranger).exists()
    assert lineage.ancestors(stranger, image) == []


def test_staff_see_everything_once(project, ada):
    make_member(project)
    make_image(in_project(project, ada))
    admin = make_user(is_staff=True)
    assert (pages.gallery_images(admin).count(), pages.history(admin).count()) == (1, 1)


# --- gallery and history ---


def test_the_gallery_shows_outputs_and_no_uploads(project, ada):
    make_image(project=project, user=ada)
    output = make_image(in_project(project, ada))
    assert list(pages.gallery_images(ada)) == [output]


def test_the_trash_is_a_gallery_of_its_own(project, ada):
    kept, trashed = (make_image(in_project(project, ada)) for _ in range(2))
    Image.objects.filter(pk=trashed.pk).update(trashed_at=timezone.now())
    assert list(pages.gallery_images(ada)) == [kept]
    assert list(pages.gallery_images(ada, trash=True)) == [trashed]


def test_every_word_of_a_search_must_be_in_the_prompt(project, ada):
    fox = make_image(in_project(project, ada, prompt="A Red FOX in the snow"))
    make_image(in_project(project, ada, prompt="A red chair"))
    apple = make_image(in_project(project, ada, prompt="把苹果改成绿色"))
    assert list(pages.gallery_images(ada, text="red fox")) == [fox]
    assert list(pages.gallery_images(ada, text="苹果")) == [apple]
    assert [found.pk for found in pages.history(ada, text="snow red")] == [fox.generation_id]


@pytest.mark.parametrize("text", ["100%", "_", "'", "\\"])
def test_a_search_takes_every_sign_as_it_is(project, ada, text):
    make_image(in_project(project, ada, prompt="A red fox"))
    assert not pages.gallery_images(ada, text=text).exists()


def test_favourites_are_a_persons_own(project, ada):
    bo = make_member(project)
    image, _other = (make_image(in_project(project, ada)) for _ in range(2))
    Favourite.objects.create(user=ada, image=image)
    assert list(pages.gallery_images(ada, favourites=True)) == [image]
    assert not pages.gallery_images(bo, favourites=True).exists()
    assert [found.is_favourite for found in pages.gallery_images(ada)] == [False, True]


def test_neighbours_end_at_both_ends(project, ada):
    first, middle, last = (make_image(in_project(project, ada)) for _ in range(3))
    images = pages.gallery_images(ada)
    assert pages.neighbours(images, middle) == (last, first)
    assert pages.neighbours(images, last) == (None, middle)
    assert pages.neighbours(images, first) == (middle, None)


def test_the_history_can_be_narrowed(project, ada):
    bo = make_member(project)
    wanted = in_project(project, bo, model=GEMINI, status="failed")
    in_project(project, bo, model=GEMINI)
    in_project(project, ada, model=GEMINI, status="failed")
    in_project(project, bo, status="failed")
    found = pages.history(ada, status="failed", model=GEMINI, person=bo.pk, project=project.pk)
    assert list(found) == [wanted]


# --- lineage ---


@pytest.fixture
def chain(project, ada):
    """An upload, and four pictures each made of the one before."""
    images = [make_image(project=project, user=ada)]
    for _ in range(4):
        images += made_from(images[-1], user=ada)
    return images


def steps(walked):
    return [(step["depth"], step["generation"].pk) for step in walked]


def test_lineage_goes_up_to_the_upload(ada, chain):
    walked = lineage.ancestors(ada, chain[-1])
    assert steps(walked) == [(depth, image.generation_id) for depth, image in enumerate(chain[:0:-1], start=1)]
    assert walked[-1]["inputs"] == [chain[0]]


def test_lineage_goes_down_to_the_last_edit(ada, chain):
    walked = lineage.descendants(ada, chain[0])
    assert steps(walked) == [(depth, image.generation_id) for depth, image in enumerate(chain[1:], start=1)]
    assert walked[-1]["outputs"] == [chain[-1]]


def test_lineage_joins_where_two_pictures_became_one(project, ada):
    left, right = (make_image(in_project(project, ada)) for _ in range(2))
    [both] = made_from(left, right, user=ada)
    walked = lineage.ancestors(ada, both)
    assert {(step["depth"], step["generation"].pk) for step in walked} == {
        (1, both.generation_id),
        (2, left.generation_id),
        (2, right.generation_id),
    }
    assert walked[0]["inputs"] == [left, right]


def test_lineage_shows_a_generation_once(project, ada):
    first = make_image(in_project(project, ada))
    [second] = made_from(first, user=ada)
    made_from(first, second, user=ada)
    ids = [step["generation"].pk for step in lineage.descendants(ada, first)]
    assert len(ids) == len(set(ids)) == 2


def test_lineage_ends_somewhere(project, ada):
    image = make_image(in_project(project, ada))
    first = image
    for _ in range(lineage.LINEAGE_DEPTH + 2):
        [image] = made_from(image, user=ada)
    assert len(lineage.descendants(ada, first)) == len(lineage.ancestors(ada, image)) == lineage.LINEAGE_DEPTH


def test_a_mask_is_no_ancestor(project, ada):
    image, mask = (make_image(in_project(project, ada)) for _ in range(2))
    [output] = made_from(image, user=ada)
    Input.objects.create(generation=output.generation, image=mask, role=Input.Role.MASK)
    assert lineage.descendants(ada, mask) == []


# --- times, places, money ---


def answered(generation, seconds, **fields):
    now = timezone.now()
    make_call(
        generation,
        Call.Status.ANSWERED,
        sent_at=now - timedelta(seconds=seconds),
        finished_at=now,
        pictures=1,
        **fields,
    )


def test_the_usual_time_is_the_median_of_calls_alike(project, ada):
    alike = in_project(project, ada, options={"quality": "high", "size": "1024x1024"})
    for seconds in (10, 20, 90):
        answered(alike, seconds)
    answered(in_project(project, ada, options={"quality": "low", "size": "1024x1024"}), 1)
    answered(in_project(project, ada, model=GEMINI, options={"quality": "high", "size": "1024x1024"}), 1)
    make_call(alike, Call.Status.FAILED)
    assert pages.usual_seconds(GPT, "generate", "high", "1024x1024") == pytest.approx(20)
    assert pages.usual_seconds(GPT, "edit", "high", "1024x1024") is None


def test_the_usual_time_follows_the_newest_calls(project, ada):
    generation = in_project(project, ada)
    for seconds in [60] * 5 + [5] * pages.USUAL_OF:
        answered(generation, seconds)
    assert pages.usual_seconds(GPT, "generate", None, None) == pytest.approx(5)


def test_places_in_the_queue_count_generations_and_not_calls(project, ada):
    first, running, second = (in_project(project, ada) for _ in range(3))
    Generation.objects.filter(pk=running.pk).update(status="running")
    for generation in (first, first, second):
        make_call(generation)
    make_call(running, Call.Status.SENT)
    places = {card.pk: card.queue_place for card in pages.complete_cards(list(Generation.objects.all()))}
    assert places == {first.pk: 1, running.pk: None, second.pk: 2}


def estimate(model, wanted=1, images=0, **options):
    return estimates.estimate(ModelEntry.objects.get(name=model), options, "fox", images, wanted)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL knows its tables and plans by that")
def test_no_read_goes_through_all_calls_all_pictures_or_all_generations(project):
    with CaptureQueriesContext(connection) as asked:
        estimate(GPT, quality="low")
        estimates.accuracy()
        pages.usual_seconds(GPT, "generate", "low", "1024x1024")
        list(pages.people_of([project]))
        list(pages.generations_for(make_user(is_staff=True)).filter(pk=in_project(project, make_member(project)).pk))
    plans = [step for query in asked if query["sql"].startswith("SELECT") for step in plan(query["sql"])]
    assert any("generation_model" in step for step in plans)
    slow = ("call_line", "gallery_image FOR IN-OPERATOR", "B-TREE FOR DISTINCT")
    assert not [step for step in plans if any(word in step for word in slow)]


def plan(sql):
    with connection.cursor() as cursor:
        return [row[-1] for row in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()]


def test_an_estimate_counts_pictures_and_calls():
    text = Decimal("0.000005")
    assert estimate(GPT, quality="low", size="1024x1024") == text + 196 * Decimal("0.00003")
    assert estimate(GPT, wanted=4, quality="low", size="1024x1024") == text + 4 * 196 * Decimal("0.00003")
    assert estimate(GEMINI, wanted=4) == pytest.approx(4 * estimate(GEMINI), abs=Decimal("0.000004"))


def test_an_input_picture_makes_an_estimate_dearer():
    assert estimate(GPT, images=2, quality="low") - estimate(GPT, quality="low") == 3000 * Decimal("0.000008")


def test_without_a_price_there_is_no_estimate():
    Price.objects.all().delete()
    assert estimate(GPT) is None


def test_a_price_holds_from_its_moment_on():
    now = timezone.now()
    Price.objects.create(model=GPT, valid_from=now + timedelta(hours=1), text_in=1)
    later = Price.objects.create(model=GPT, valid_from=now - timedelta(hours=1), text_in=2)
    assert Price.objects.at(GPT, now) == later
    assert Price.objects.at(GPT, now - timedelta(days=3650)) is None
