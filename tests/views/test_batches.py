"""Batches: the plan follows the form and keeps nothing; a batch shows its sheet to members and obeys editors."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gallery.models import Batch, Call, Event, Generation, ModelEntry
from tests.factory import GEMINI, GPT, make_generation, make_image

from .reading import read

PLAN = "/batches/preview/"
RUN = "/batches/run/"


@pytest.fixture
def wish(project):
    """The fields of a form as a browser sends them: `wish(prompts="a fox", sizes=[])`."""

    def of(**fields):
        values = {
            "token": uuid.uuid4(),
            "source": "prompts",
            "prompts": "a {red|blue} fox",
            "models": [GPT],
            "sizes": ["1024x1024"],
            "qualities": ["low"],
            "number": 1,
            "format": "png",
            "background": "auto",
            "project": project.pk,
            "name": "",
        }
        return values | fields

    return of


@pytest.fixture
def batch(project, editor):
    """Two cells: one with a picture, one that failed."""
    columns = [{"model": GPT, "size": "1024x1024", "number": 1}]
    values = {"project": project, "user": editor, "token": uuid.uuid4(), "rows": ["red", "blue"]}
    batch = Batch.objects.create(name="Foxes <i>", columns=columns, **values)
    of = {"project": project, "user": editor, "batch": batch, "options": {"size": "1024x1024"}}
    make_image(make_generation(**of, status="succeeded", prompt="a red fox"))
    make_generation(**of, status="failed", error_code="safety", prompt="a blue fox", batch_row=1)
    return batch


def table(response):
    return [
        [cell.text for cell in row.children if cell in row.select("th") + row.select("td")]
        for row in read(response).select("tr")
    ]


def errors(response):
    """Sentences by the id of the field they stand at."""
    found = read(response).select(".field__error")
    return {error["id"].removesuffix("_error"): error.text for error in found if error.text}


# --- planning ----------------------------------------------------------------------------------------------------


def test_the_page_offers_the_words_of_all_models(browse, editor):
    page = read(browse(editor).get("/batches/new/"))
    assert {box["value"] for box in page.select("[name=models]")} == {GPT, GEMINI}
    assert {"auto", "1024x1024", "1792x1024"} <= {box["value"] for box in page.select("[name=sizes]")}
    assert [box["value"] for box in page.select("[name=models][checked]")] == [GPT]


def test_the_plan_is_a_grid_with_prices(browse, editor, wish):
    response = browse(editor, htmx=True).post(PLAN, wish(models=[GPT, GEMINI]))
    assert response.status_code == 200
    assert [row[0] for row in table(response)] == ["", "red", "blue"]
    assert table(response)[0][1:] == ["GPT Image 2", "Gemini 3.1 Flash Image"]
    assert table(response)[1][1].startswith("$0.0")
    assert "4 generations" in read(response).text
    assert "about $0.15" in read(response).select_one("#batch-estimate").text


def test_heads_are_shared_by_neighbours(browse, editor, wish):
    sent = wish(models=[GPT, GEMINI], sizes=["1024x1024", "1536x1024"])
    heads = read(browse(editor, htmx=True).post(PLAN, sent)).select("thead tr")
    spans = [[(head.text, head.get("colspan")) for head in row.select("th")] for row in heads]
    assert spans[0] == [("GPT Image 2", "2"), ("Gemini 3.1 Flash Image", "2")]
    assert spans[1] == [("1024 × 1024", None), ("1536 × 1024", None)] * 2


def test_a_plan_keeps_nothing(browse, editor, wish, stored):
    browse(editor, htmx=True).post(PLAN, wish())
    browse(editor).post(PLAN, wish())
    assert not (Batch.objects.exists() or Generation.objects.exists() or Event.objects.exists() or stored())


def test_what_a_model_does_not_offer_is_marked_and_said(browse, editor, wish):
    entry = ModelEntry.objects.get(name=GEMINI)
    entry.abilities["generate"]["qualities"] = ["auto"]
    entry.save()
    response = browse(editor, htmx=True).post(PLAN, wish(models=[GPT, GEMINI]))
    assert [row[2] for row in table(response)[1:]] == ["left out"] * 2
    sentence = read(response).select_one(".notice").text
    assert sentence == "Gemini 3.1 Flash Image does not offer Quality Low: 2 left out."


def test_half_a_prompt_is_said_at_the_field_and_leaves_the_plan_as_it_was(browse, editor, wish):
    response = browse(editor, htmx=True).post(PLAN, wish(prompts="a fox\na {red|"))
    assert (response.status_code, response["HX-Reswap"]) == (200, "none")
    assert errors(response).keys() == {"batch-prompts"}
    assert "Line 2" in errors(response)["batch-prompts"]


def test_an_empty_form_is_no_mistake(browse, editor, wish):
    response = browse(editor, htmx=True).post(PLAN, wish(prompts=" "))
    assert errors(response) == {}
    assert read(response).select(".example")


def test_without_scripts_the_plan_comes_with_the_form_that_made_it(browse, editor, wish):
    page = read(browse(editor).post(PLAN, wish(sizes=["1792x1024"], name="Foxes")))
    assert page.select(".plan__cell")
    assert page.select_one("[name=prompts]").text == "a {red|blue} fox"
    assert [box["value"] for box in page.select("[name=sizes][checked]")] == ["1792x1024"]
    assert page.select_one("[name=name]")["value"] == "Foxes"


def csv_file(text, name="foxes.csv"):
    return SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode(), "text/csv")


@pytest.mark.parametrize("htmx", [True, False])
def test_an_uploaded_table_goes_on_as_text(browse, editor, wish, htmx):
    text = "prompt;quality\n把苹果改成绿色;high\n".encode("gb18030")
    response = browse(editor, htmx=htmx).post(PLAN, wish(source="csv", table=csv_file(text)))
    assert "把苹果改成绿色" in read(response).select_one("tbody th").text
    assert read(response).select_one("textarea[name=csv]").raw_text == "prompt;quality\n把苹果改成绿色;high"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\x89PNG\0", "no text"),
        (b"x" * 1_000_001, "larger than 1 MB"),
        (b"prompt,size\nfox,\nowl,7x7", "Line 3"),
        (b"prompt\nfox, in snow", "Line 2"),
        (b"prompt,colour\nfox,red", "“colour”"),
        (b"", "at least one prompt"),
        (b"prompt\n", "at least one prompt"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_a_sentence(browse, editor, wish, text, words):
    response = browse(editor).post(RUN, wish(source="csv", table=csv_file(text)))
    assert response.status_code == 422
    assert words in errors(response)["batch-table"]
    assert not Batch.objects.exists()


# --- running -----------------------------------------------------------------------------------------------------


def test_a_batch_is_run_once_and_shown(browse, editor, wish):
    client, sent = browse(editor), wish(models=[GPT, GEMINI], number=2)
    first, second = (client.post(RUN, sent) for _ in range(2))
    batch = Batch.objects.get()
    assert first["Location"] == second["Location"] == f"/batches/{batch.pk}/"
    assert (batch.name, batch.user, batch.rows) == ("a {red|blue} fox", editor, ["red", "blue"])
    assert (batch.generations.count(), Call.objects.count()) == (4, 6)


def test_pasted_csv_is_run_as_it_was_planned(browse, editor, wish):
    text = "prompt,model,number\r\nA fox,Gemini 3.1 Flash Image,3\r\nAn owl,,\r\n"
    browse(editor).post(RUN, wish(source="csv", csv=text, name="Birds and beasts"))
    found = Generation.objects.order_by("pk").values_list("prompt", "model", "wanted", "batch__name")
    assert list(found) == [("A fox", GEMINI, 3, "Birds and beasts"), ("An owl", GPT, 1, "Birds and beasts")]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompts": ""}, "batch-prompts"),
        ({"prompts": "{a|{b}}"}, "batch-prompts"),
        ({"prompts": "{a|b}" * 20}, "batch-prompts"),
        ({"prompts": "{a|b}" * 20_000}, "batch-prompts"),
        ({"prompts": "\n".join(f"fox {n}" for n in range(300)), "models": [GPT, GEMINI]}, "batch-prompts"),
        ({"prompts": "\n".join(f"fox {n}" for n in range(300)), "models": [GEMINI], "number": 4}, "batch-number"),
        ({"models": []}, "batch-models"),
        ({"models": ["nobody/knows"]}, "batch-models"),
        ({"sizes": ["7x7"]}, "batch-sizes"),
        ({"number": 11}, "batch-number"),
        ({"number": ""}, "batch-number"),
        ({"format": "gif"}, "batch-format"),
        ({"format": "jpeg", "background": "transparent"}, "batch-error"),
        ({"source": "csv", "csv": "prompt,model\nA fox,nobody"}, "batch-csv"),
        ({"token": "7"}, "batch-error"),
        ({"project": 0}, "batch-project"),
        ({"name": "x" * 201}, "batch-name"),
    ],
)
def test_what_cannot_be_run_is_refused_with_a_sentence(browse, editor, wish, fields, field):
    response = browse(editor).post(RUN, wish(**fields))
    assert response.status_code == 422
    assert errors(response).keys() == {field}
    assert not (Batch.objects.exists() or Generation.objects.exists())


def test_another_persons_token_is_a_stale_form(browse, editor, manager, wish):
    sent = wish()
    browse(manager).post(RUN, sent)
    assert browse(editor).post(RUN, sent).status_code == 422
    assert Batch.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["token", "source", "models", "sizes", "number", "format", "project", "prompts", "csv"]
)
@pytest.mark.parametrize("value", [str(2**70), "9" * 5000, "-1", "²", "\0", "", "{" * 5000], ids=lambda v: ascii(v)[:9])
def test_no_value_breaks_the_form(browse, editor, wish, name, value):
    client = browse(editor)
    for source in ("prompts", "csv"):
        assert client.post(PLAN, wish(source=source) | {name: value}).status_code == 200
        assert client.post(RUN, wish(source=source) | {name: value}).status_code in (302, 422)


def test_who_may_create_nowhere_plans_nothing(browse, viewer, wish):
    client = browse(viewer)
    assert not read(client.get("/batches/new/")).select("form#batch-form")
    assert [client.post(url, wish()).status_code for url in (PLAN, RUN)] == [403, 403]


# --- the sheet ---------------------------------------------------------------------------------------------------


def test_the_sheet_shows_every_cell_with_its_name(browse, viewer, batch):
    page = read(browse(viewer).get(f"/batches/{batch.pk}/"))
    cells = page.select("article[data-generation]")
    assert [cell["data-status"] for cell in cells] == ["succeeded", "failed"]
    assert [cell.select_one(".cell__name").text for cell in cells] == ["red", "blue"]
    assert cells[0].select_one("img")["alt"] == "a red fox"
    assert "Refused" in cells[1].select_one("[role=alert]").text
    assert page.select_one("h1").text == "Foxes <i>"


def test_a_grid_has_rows_and_columns_named(browse, editor, batch):
    batch.columns = [batch.columns[0], {"model": GEMINI, "size": "1024x1024", "number": 1}]
    batch.save()
    response = browse(editor).get(f"/batches/{batch.pk}/")
    assert [row[0] for row in table(response)] == ["", "red", "blue"]
    assert table(response)[0][1:] == ["GPT Image 2", "Gemini 3.1 Flash Image"]
    assert table(response)[1][2] == ""


def test_the_summary_brings_the_cells_that_changed(browse, editor, batch):
    Event.objects.append(batch.generations.get(batch_row=1))
    client = browse(editor, htmx=True)
    fresh = read(client.get(f"/batches/{batch.pk}/summary/?since=1"))
    assert [cell["id"] for cell in fresh.select("article[hx-swap-oob]")] == ["cell-1-0"]
    assert "2 of 2" in fresh.select_one(f"#batch-{batch.pk}").text


@pytest.mark.parametrize("since", ["", "x", "-1", str(2**70), "9" * 5000, "99999999999999"])
def test_no_moment_breaks_the_summary(browse, editor, batch, since):
    assert browse(editor).get(f"/batches/{batch.pk}/summary/", {"since": since}).status_code == 200


def test_an_ended_batch_asks_for_nothing_more(browse, editor, batch):
    client = browse(editor)
    summary = read(client.get(f"/batches/{batch.pk}/")).select_one(f"#batch-{batch.pk}")
    assert "every" not in summary["hx-trigger"]
    batch.generations.update(status="running")
    summary = read(client.get(f"/batches/{batch.pk}/")).select_one(f"#batch-{batch.pk}")
    assert "every" in summary["hx-trigger"]


def test_create_shows_a_batch_as_one_line_and_none_of_its_cards(browse, editor, batch):
    page = read(browse(editor).get("/"))
    assert [line["data-batch"] for line in page.select("#batches article")] == [str(batch.pk)]
    assert not page.select("#results-list article")


def test_the_list_shows_batches_with_their_pictures(browse, viewer, batch, stranger):
    page = read(browse(viewer).get("/batches/"))
    assert len(page.select(".batches__item")) == 1
    assert len(page.select(".batches__thumbs img")) == 1
    assert "2 of 2" in page.select_one(".batches__item").text
    assert not read(browse(stranger).get("/batches/")).select(".batches__item")


def test_a_page_of_batches_costs_as_many_queries_as_one_batch(browse, editor, wish, batch, cost):
    client = browse(editor)
    before = {url: cost(client, url) for url in ("/batches/", f"/batches/{batch.pk}/")}
    for row in range(2, 12):
        batch.rows.append(str(row))
        of = {"user": editor, "project": batch.project, "batch": batch, "batch_row": row}
        make_image(make_generation(**of, status="cancelled", error_code="cancelled"))
    batch.save()
    for _ in range(5):
        client.post(RUN, wish())
    assert {url: cost(client, url) for url in before} == before


def test_the_list_goes_on_by_pages(browse, editor, batch):
    of = {"user": editor, "project": batch.project, "rows": ["a"], "columns": [{}]}
    Batch.objects.bulk_create(Batch(name=str(n), token=uuid.uuid4(), **of) for n in range(25))
    client = browse(editor, htmx=True)
    more = read(browse(editor).get("/batches/")).select_one(".batches__more")["hx-get"]
    names = [name.text for name in read(client.get(more)).select(".batch-line__name")]
    assert names[-1] == "Foxes <i>"


# --- acting ------------------------------------------------------------------------------------------------------

ACTIONS = ("pause", "resume", "cancel", "retry")


@pytest.mark.parametrize("htmx", [True, False])
def test_a_batch_is_paused_resumed_and_cancelled(browse, editor, wish, htmx):
    client = browse(editor, htmx=htmx)
    browse(editor).post(RUN, wish())
    batch = Batch.objects.get()
    for action, status in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        response = client.post(f"/batches/{batch.pk}/{action}/")
        assert response.status_code == (200 if htmx else 302)
        summary = read(browse(editor).get(f"/batches/{batch.pk}/")).select_one(f"#batch-{batch.pk}")
        assert summary["data-status"] == status
    if htmx:
        assert len(read(response).select("article[hx-swap-oob][data-status=cancelled]")) == 2


def test_what_failed_is_retried_in_its_cell(browse, editor, batch):
    response = browse(editor, htmx=True).post(f"/batches/{batch.pk}/retry/")
    [cell] = read(response).select("article[hx-swap-oob]")
    assert (cell["id"], cell["data-status"]) == ("cell-1-0", "queued")
    assert cell["data-generation"] == str(Generation.objects.latest("pk").pk)


def test_what_is_not_on_offer_any_more_is_said(browse, editor, batch):
    ModelEntry.objects.update(is_active=False)
    response = browse(editor, htmx=True).post(f"/batches/{batch.pk}/retry/")
    assert (response.status_code, response["HX-Reswap"]) == (422, "none")
    assert "not on offer" in response["HX-Trigger"]
    plain = browse(editor)
    assert "not on offer" in plain.post(f"/batches/{batch.pk}/retry/", follow=True).content.decode()


def test_a_stranger_finds_no_batch(browse, stranger, batch):
    client = browse(stranger)
    for page in ("", "summary/", "line/"):
        assert client.get(f"/batches/{batch.pk}/{page}").status_code == 404
    for action in ACTIONS:
        assert client.post(f"/batches/{batch.pk}/{action}/").status_code == 404


def test_a_viewer_looks_and_touches_nothing(browse, viewer, batch):
    client = browse(viewer)
    assert not read(client.get(f"/batches/{batch.pk}/")).select(".batch__actions")
    for action in ACTIONS:
        assert client.post(f"/batches/{batch.pk}/{action}/").status_code == 403
    assert Generation.objects.count() == 2


def test_nobody_gets_in_without_signing_in_and_nothing_changes_by_a_get(browse, editor, batch):
    pages = ["/batches/", "/batches/new/", *(f"/batches/{batch.pk}/{page}" for page in ("", "summary/", "line/"))]
    acts = [PLAN, RUN, *(f"/batches/{batch.pk}/{action}/" for action in ACTIONS)]
    client = browse()
    assert {client.get(url)["Location"].split("?")[0] for url in pages} == {"/sign-in/"}
    assert {client.post(url)["Location"].split("?")[0] for url in acts} == {"/sign-in/"}
    assert {browse(editor).get(url).status_code for url in acts} == {405}


def test_every_page_works_in_chinese(browse, editor, batch, wish):
    client = browse(editor)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    for url in ("/batches/", "/batches/new/", f"/batches/{batch.pk}/"):
        page = read(client.get(url))
        assert page.select_one("html")["lang"] == "zh-hans"
        ids = [element["id"] for element in page.select("[id]")]
        assert sorted(ids) == sorted(set(ids))
        assert not page.select("[style]") + page.select("style")
    assert client.post(PLAN, wish()).status_code == 200
