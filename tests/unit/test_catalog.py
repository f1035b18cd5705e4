import pytest

from gallery import catalog
from gallery.catalog import FIRST_ENTRIES, ModelSpec

GPT, GEMINI = (ModelSpec.from_json(entry) for entry in FIRST_ENTRIES)


def entry(operation="generate", **changes):
    return FIRST_ENTRIES[0] | {operation: FIRST_ENTRIES[0][operation] | changes}


def wrong(spec, operation, options=(), images=None, **rest):
    images = (operation == "edit") if images is None else images
    return catalog.problems(spec, operation, dict(options), images=int(images), **rest)


def test_a_whole_choice_for_each_model_and_operation_has_no_problem():
    chosen = {"quality": "low", "size": "1536x1024", "output_format": "webp", "background": "transparent", "n": 10}
    assert wrong(GPT, "generate", chosen, prompt="a fox") == {}
    assert wrong(GPT, "edit", chosen, images=16, mask=True, prompt="greener") == {}
    assert wrong(GEMINI, "generate", chosen, prompt="a fox") == {}
    assert wrong(GEMINI, "edit", {"aspect_ratio": "16:9", "image_size": "2K", "n": 4}, images=14, prompt="b") == {}


@pytest.mark.parametrize(
    ("spec", "operation", "options", "problem"),
    [
        (GPT, "generate", {"n": 0}, {"n": "out_of_range"}),
        (GPT, "generate", {"n": 11}, {"n": "out_of_range"}),
        (GPT, "generate", {"n": "3"}, {"n": "out_of_range"}),
        (GPT, "generate", {"n": True}, {"n": "out_of_range"}),
        (GPT, "generate", {"quality": "hd"}, {"quality": "not_offered"}),
        (GPT, "edit", {"quality": "auto"}, {"quality": "not_offered"}),
        (GEMINI, "edit", {"quality": "low"}, {"quality": "not_offered"}),
        (GPT, "generate", {"size": "1280x720"}, {"size": "not_offered"}),
        (GPT, "generate", {"aspect_ratio": "1:1"}, {"aspect_ratio": "not_offered"}),
        (GPT, "generate", {"input_fidelity": "high"}, {"input_fidelity": "unknown"}),
        (GPT, "generate", {"partial_images": 2}, {"partial_images": "needs_stream"}),
        (GPT, "generate", {"partial_images": 4, "stream": True}, {"partial_images": "out_of_range"}),
        (GEMINI, "generate", {"partial_images": 1, "stream": True}, {"partial_images": "not_offered"}),
        (GEMINI, "edit", {"stream": True}, {"stream": "not_offered"}),
    ],
)
def test_what_the_entry_does_not_allow_is_named_at_its_field(spec, operation, options, problem):
    assert wrong(spec, operation, options) == problem


def test_transparent_needs_a_format_that_can_hold_it():
    transparent = {"background": "transparent"}
    assert wrong(GPT, "generate", transparent | {"output_format": "jpeg"}) == {"background": "needs_png_or_webp"}
    assert wrong(GPT, "generate", transparent | {"output_format": "png"}) == {}
    assert wrong(GPT, "generate", transparent) == {}


def test_every_problem_is_told_at_once():
    found = wrong(GPT, "edit", {"n": 11, "quality": "auto"}, images=17, prompt="")
    assert found == {"n": "out_of_range", "quality": "not_offered", "images": "too_many", "prompt": "empty"}


def test_the_number_of_pictures_attached_is_judged_by_the_operation():
    assert wrong(GPT, "generate", images=1) == {"images": "not_accepted"}
    assert wrong(GPT, "edit", images=0) == {"images": "needed"}
    assert wrong(GPT, "edit", images=17) == wrong(GEMINI, "edit", images=15) == {"images": "too_many"}


def test_a_mask_needs_a_picture_and_a_model_that_takes_one():
    assert wrong(GPT, "edit", images=0, mask=True)["mask"] == "needs_image"
    assert wrong(GEMINI, "edit", mask=True) == {"mask": "no_mask"}


def test_a_prompt_has_at_least_a_word_and_at_most_32000_characters():
    assert wrong(GPT, "generate", prompt=" \n") == {"prompt": "empty"}
    assert wrong(GPT, "generate", prompt="字" * 32_000) == {}
    assert wrong(GPT, "generate", prompt="字" * 32_001) == {"prompt": "too_long"}


def test_a_model_without_edit_refuses_the_operation():
    spec = ModelSpec.from_json(FIRST_ENTRIES[0] | {"edit": None, "protocol_edit": ""})
    assert wrong(spec, "edit") == {"operation": "not_offered"}


@pytest.mark.parametrize(
    ("size", "problem"),
    [
        ("1024x640", None),
        ("3840x2160", None),
        ("1920x640", None),
        ("256x256", None),
        ("1000x1024", "not_in_steps_of_16"),
        ("0x1024", "not_in_steps_of_16"),
        ("3856x2048", "edge_too_long"),
        ("1936x640", "too_elongated"),
        ("1024x624", "too_few_pixels"),
        ("3840x2176", "too_many_pixels"),
        ("big", "not_offered"),
    ],
)
def test_free_sizes_follow_the_models_rules_once_switched_on(size, problem):
    spec = ModelSpec.from_json(entry(free_size=True))
    assert wrong(spec, "generate", {"size": size}).get("size") == problem


def test_only_what_the_entry_allows_is_sent():
    options = {"quality": "low", "n": 2, "size": "auto", "background": "", "aspect_ratio": "1:1", "seed": 4}
    assert catalog.wire_options(GPT, "generate", options) == {"quality": "low", "n": 2, "size": "auto"}
    assert catalog.wire_options(GEMINI, "generate", options) == {"quality": "low", "size": "auto"}
    assert catalog.wire_options(GEMINI, "edit", options) == {"aspect_ratio": "1:1"}


def test_automatic_shape_is_the_absence_of_the_gemini_fields():
    assert catalog.wire_options(GEMINI, "edit", {"aspect_ratio": "auto", "image_size": "auto"}) == {}


def test_partial_pictures_are_asked_for_only_in_a_stream():
    assert catalog.wire_options(GPT, "edit", {"stream": False, "partial_images": 2}) == {}
    streamed = {"stream": True, "partial_images": 2}
    assert catalog.wire_options(GPT, "edit", streamed) == streamed
    assert catalog.wire_options(GEMINI, "generate", streamed) == {"stream": True}


def test_a_wish_becomes_as_few_calls_as_the_model_needs():
    assert catalog.calls_for(GPT, "generate", 4) == (4,)
    assert catalog.calls_for(GEMINI, "generate", 4) == (1, 1, 1, 1)
    assert catalog.calls_for(ModelSpec.from_json(entry(max_n=4)), "generate", 10) == (4, 4, 2)


def test_inputs_share_what_the_request_may_weigh():
    alone, fourteen = (catalog.input_budget(GEMINI, "edit", images) for images in (1, 14))
    assert alone == 7_000_000
    assert 19_900_000 < 14 * fourteen * 4 / 3 + 4 * 32_000 < 20_000_000
    assert catalog.input_budget(GPT, "edit", 16) == 50_000_000


def test_a_size_in_numbers_tells_the_pixels_to_expect():
    assert catalog.expected_pixels("1792x1024") == (1792, 1024)
    assert catalog.expected_pixels("auto") is None
    assert catalog.expected_pixels(None) is None
    assert catalog.expected_pixels("1024x1024px") is None


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (entry(colour="red"), "colour"),
        (entry(qualities=["superb"]), "superb"),
        (entry(sizes=["huge"]), r"\$\.generate\.sizes"),
        (entry(max_n=11), "max_n"),
        (entry(max_n="4"), "max_n"),
        (entry(sends_n=False), "sends_n"),
        (entry(stream=False), "partial_images"),
        (entry("edit", input_formats=[]), "input_formats"),
        (entry("edit", max_images=0), "max_images"),
        (FIRST_ENTRIES[0] | {"edit": None}, "protocol_edit"),
        (FIRST_ENTRIES[0] | {"protocol_generate": "soap"}, "soap"),
        ({name: value for name, value in FIRST_ENTRIES[0].items() if name != "label"}, "label"),
        ([], "object"),
    ],
)
def test_a_wrong_entry_is_refused_with_a_sentence_that_names_the_place(row, named):
    with pytest.raises(ValueError, match=rf"^This model entry cannot be used: .*{named}.*\.$"):
        ModelSpec.from_json(row)
