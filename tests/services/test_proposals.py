"""The gateway's list of models: what it says otherwise is proposed once, and only done when somebody accepts it."""

import copy
import io
import json
from decimal import Decimal

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from gallery.models import AuditEntry, ModelEntry, Price, Proposal
from gallery.ofox import models_api
from gallery.sandbox.models_list import MODELS
from gallery.services import proposals
from tests.factory import GEMINI, GPT, make_user

from .running import Script, connect

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing():
    """The list as it stands, of the first model alone, which agrees with what a new studio knows."""
    return {"data": [copy.deepcopy(MODELS["data"][0])]}


@pytest.fixture
def ada():
    return make_user(is_staff=True, is_superuser=True)


def sync(listing):
    return [(row.kind, row.model) for row in proposals.sync(models_api.read(json.dumps(listing).encode()))]


def test_a_list_that_says_the_same_proposes_nothing(listing):
    assert sync(listing) == []


def test_another_price_is_proposed_once_and_holds_from_when_it_is_accepted(listing, ada):
    old = Price.objects.get(model=GPT)
    listing["data"][0]["pricing"]["output_image"] = "0.00004"
    assert sync(listing) == [("price", GPT)]
    assert sync(listing) == []
    assert Price.objects.at(GPT, timezone.now()) == old
    proposal = Proposal.objects.get()
    assert proposals.accept(ada, proposal)
    assert not proposals.accept(ada, proposal)
    now = Price.objects.at(GPT, timezone.now())
    assert (now.image_out, now.cached_image_in, now.pk != old.pk) == (40, 2, True)
    assert (Price.objects.get(pk=old.pk).image_out, Price.objects.filter(model=GPT).count()) == (30, 2)
    assert AuditEntry.objects.get().user == ada
    assert sync(listing) == []


def test_what_was_dismissed_does_not_come_back_but_another_price_does(listing, ada):
    listing["data"][0]["pricing"]["prompt"] = "0.000006"
    sync(listing)
    proposals.dismiss(ada, Proposal.objects.get())
    assert sync(listing) == []
    listing["data"][0]["pricing"]["prompt"] = "0.000007"
    assert sync(listing) == [("price", GPT)]
    assert Price.objects.filter(model=GPT).count() == 1


def test_a_new_model_that_draws_is_added_with_its_prices_and_stays_off(listing, ada):
    draws = listing["data"][0] | {"id": "openai/gpt-image-3", "name": "GPT Image 3"}
    talks = draws | {"id": "openai/talk", "architecture": {"output_modalities": ["text"]}}
    listing["data"] += [draws, talks]
    assert sync(listing) == [("model", "openai/gpt-image-3")]
    proposals.accept(ada, Proposal.objects.get())
    entry = ModelEntry.objects.get(name="openai/gpt-image-3")
    assert (entry.is_active, entry.spec.id, entry.label) == (False, "openai/gpt-image-3", "GPT Image 3")
    assert Price.objects.at(entry.name, timezone.now()).image_out == 30
    assert sync(listing) == []


def test_another_id_of_a_model_is_added_like_it(ada):
    assert sync(MODELS) == [("alias", GEMINI.removesuffix("-preview"))]
    proposals.accept(ada, Proposal.objects.get())
    entry = ModelEntry.objects.get(name=GEMINI.removesuffix("-preview"))
    assert entry.spec.edit == ModelEntry.objects.get(name=GEMINI).spec.edit
    assert Price.objects.at(entry.name, timezone.now()).text_out == Decimal(3)
    assert sync(MODELS) == []


def test_a_model_that_goes_is_taken_off_when_accepted(listing, ada):
    listing["data"][0] |= {"is_deprecated": True, "expiration_date": "2027-01-01"}
    assert sync(listing) == [("deprecated", GPT)]
    assert ModelEntry.objects.get(name=GPT).is_active
    proposals.accept(ada, Proposal.objects.get())
    assert not ModelEntry.objects.get(name=GPT).is_active
    assert sync(listing) == []


@pytest.mark.parametrize("price", ["-0.1", "1e30", "NaN", "much", None, {}])
def test_a_price_that_cannot_be_is_not_proposed(listing, price):
    listing["data"][0]["pricing"]["output_image"] = price
    assert sync(listing) == []


def test_a_name_longer_than_any_is_passed_over(listing):
    listing["data"].append(listing["data"][0] | {"id": "x/" + "y" * 200})
    assert sync(listing) == []


def test_the_command_asks_the_gateway(online):
    out = io.StringIO()
    call_command("sync_models", stdout=out)
    assert "1 new proposals; 2 models listed." in out.getvalue()


def test_the_command_says_why_it_could_not(monkeypatch, settings, online):
    connect(monkeypatch, settings, Script(lambda request: httpx.Response(200, content=b"<html>")))
    with pytest.raises(CommandError, match="could not be read"):
        call_command("sync_models")
    assert not Proposal.objects.exists()
