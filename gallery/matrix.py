"""What a batch asks for, read from what people write: prompts with variables, CSV, and all their combinations."""

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from gallery import catalog

# At the gateway's 200 requests a minute 500 take minutes and not hours, are written in well under a second,
# and the contact sheet of so many still opens at once.
MAX_GENERATIONS = 500
MAX_CALLS = 1_000  # a model without `n` makes a call of each picture
MAX_COMBINATIONS = 10_000  # looked at before those are left out that cannot be asked for: half a second
MAX_ROWS = 1_000  # of a CSV file
MAX_BYTES = 1_000_000  # of a CSV file: 1,000 prompts of a page each
MAX_NAME = 200  # letters of a row's name

# Columns of a CSV file, and what the wire calls those that are options.
COLUMNS = ("prompt", "model", "quality", "size", "number", "format", "background")
WIRE = {"quality": "quality", "size": "size", "format": "output_format", "background": "background"}

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


class Unreadable(Exception):
    """What was written cannot be read; `code` is a stable word, `line` counts from 1."""

    def __init__(self, code, line=None, **details):
        super().__init__(code)
        self.code = code
        self.line = line
        self.details = details


def too_many(wanted):
    """Variables multiply to numbers that Python itself refuses to write out."""
    return Unreadable("too_many", wanted=min(wanted, 1_000_000), most=MAX_GENERATIONS)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One prompt with the settings it insists on, as raw words by column; `number` is where it stood."""

    prompt: str
    name: str
    number: int
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One generation of the grid; with problems (option -> stable word) it is left out."""

    row: int
    column: int
    prompt: str
    model: str
    options: Mapping[str, str]
    wanted: int
    problems: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Rows are named by prompts; columns are settings: the model, its options by their wire names, the number."""

    rows: tuple[str, ...]
    columns: tuple[dict, ...]
    cells: tuple[Cell, ...]

    def runnable(self) -> "Grid":
        """Without the cells that have problems, and without rows and columns that had no others."""
        cells = [cell for cell in self.cells if not cell.problems]
        rows = {old: new for new, old in enumerate(sorted({cell.row for cell in cells}))}
        columns = {old: new for new, old in enumerate(sorted({cell.column for cell in cells}))}
        return Grid(
            rows=tuple(self.rows[row] for row in rows),
            columns=tuple(self.columns[column] for column in columns),
            cells=tuple(replace(cell, row=rows[cell.row], column=columns[cell.column]) for cell in cells),
        )


# --- prompts -----------------------------------------------------------------------------------------------------


def read_prompts(text: str) -> list[Line]:
    """One prompt a line, each as often as its variables say. A row is named by their words where one line is all."""
    written = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    pieces = [(number, _pieces(line, number)) for number, line in written]
    total = sum(math.prod(len(words) for words in line) for _number, line in pieces)
    if total > MAX_GENERATIONS:
        raise too_many(total)
    only = len(pieces) == 1
    return [_variant(words, line, number, only) for number, line in pieces for words in product(*line)]


def _variant(words, pieces, number, only):
    """`words` holds a choice for each piece of the line; a piece with more than one to choose from names the row."""
    prompt = "".join(words)
    chosen = [word for word, alternatives in zip(words, pieces, strict=True) if len(alternatives) > 1]
    name = " · ".join(chosen) if only and chosen else prompt
    return Line(prompt=prompt, name=name[:MAX_NAME], number=number)


def _pieces(template: str, line: int) -> list[tuple[str, ...]]:
    """The alternatives of each piece: ("a ",), ("red", "blue"), (" chair",). `{{` and `}}` are braces themselves."""
    pieces = []
    for match in _PIECE.finditer(template):
        piece = match[0]
        if piece in ("{", "}"):
            raise Unreadable(_brace_problem(template, match.start()), line)
        pieces.append((piece[0],) if piece in ("{{", "}}") else _alternatives(match, line))
    return pieces


def _alternatives(match, line):
    if match[1] is None:
        return (match[0],)
    words = tuple(dict.fromkeys(word.strip() for word in match[1].split("|")))
    if "" in words:
        raise Unreadable("empty_alternative", line, group=match[0])
    return words


def _brace_problem(template, place):
    if template[place] == "}":
        return "stray_brace"
    return "nested" if "{" in template[place + 1 :].partition("}")[0] else "unclosed"


# --- CSV ---------------------------------------------------------------------------------------------------------


def decode(data: bytes) -> str:
    """The text of a CSV file: UTF-8 or UTF-16 by its mark, else UTF-8, else what Excel writes in China."""
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable("not_text")


def read_csv(text: str) -> list[Line]:
    """A line for each row below the head. Separated by commas, semicolons or tabs, whichever the head shows."""
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise Unreadable("too_large")
    rows = list(_rows(text.removeprefix("\ufeff")))
    if not rows:
        return []
    (number, cells), *rows = rows
    head = _head(number, cells)
    if len(rows) > MAX_ROWS:
        raise Unreadable("too_many_rows", most=MAX_ROWS)
    return [_line(number, head, cells) for number, cells in rows]


def _rows(text):
    """(line where it begins, cells) of every row that is not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable("bad_quotes", begins) from error


def _delimiter(text):
    """The separator by which the first line that says something names the most columns."""
    first = text.lstrip().partition("\n")[0].lower()
    return max(",;\t", key=lambda mark: sum(word.strip(' "\r') in COLUMNS for word in first.split(mark)))


def _head(number, cells):
    head = [cell.lower() for cell in cells]
    if "prompt" not in head:
        raise Unreadable("no_prompt_column", number)
    for place, name in enumerate(head):
        if name not in COLUMNS and name:
            raise Unreadable("unknown_column", number, word=cells[place])
        if name and name in head[:place]:
            raise Unreadable("column_twice", number, word=name)
    return head


def _line(number, head, cells):
    if any(cells[len(head) :]):
        raise Unreadable("too_many_cells", number)
    values = {name: cell for name, cell in zip(head, cells, strict=False) if cell}
    if any(name == "" for name in values):
        raise Unreadable("unnamed_column", number)
    prompt = values.pop("prompt", "").replace("\r\n", "\n")
    if not prompt:
        raise Unreadable("empty_prompt", number)
    settings = {name: _word(name, value) for name, value in values.items()}
    if "number" in settings and settings["number"] not in map(str, range(1, catalog.MAX_WANTED + 1)):
        raise Unreadable("bad_value", number, column="number", word=values["number"])
    return Line(prompt=prompt, name=prompt[:MAX_NAME], number=number, settings=settings)


def _word(column, value):
    """A cell in the catalogue's spelling: High -> high, JPG -> jpeg, 1024 × 1536 -> 1024x1536."""
    if column == "model":
        return value
    word = value.lower()
    if column == "size":
        word = re.sub(r"\s*[x×*]\s*", "x", word)
    return "jpeg" if column == "format" and word == "jpg" else word


def check_words(lines: Iterable[Line], specs: Mapping[str, catalog.ModelSpec]) -> None:
    """Raise Unreadable for a word that no model knows; one that only some models know is a matter of the grid."""
    for line in lines:
        for column, word in line.settings.items():
            known = find_model(word, specs) if column == "model" else _known(column, word, specs)
            if not known:
                raise Unreadable("bad_value", line.number, column=column, word=word)


def _known(column, word, specs):
    if column == "number":
        return True
    option = {WIRE[column]: word}
    return any(not catalog.problems(spec, "generate", option, images=0) for spec in specs.values())


def find_model(word: str, specs: Mapping[str, catalog.ModelSpec]) -> str | None:
    """The id of the model that a person means: by its id, with or without the provider, or by its label."""
    wanted = word.casefold()
    for name, spec in specs.items():
        if wanted in (name.casefold(), name.rpartition("/")[2].casefold(), spec.label.casefold()):
            return name
    return None


# --- the grid ----------------------------------------------------------------------------------------------------


def lay_out(lines: Sequence[Line], choices: Mapping[str, Sequence[str]], specs: Mapping) -> Grid:
    """Every line with every combination of the choices, but for what the line itself insists on.

    `choices` has the words to combine by column ("model", "size", …, "number"). The same prompt with other settings
    stands in the same row. A file whose lines have little in common makes a list instead of a grid of holes.
    """
    offers = [_offer(line, choices) for line in lines]
    total = sum(math.prod(map(len, offer.values())) for offer in offers)
    if total > MAX_COMBINATIONS:
        raise too_many(total)
    names, columns, rows_of, cells = [], {}, {}, []
    for line, offer in zip(lines, offers, strict=True):
        for settings in _combinations(line, offer, specs):
            column = columns.setdefault(tuple(sorted(settings.items())), len(columns))
            rows = rows_of.setdefault(line.prompt, {})
            row = next((row for row, taken in rows.items() if column not in taken), len(names))
            if row == len(names):
                names.append(line.name)
            rows.setdefault(row, set()).add(column)
            cells.append(_cell(row, column, line, settings, specs))
    grid = Grid(rows=tuple(names), columns=tuple(map(dict, columns)), cells=tuple(cells))
    return _as_list(grid) if len(names) * len(columns) > 3 * len(cells) else grid


def _as_list(grid):
    cells = tuple(replace(cell, row=row, column=0) for row, cell in enumerate(grid.cells))
    return Grid(rows=tuple(grid.rows[cell.row] for cell in grid.cells), columns=({},), cells=cells)


def _cell(row, column, line, settings, specs):
    options = {name: word for name, word in settings.items() if name not in ("model", "number")}
    model = settings["model"]
    problems = catalog.problems(specs[model], "generate", options, images=0, prompt=line.prompt)
    wanted = settings["number"]
    return Cell(
        row=row, column=column, prompt=line.prompt, model=model, options=options, wanted=wanted, problems=problems
    )


def _offer(line, choices):
    """The words to combine for a line, by column: what it insists on stands alone."""
    return {name: [line.settings[name]] if name in line.settings else words for name, words in choices.items()}


def _combinations(line, offer, specs):
    """Settings of a line, each once: words for what a model has no choice of make no difference."""
    seen = []
    for words in product(*offer.values()):
        settings = _settings(dict(zip(offer, words, strict=True)), line, specs)
        if settings not in seen:
            seen.append(settings)
    return seen


def _settings(chosen, line, specs):
    """By wire names, without words for what the model has no choice of, unless the line insists."""
    model = find_model(chosen["model"], specs)
    offered = specs[model].generate.choices()
    settings = {"model": model, "number": int(chosen["number"])}
    for column, wire in WIRE.items():
        word = chosen.get(column)
        if word and (offered[wire] or column in line.settings):
            settings[wire] = word
    return settings
