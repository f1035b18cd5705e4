"""Cancel, run again and retry for many: what is said before, what is done, and by whom it may be done."""

import json
import re
import uuid

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages

from gallery.models import Call, Generation, ModelEntry
from tests.factory import GEMINI, GPT, make_call, make_generation, make_image, make_project, make_user

URL = "/generations/bulk/"


def send(client, action, generations, **fields):
    return client.post(URL, {"action": action, "chosen": [generation.pk for generation in generations], **fields})


def confirm(client, action, generations, **fields):
    return send(client, action, generations, confirmed="1", **fields)


def statuses():
    return list(Generation.objects.order_by("pk").values_list("status", flat=True))


@pytest.fixture
def make(editor, project):
    """A generation of the project with one call; `call` is the call's status."""

    def of(status="queued", call="queued", **fields):
        made = make_generation(editor, project, status=status, **fields)
        billed = {"may_have_been_billed": call in ("sent", "interrupted")}
        make_call(made, call, wanted=made.wanted, **billed)
        return made

    return of


def test_asking_says_what_a_cancel_does_to_money_and_does_nothing(browse, editor, make):
    chosen = [make(), make(), make("running", "sent"), make("succeeded", "answered")]
    html = send(browse(editor, htmx=True), "cancel", chosen).content.decode()
    assert "Cancel 3 generations?" in html
    assert "2 are queued: nothing was sent." in html
    assert "1 is out: it may be billed." in html
    assert "1 is left out: it has ended already." in html
    assert statuses() == ["queued", "queued", "running", "succeeded"]


def test_a_confirmed_cancel_answers_with_the_changed_rows_and_a_toast(browse, editor, make):
    chosen = [make(), make("running", "sent")]
    response = confirm(browse(editor, htmx=True), "cancel", chosen)
    told = json.loads(response["HX-Trigger"])
    assert statuses() == ["cancelled", "cancelled"]
    assert response.content.decode().count('hx-swap-oob="true"') == 2
    assert told["toast"].startswith("2 generations cancelled. 1 is queued: nothing was sent. 1 is out")


def test_running_again_names_the_cost_first_and_makes_as_many_anew(browse, editor, make):
    options = {"quality": "medium", "size": "1024x1024"}
    chosen = [make("succeeded", "answered", options=options, wanted=2), make("failed", "failed", options=options)]
    html = send(browse(editor, htmx=True), "run-again", chosen).content.decode()
    assert "Run 2 generations again?" in html
    assert re.search(r"3 pictures are asked for anew, about \$0\.\d\d\.", html)
    html = confirm(browse(editor, htmx=True), "run-again", chosen).content.decode()
    assert statuses() == ["succeeded", "failed", "queued", "queued"]
    assert [again.wanted for again in Generation.objects.order_by("pk")[2:]] == [2, 1]
    assert "afterbegin:#history-rows" in html


def test_a_retry_asks_for_what_never_came_and_for_nothing_else(browse, editor, make):
    partial, done = make("partial", "answered", wanted=4, model=GPT), make("succeeded", "answered")
    for _ in range(2):
        make_image(call=partial.calls.get())
    make_image(call=done.calls.get())
    confirm(browse(editor, htmx=True), "retry", [partial, done])
    again = Generation.objects.latest("pk")
    assert (again.wanted, again.status, Generation.objects.count()) == (2, "queued", 3)


def test_a_retry_of_what_may_have_been_billed_says_so_on_the_button(browse, editor, make):
    html = send(browse(editor, htmx=True), "retry", [make("interrupted", "interrupted")]).content.decode()
    assert "if that was billed, this bills it a second time" in html
    assert "may be billed twice</button>" in html


def test_an_unknown_price_is_said_and_is_never_zero(browse, editor, make):
    chosen = [make("failed", "failed", model="someone/new")]
    ModelEntry.objects.filter(name=GEMINI).update(name="someone/new")
    html = send(browse(editor, htmx=True), "run-again", chosen).content.decode()
    assert "what it costs is not known" in html
    assert "$" not in html


def test_models_off_the_list_are_left_out_and_named(browse, editor, make):
    chosen = [make("failed", "failed"), make("failed", "failed", model=GEMINI)]
    ModelEntry.objects.filter(name=GEMINI).update(is_active=False)
    html = send(browse(editor, htmx=True), "retry", chosen).content.decode()
    assert "1 is left out: its model is not on offer any more." in html
    confirm(browse(editor, htmx=True), "retry", chosen)
    assert [again.model for again in Generation.objects.order_by("pk")[2:]] == [GPT]


def test_where_nothing_fits_there_is_no_button_that_does_it(browse, editor, make):
    html = send(browse(editor, htmx=True), "retry", [make("succeeded", "answered")]).content.decode()
    assert 'type="submit"' not in html


def test_the_same_form_twice_is_paid_once(browse, editor, make):
    chosen, token = [make("failed", "failed"), make("failed", "failed")], uuid.uuid4()
    for _ in range(2):
        assert confirm(browse(editor, htmx=True), "run-again", chosen, token=token).status_code == 200
    assert Generation.objects.count() == 4


@pytest.mark.parametrize("action", ["cancel", "run-again", "retry"])
def test_one_strangers_generation_among_them_and_nothing_is_found(browse, editor, make, action):
    theirs = make_generation(project=make_project())
    for confirmed in ({}, {"confirmed": "1"}):
        assert send(browse(editor), action, [make(), theirs], **confirmed).status_code == 404
    assert "cancelled" not in statuses()


def test_what_one_may_only_look_at_is_forbidden(browse, viewer, make):
    assert confirm(browse(viewer), "cancel", [make()]).status_code == 403
    assert statuses() == ["queued"]


def test_nobody_is_sent_to_sign_in_and_a_link_does_nothing(browse, editor, make):
    assert confirm(browse(), "cancel", [make()])["Location"].startswith("/sign-in/")
    assert browse(editor).get(URL).status_code == 405


@pytest.mark.parametrize("chosen", [[], ["x"], ["-1"], [str(10**30)], list(range(1, 202))], ids=str)
def test_too_few_too_many_and_no_numbers_are_refused_in_words(browse, editor, make, chosen):
    make()
    data = {"action": "cancel", "chosen": chosen, "confirmed": "1"}
    response = browse(editor, htmx=True).post(URL, data)
    assert response.status_code == 422
    assert "Choose at" in json.loads(response["HX-Trigger"])["toast"]["message"]
    plain = browse(editor).post(URL, data)
    assert plain["Location"] == "/history/"
    assert [str(message) for message in get_messages(plain.wsgi_request)]
    assert statuses() == ["queued"]


def test_an_unknown_action_or_a_bad_token_is_refused(browse, editor, make):
    client, chosen = browse(editor, htmx=True), [make("failed", "failed")]
    assert confirm(client, "delete", chosen).status_code == 422
    assert confirm(client, "run-again", chosen, token="x").status_code == 422
    assert Generation.objects.count() == 1


def test_without_scripts_it_asks_on_a_page_of_its_own_and_leads_back(browse, editor, make):
    client, chosen = browse(editor), [make()]
    html = send(client, "cancel", chosen).content.decode()
    assert "<html" in html
    assert "1 is queued: nothing was sent." in html
    assert confirm(client, "cancel", chosen)["Location"] == "/history/"
    assert "1 generation cancelled." in client.get("/history/").content.decode()


def test_rows_have_a_box_for_those_who_may_act(browse, editor, viewer, make):
    made = make()
    box = f'name="chosen" value="{made.pk}" form="bulk"'
    assert box in browse(editor).get("/history/").content.decode()
    assert box not in browse(viewer).get("/history/").content.decode()


def test_a_row_can_be_fetched_anew_but_not_by_a_stranger(browse, editor, stranger, make):
    made = make("failed", "failed")
    html = browse(editor, htmx=True).get(f"/generations/{made.pk}/row/").content.decode()
    assert html.strip().startswith("<tr")
    assert "data-retriable" in html
    assert browse(stranger).get(f"/generations/{made.pk}/row/").status_code == 404


def test_a_card_offers_to_retry_the_missing_ones_only(browse, editor, make):
    made = make("partial", "answered", wanted=3)
    make_image(call=made.calls.get())
    client = browse(editor, htmx=True)
    assert "Retry the 2 missing" in client.get(f"/generations/{made.pk}/card/").content.decode()
    html = client.post(f"/generations/{made.pk}/retry/").content.decode()
    again = Generation.objects.latest("pk")
    assert f'data-generation="{again.pk}"' in html
    assert again.wanted == 2


def test_retrying_what_succeeded_does_nothing(browse, editor, make):
    made = make("succeeded", "answered")
    make_image(call=made.calls.get())
    assert browse(editor).post(f"/generations/{made.pk}/retry/")["Location"] == f"/generations/{made.pk}/"
    assert Generation.objects.count() == 1


def test_an_interrupted_card_says_that_it_may_be_billed_twice(browse, editor, make):
    html = browse(editor).get(f"/generations/{make('interrupted', 'interrupted').pk}/card/").content.decode()
    assert "may be billed twice" in html


def test_asking_costs_the_same_for_3_and_for_20(browse, editor, make, django_assert_max_num_queries):
    chosen, client = [make("failed", "failed") for _ in range(20)], browse(editor, htmx=True)
    send(client, "retry", chosen[:3])
    with django_assert_max_num_queries(16):
        send(client, "retry", chosen)


def test_staff_act_in_the_admin_with_the_same_words(browse, staff, make):
    client, url = browse(staff), "/admin/gallery/generation/"
    chosen = {"_selected_action": [make().pk, make("running", "sent").pk]}
    html = client.post(url, {"action": "cancel", **chosen}).content.decode()
    assert "1 is queued: nothing was sent." in html
    assert statuses() == ["queued", "running"]
    token = re.search(r'name="token" value="([^"]+)"', html)[1]
    client.post(url, {"action": "cancel", "token": token, **chosen})
    assert statuses() == ["cancelled", "cancelled"]
    for action in ("run_again", "retry"):
        assert "stakes" in client.post(url, {"action": action, **chosen}).context


def test_staff_without_the_permission_find_no_action_in_the_admin(browse, make):
    looker = make_user(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_generation"))
    chosen = {"action": "cancel", "token": str(uuid.uuid4()), "_selected_action": [make().pk]}
    browse(looker).post("/admin/gallery/generation/", chosen)
    assert statuses() == ["queued"]
    assert Call.objects.get().status == "queued"
