"""Imports go down, and a few more rules that the code keeps: read from its syntax trees."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# From the bottom up; a module may import from floors below its own, and from its own package.
FLOORS = (
    ("ofox", "png"),
    ("catalog", "pricing", "charts", "periods", "oddities", "pictures", "wording", "storage", "logs"),
    ("matrix",),
    ("models", "wiring"),
    ("accounting", "metrics", "readiness"),
    ("queries",),
    ("services", "events"),
    ("forms",),
    ("views",),
    ("urls", "admin", "engine"),
    ("management",),
)
ALONE = {"sandbox", "apps", "migrations"}  # import nothing of ours but what a rule of their own allows
FLOOR = {name: number for number, floor in enumerate(FLOORS) for name in floor}

NO_DJANGO = {"ofox", "catalog", "matrix", "oddities", "pricing", "pictures", "png", "sandbox"}
READING = ("views", "queries", "accounting")
WRITING = {"create", "bulk_create", "get_or_create", "update_or_create", "bulk_update", "save", "delete"}
MEANINGLESS = {"utils", "helpers", "common", "misc", "tools"}


def modules_of(package):
    return [path for path in sorted((ROOT / package).rglob("*.py")) if "__pycache__" not in path.parts]


GALLERY = modules_of("gallery")
OURS = [*GALLERY, *modules_of("imagestudio")]
WRITTEN = [path for path in OURS if "migrations" not in path.parts and path.stat().st_size]  # by people


def tree(path):
    return ast.parse(path.read_text())


def dotted(path):
    return path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


def name_in_gallery(path):
    """`views` for gallery/views/history.py; empty for the package itself."""
    return [*dotted(path).split("."), ""][1]


def imported(path, node):
    """Absolute dotted names that an import statement takes in, each with the names taken from it."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    package = dotted(path).split(".") if path.name == "__init__.py" else dotted(path).split(".")[:-1]
    above = package[: len(package) - node.level + 1] if node.level else []
    module = ".".join([*above, *([node.module] if node.module else [])])
    return [f"{module}.{alias.name}" for alias in node.names]


def imports(path):
    statements = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Import | ast.ImportFrom)]
    return [name for node in statements for name in imported(path, node)]


def imports_from_gallery(path):
    """Names on the floors, as `views`, that a module imports from outside its own package."""
    found = {name.split(".")[1] for name in imports(path) if name.startswith("gallery.")}
    return found - {name_in_gallery(path)}


def by_place(path):
    return path.relative_to(ROOT).as_posix()


def test_every_module_has_a_floor():
    assert {name_in_gallery(path) for path in GALLERY} - {""} <= FLOOR.keys() | ALONE


@pytest.mark.parametrize("path", [p for p in GALLERY if name_in_gallery(p) in FLOOR], ids=by_place)
def test_imports_go_down(path):
    own = FLOOR[name_in_gallery(path)]
    allowed = {"sandbox"} if path.match("management/commands/sandbox.py") else set()
    upward = {name for name in imports_from_gallery(path) - allowed if FLOOR.get(name, own) >= own}
    assert not upward


def test_the_studio_knows_no_sandbox():
    knowing = [path for path in OURS if any(name.startswith("gallery.sandbox") for name in imports(path))]
    outside = [by_place(path) for path in knowing if name_in_gallery(path) != "sandbox"]
    assert outside == ["gallery/management/commands/sandbox.py"]


@pytest.mark.parametrize("path", [p for p in GALLERY if name_in_gallery(p) in NO_DJANGO], ids=by_place)
def test_pure_code_knows_no_django(path):
    assert not [name for name in imports(path) if name.split(".")[0] == "django"]


@pytest.mark.parametrize("name", ["sandbox", "ofox"])
def test_what_stands_alone_imports_nothing_of_ours(name):
    assert not set().union(*(imports_from_gallery(path) for path in modules_of(f"gallery/{name}")))


def test_only_wiring_knows_how_to_reach_the_gateway():
    makers = [by_place(path) for path in GALLERY if "gallery.ofox.client.Gateway" in imports(path)]
    assert makers == ["gallery/wiring.py"]


@pytest.mark.parametrize("path", WRITTEN, ids=by_place)
def test_no_import_hides_in_a_function(path):
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    hidden = [
        node.lineno for one in functions for node in ast.walk(one) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not hidden


@pytest.mark.parametrize("path", WRITTEN, ids=by_place)
def test_every_module_says_what_may_be_in_it(path):
    assert ast.get_docstring(tree(path))


@pytest.mark.parametrize("path", [p for p in modules_of("gallery/views") if p.name != "access.py"], ids=by_place)
def test_views_fetch_through_access_and_queries(path):
    assert not [
        node.lineno for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and node.attr == "objects"
    ]


@pytest.mark.parametrize("path", [path for name in READING for path in modules_of(f"gallery/{name}")], ids=by_place)
def test_what_reads_writes_nothing(path):
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    assert not [node.lineno for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr in WRITING]


def test_only_the_settings_read_the_environment():
    readers = [by_place(path) for path in OURS if {"os.environ", "os.getenv"} & uses(path)]
    assert set(readers) <= {"imagestudio/env.py", "imagestudio/asgi.py", "imagestudio/settings_test.py", STARTER}


STARTER = "gallery/management/commands/studio.py"  # tells its children where the sandbox listens


def uses(path):
    attributes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)]
    return {f"{node.value.id}.{node.attr}" for node in attributes if isinstance(node.value, ast.Name)}


def test_no_module_has_a_name_without_a_meaning():
    assert not [by_place(path) for path in [*OURS, *modules_of("tests")] if path.stem in MEANINGLESS]
