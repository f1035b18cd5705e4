"""Prompts with variables, CSV, and the grid of their combinations."""

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallery import catalog, matrix
from gallery.matrix import Unreadable, decode, lay_out, read_csv, read_prompts

SPECS = {entry["id"]: catalog.ModelSpec.from_json(entry) for entry in catalog.FIRST_ENTRIES}
GPT, GEMINI = SPECS
CHOICES = {"model": [GPT], "size": ["1024x1024"], "quality": ["low"], "number": [1], "format": ["png"]}

LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\0")
PLAIN = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="{}|"), min_size=1, max_size=8)
GROUP = st.lists(PLAIN, min_size=1, max_size=4, unique=True)
CELL = st.text(LETTERS, min_size=1, max_size=40).map(str.strip).filter(bool)


def prompts(text):
    return [line.prompt for line in read_prompts(text)]


def problem(read, text):
    with pytest.raises(Unreadable) as caught:
        read(text)
    return caught.value.code, caught.value.line


# --- prompts -----------------------------------------------------------------------------------------------------


def test_each_line_is_a_prompt_and_empty_lines_are_none():
    assert prompts("a fox\r\n\n  an owl \n   \n") == ["a fox", "an owl"]


def test_variables_make_every_combination_in_reading_order():
    text = "a {red|blue} chair, {studio|street} light"
    assert prompts(text) == [
        "a red chair, studio light",
        "a red chair, street light",
        "a blue chair, studio light",
        "a blue chair, street light",
    ]


def test_rows_of_one_line_are_named_by_what_differs():
    assert [line.name for line in read_prompts("a {red|blue} {wooden} chair")] == ["red", "blue"]
    assert [line.name for line in read_prompts("a {red|blue} fox\nan owl")] == ["a red fox", "a blue fox", "an owl"]
    assert [line.name for line in read_prompts("an owl")] == ["an owl"]


def test_the_same_word_twice_in_a_variable_counts_once():
    assert prompts("{red|red | blue}") == ["red", "blue"]


def test_doubled_braces_are_braces():
    assert prompts('{{"a": 1}} {{{x|y}}} |') == ['{"a": 1} {x} |', '{"a": 1} {y} |']


def test_chinese_prompts_have_variables_too():
    assert prompts("{清晨|黄昏}的山谷") == ["清晨的山谷", "黄昏的山谷"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a {red|} chair", "empty_alternative"),
        ("a {} chair", "empty_alternative"),
        ("a { | } chair", "empty_alternative"),
        ("a {red chair", "unclosed"),
        ("a {", "unclosed"),
        ("a red} chair", "stray_brace"),
        ("a {red|{light|dark} blue} chair", "nested"),
    ],
)
def test_what_is_no_variable_says_in_which_line(text, code):
    assert problem(read_prompts, f"fine\n\n{text}") == (code, 3)


def test_too_many_combinations_are_refused_before_they_are_made():
    with pytest.raises(Unreadable) as caught:
        read_prompts("{a|b}" * 20_000)
    assert (caught.value.code, caught.value.details["wanted"]) == ("too_many", 1_000_000)


@given(st.text(LETTERS, max_size=60))
def test_an_escaped_text_is_itself(text):
    escaped = text.replace("{", "{{").replace("}", "}}")
    assert prompts(escaped) == ([text.strip()] if text.strip() else [])


@given(st.lists(st.tuples(PLAIN, GROUP), min_size=1, max_size=4))
def test_as_many_prompts_as_the_words_multiply_to_each_once(parts):
    text = "".join(plain + "{" + "|".join(words) + "}·" for plain, words in parts)
    found = read_prompts(text)
    assert len(found) == math.prod(len(words) for _plain, words in parts)
    for line in found:
        rest = line.prompt
        for plain, words in parts:
            assert rest.startswith(plain)
            word = next(word for word in words if rest[len(plain) :].startswith(word + "·"))
            rest = rest[len(plain) + len(word) + 1 :]
        assert not rest


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_with_a_line(text):
    try:
        assert all(line.prompt for line in read_prompts(text))
    except Unreadable as error:
        assert error.code == "too_many" or error.line >= 1


# --- CSV ---------------------------------------------------------------------------------------------------------


def test_columns_are_settings_of_their_line():
    [line] = read_csv("prompt,model,quality,size,number,format,background\nA fox,x/y,High,1024 × 1536,4,JPG,Opaque")
    assert (line.prompt, line.number) == ("A fox", 2)
    assert line.settings == {
        "model": "x/y",
        "quality": "high",
        "size": "1024x1536",
        "number": "4",
        "format": "jpeg",
        "background": "opaque",
    }


def test_columns_may_be_missing_empty_or_in_another_order():
    lines = read_csv("Size , PROMPT\n1024x1024,A fox\n,An owl\n")
    assert [(line.prompt, line.settings) for line in lines] == [("A fox", {"size": "1024x1024"}), ("An owl", {})]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_separate(mark):
    lines = read_csv(f'prompt{mark}quality\n"A fox{mark} in snow"{mark}low\n')
    assert [(line.prompt, line.settings) for line in lines] == [(f"A fox{mark} in snow", {"quality": "low"})]


def test_a_prompt_may_hold_quotes_and_lines_and_the_next_line_is_still_counted():
    lines = read_csv('prompt,number\r\n"A ""red"" fox\r\nin snow",2\r\n\r\nAn owl,1\r\n')
    assert [(line.prompt, line.number) for line in lines] == [('A "red" fox\nin snow', 2), ("An owl", 5)]


def test_braces_in_a_table_are_letters():
    assert read_csv("prompt\nA {red|blue} fox")[0].prompt == "A {red|blue} fox"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_files_of_every_usual_encoding_are_read(encoding):
    text = decode("prompt;size\n把苹果改成绿色;1024x1024\n".encode(encoding))
    assert [line.prompt for line in read_csv(text)] == ["把苹果改成绿色"]


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", b"prompt\n\xff\xfe\xfd", b"\xff\xfe\0", b"a\0b"])
def test_what_is_no_text_is_refused(data):
    with pytest.raises(Unreadable) as caught:
        decode(data)
    assert caught.value.code == "not_text"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A fox\nAn owl", ("no_prompt_column", 1)),
        ("prompt,colour\nA fox,red", ("unknown_column", 1)),
        ("prompt,size,size\nA fox,,", ("column_twice", 1)),
        ("prompt,\nA fox,red", ("unnamed_column", 2)),
        ("prompt\nA fox, in snow", ("too_many_cells", 2)),
        ("prompt,size\nA fox,\n,1024x1024", ("empty_prompt", 3)),
        ("prompt,number\nA fox,0", ("bad_value", 2)),
        ("prompt,number\nA fox,²", ("bad_value", 2)),
        ("prompt,number\nA fox,11", ("bad_value", 2)),
        ('prompt\nA fox\n"An owl', ("bad_quotes", 3)),
        ('prompt\n"A" fox', ("bad_quotes", 2)),
        ("prompt\n" + "A fox\n" * (matrix.MAX_ROWS + 1), ("too_many_rows", None)),
        ("prompt\n" + "狐" * (matrix.MAX_BYTES // 3), ("too_large", None)),
    ],
)
def test_a_table_that_cannot_be_read_says_in_which_line(text, expected):
    assert problem(read_csv, text) == expected


def test_a_table_without_rows_is_empty():
    assert read_csv("prompt,size\n") == read_csv("") == read_csv(" \n\n") == []


@pytest.mark.parametrize(
    ("column", "word"), [("model", "Nobody"), ("size", "7x7"), ("quality", "best"), ("format", "gif")]
)
def test_a_word_that_no_model_knows_is_a_mistake_of_its_line(column, word):
    lines = read_csv(f"prompt,{column}\nA fox,\nAn owl,{word}")
    with pytest.raises(Unreadable) as caught:
        matrix.check_words(lines, SPECS)
    assert (caught.value.code, caught.value.line, caught.value.details) == (
        "bad_value",
        3,
        {"column": column, "word": word.lower() if column != "model" else word},
    )


@pytest.mark.parametrize("word", [GPT, "gpt-image-2", "GPT IMAGE 2", GPT.upper()])
def test_a_model_is_found_by_its_id_or_its_label(word):
    assert matrix.find_model(word, SPECS) == GPT


@given(st.lists(CELL, min_size=1, max_size=6), st.sampled_from([",", ";", "\t"]))
def test_what_a_spreadsheet_writes_is_read_back(cells, mark):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=mark).writerows([["prompt", "size"], *([cell, "auto"] for cell in cells)])
    assert [line.prompt for line in read_csv(file.getvalue())] == cells


@given(st.binary(max_size=120))
def test_any_file_is_read_or_refused(data):
    try:
        assert all(line.prompt for line in read_csv(decode(b"prompt\n" + data)))
    except Unreadable as error:
        assert error.code


# --- the grid ----------------------------------------------------------------------------------------------------


def laid_out(text, **choices):
    return lay_out(read_prompts(text), CHOICES | choices, SPECS)


def test_rows_are_prompts_and_columns_are_settings():
    grid = laid_out("a {red|blue} fox", model=[GPT, GEMINI], size=["1024x1024", "1536x1024"])
    assert grid.rows == ("red", "blue")
    assert [(column["model"], column["size"]) for column in grid.columns] == [
        (GPT, "1024x1024"),
        (GPT, "1536x1024"),
        (GEMINI, "1024x1024"),
        (GEMINI, "1536x1024"),
    ]
    assert [(cell.row, cell.column) for cell in grid.cells] == [(row, column) for row in (0, 1) for column in range(4)]


def test_a_cell_has_its_options_by_their_names_on_the_wire():
    [cell] = laid_out("a fox", number=[3]).cells
    assert cell.options == {"size": "1024x1024", "quality": "low", "output_format": "png"}
    assert (cell.model, cell.wanted, cell.prompt, cell.problems) == (GPT, 3, "a fox", {})


def test_what_a_model_does_not_offer_is_marked_and_left_out():
    grid = laid_out("a fox\nan owl", size=["1024x1024", "4096x16"])
    assert [bool(cell.problems) for cell in grid.cells] == [False, True] * 2
    kept = grid.runnable()
    assert [column["size"] for column in kept.columns] == ["1024x1024"]
    assert [(cell.row, cell.column) for cell in kept.cells] == [(0, 0), (1, 0)]


def test_a_prompt_that_is_too_long_is_left_out_with_its_row():
    grid = laid_out("x" * 32_001 + "\nan owl")
    assert grid.cells[0].problems == {"prompt": "too_long"}
    assert grid.runnable().rows == ("an owl",)


def test_a_choice_that_a_model_does_not_have_makes_no_difference():
    entry = catalog.FIRST_ENTRIES[0]
    plain = catalog.ModelSpec.from_json(entry | {"generate": entry["generate"] | {"qualities": []}})
    grid = lay_out(read_prompts("a fox"), CHOICES | {"quality": ["low", "high"]}, {GPT: plain})
    assert [cell.options for cell in grid.cells] == [{"size": "1024x1024", "output_format": "png"}]


def test_a_line_insists_on_its_own_settings():
    lines = read_csv("prompt,quality\nA fox,high\nAn owl,")
    grid = lay_out(lines, CHOICES | {"quality": ["low", "medium"]}, SPECS)
    assert [(cell.prompt, cell.options["quality"]) for cell in grid.cells] == [
        ("A fox", "high"),
        ("An owl", "low"),
        ("An owl", "medium"),
    ]


def test_the_same_prompt_with_other_settings_stands_in_the_same_row():
    grid = lay_out(read_csv("prompt,quality\nA fox,low\nAn owl,low\nA fox,high\nA fox,low"), CHOICES, SPECS)
    assert grid.rows == ("A fox", "An owl", "A fox")
    assert [(cell.row, cell.column) for cell in grid.cells] == [(0, 0), (1, 0), (0, 1), (2, 0)]


def test_lines_with_little_in_common_are_a_list():
    rows = [f"A fox {number},{number}" for number in range(1, 9)]
    grid = lay_out(read_csv("prompt,number\n" + "\n".join(rows)), CHOICES, SPECS)
    assert grid.columns == ({},)
    assert [(cell.row, cell.column, cell.wanted) for cell in grid.cells] == [(row, 0, row + 1) for row in range(8)]


def test_more_combinations_than_anybody_can_mean_are_refused_at_once():
    lines = read_prompts("\n".join(f"fox {number}" for number in range(500)))
    with pytest.raises(Unreadable) as caught:
        lay_out(lines, CHOICES | {"size": ["auto"] * 30}, SPECS)
    assert caught.value.code == "too_many"


SETTINGS = st.fixed_dictionaries(
    {
        "model": st.lists(st.sampled_from([GPT, GEMINI]), min_size=1, unique=True),
        "size": st.lists(st.sampled_from(["", "auto", "1024x1024", "7x7"]), min_size=1, unique=True),
        "quality": st.lists(st.sampled_from(["", "low", "hd"]), min_size=1, unique=True),
        "number": st.just([2]),
        "format": st.sampled_from([[""], ["png"], ["jpeg"]]),
        "background": st.sampled_from([[""], ["transparent"]]),
    }
)
LINES = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["", "low", "hd", "high"])), max_size=8)


@given(LINES, SETTINGS)
def test_no_two_cells_share_a_place_and_every_place_is_in_the_grid(rows, choices):
    lines = read_csv("prompt,quality\n" + "".join(f"{prompt},{quality}\n" for prompt, quality in rows))
    whole = lay_out(lines, choices, SPECS)
    for grid in (whole, whole.runnable()):
        places = [(cell.row, cell.column) for cell in grid.cells]
        assert len(places) == len(set(places))
        assert {row for row, _column in places} == set(range(len(grid.rows)))
        assert {column for _row, column in places} == set(range(len(grid.columns)))
    assert not any(cell.problems for cell in whole.runnable().cells)
    assert len(whole.runnable().cells) == sum(not cell.problems for cell in whole.cells)


@given(LINES, SETTINGS)
def test_a_cell_is_what_its_row_and_column_say(rows, choices):
    lines = read_csv("prompt,quality\n" + "".join(f"{prompt},{quality}\n" for prompt, quality in rows))
    grid = lay_out(lines, choices, SPECS)
    for cell in grid.cells:
        assert grid.rows[cell.row] == cell.prompt
        if grid.columns != ({},):
            assert grid.columns[cell.column] == {"model": cell.model, "number": cell.wanted, **cell.options}
