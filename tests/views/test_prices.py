"""Prices in the admin: from a moment on, held against last month first, and never touching what was costed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from gallery import periods
from gallery.models import AuditEntry, Call, Price, Proposal
from gallery.services import ledger
from tests.factory import GPT, make_call, make_generation

from .reading import read

ADD = "/admin/gallery/price/add/"


@pytest.fixture
def client(browse, staff):
    return browse(staff)


def form(moment=None, **values):
    moment = timezone.localtime(moment or timezone.now() + timedelta(days=1))
    prices = {"text_in": "5", "image_out": "60"}
    return {"model": GPT, "valid_from_0": f"{moment:%Y-%m-%d}", "valid_from_1": f"{moment:%H:%M:%S}"} | prices | values


def errors(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def used(project, price, **fields):
    call = make_call(make_generation(project=project), Call.Status.ANSWERED, price=price, **fields)
    ledger.book(call)
    return call


def test_it_may_begin_in_the_future_and_holds_from_then(client, db):
    tomorrow = timezone.now() + timedelta(days=1)
    assert client.post(ADD, form(tomorrow)).status_code == 302
    assert Price.objects.at(GPT, timezone.now()).image_out == 30
    assert Price.objects.at(GPT, tomorrow + timedelta(seconds=1)).image_out == 60
    assert AuditEntry.objects.get().action == "added"


def test_it_begins_now_where_nothing_else_is_said(client, db):
    fields = {field.get("name"): field.get("value") for field in read(client.get(f"{ADD}?model={GPT}")).select("input")}
    assert fields["valid_from_0"] == str(timezone.localdate())
    assert Decimal(fields["image_out"]) == 30


@pytest.mark.parametrize("value", ["-1", "10000.01", "1e9", "NaN", "Infinity", "much"])
def test_a_price_that_cannot_be_is_refused_at_its_field(client, db, value):
    assert "image_out" in errors(client.post(ADD, form(image_out=value)))
    assert Price.objects.filter(model=GPT).count() == 1


def test_two_prices_from_the_same_moment_are_refused(client, db):
    moment = timezone.now() + timedelta(days=3)
    assert client.post(ADD, form(moment)).status_code == 302
    assert "already exists" in str(errors(client.post(ADD, form(moment))))


def test_no_price_at_all_and_no_such_model_are_refused(client, db):
    assert "at least one" in str(errors(client.post(ADD, form(text_in="", image_out=""))))
    assert "model" in errors(client.post(ADD, form(model="openai/gpt-image-3")))


def test_a_past_that_was_costed_already_is_not_rewritten(client, project):
    call = used(
        project, Price.objects.get(model=GPT), cost_usd=Decimal("0.1"), sent_at=timezone.now() - timedelta(days=2)
    )
    response = client.post(ADD, form(timezone.now() - timedelta(days=3)))
    assert "costed already" in str(errors(response)["valid_from"])
    assert client.post(ADD, form(timezone.now() - timedelta(days=1))).status_code == 302
    assert Call.objects.filter(pk=call.pk, cost_usd=Decimal("0.1"), price=call.price).exists()


def test_last_month_is_costed_anew_beside_what_it_did_cost_and_nothing_is_saved(client, project):
    sent = periods.midnight(periods.month_of(periods.today()).before.start) + timedelta(days=2)
    price = Price.objects.get(model=GPT)
    used(project, price, sent_at=sent, text_in=200_000, image_out=1_000_000, cost_usd=Decimal(31))
    used(project, price, text_in=200_000, image_out=1_000_000, cost_usd=Decimal(31))
    response = client.post(ADD, form(_compare="1"))
    assert "Nothing is saved yet" in str(errors(response))
    comparison = response.context["adminform"].form.comparison
    assert (comparison.sums.calls, comparison.sums.cost_usd, comparison.would_usd) == (1, 31, 61)
    assert "$61.000000 (+97 %)" in read(response).text
    assert Price.objects.filter(model=GPT).count() == 1


def test_a_kind_that_was_used_and_has_no_price_makes_it_unknown(client, project):
    sent = periods.midnight(periods.month_of(periods.today()).before.start)
    used(project, None, sent_at=sent, text_in=1, image_out=1, text_out=1)
    comparison = client.post(ADD, form(_compare="1")).context["adminform"].form.comparison
    assert (comparison.would_usd, comparison.percent) == (None, None)


def test_proposals_are_decided_in_the_list(client, db):
    proposal = Proposal.objects.create(kind="price", model=GPT, found={"image_out": "40.000000"}, fingerprint="x")
    chosen = {"action": "accept", "_selected_action": [proposal.pk]}
    assert "image_out: 40.000000" in client.get("/admin/gallery/proposal/").content.decode()
    assert client.post("/admin/gallery/proposal/", chosen).status_code == 302
    assert Price.objects.at(GPT, timezone.now()).image_out == 40
    proposal.refresh_from_db()
    assert proposal.status == "accepted"


def test_a_price_that_calls_were_costed_with_is_there_to_read(client, project):
    price = Price.objects.at(GPT, timezone.now())
    make_call(make_generation(project=project), status="answered", price=price)
    page = client.get(f"/admin/gallery/price/{price.pk}/change/")
    assert page.status_code == 200
    assert 'name="image_out"' not in page.content.decode()
