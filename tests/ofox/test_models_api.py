import json
from decimal import Decimal

import pytest

from gallery.ofox import models_api
from gallery.ofox.errors import OfoxGarbled

FULL = {
    "id": "openai/gpt-image-2",
    "name": "GPT Image 2",
    "aliases": ["gpt-image-2"],
    "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["image"]},
    "pricing": {"prompt": "0.000005", "completion": None, "image": "0.000008", "output_image": 0.00003},
    "is_deprecated": True,
    "expiration_date": "2027-01-31",
}


def listed(*rows):
    return models_api.read(json.dumps({"data": rows}).encode())


def test_a_full_row_is_read_with_prices_per_million():
    (model,) = listed(FULL)
    assert (model.id, model.name, model.aliases) == ("openai/gpt-image-2", "GPT Image 2", ("gpt-image-2",))
    assert (model.input_modalities, model.output_modalities) == (("text", "image"), ("image",))
    assert model.pricing == {
        "text_in": Decimal(5),
        "cached_text_in": None,
        "image_in": Decimal(8),
        "text_out": None,
        "image_out": Decimal(30),
    }
    assert model.is_deprecated
    assert model.expiration_date == "2027-01-31"


def test_a_row_of_which_only_the_id_is_known_is_read():
    (model,) = listed({"id": "x", "architecture": None, "pricing": "free", "aliases": None, "is_deprecated": None})
    assert (model.name, model.aliases, model.is_deprecated, model.expiration_date) == ("x", (), False, None)
    assert set(model.pricing.values()) == {None}


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity", "cheap", "", True, [], {}])
def test_a_price_that_is_none_is_unknown(price):
    (model,) = listed({"id": "x", "pricing": {"prompt": price}})
    assert model.pricing["text_in"] is None


def test_rows_without_an_id_are_left_out():
    assert [model.id for model in listed({"name": "x"}, 7, None, {"id": 3}, {"id": "y"})] == ["y"]


@pytest.mark.parametrize(
    ("body", "code"), [(b"<html>", "not_json"), (b"[]", "unexpected_shape"), (b"{}", "unexpected_shape")]
)
def test_what_is_no_list_of_models_is_garbled(body, code):
    with pytest.raises(OfoxGarbled) as caught:
        models_api.read(body)
    assert caught.value.code == code
