"""What all tests share: the sandbox, a browser where there is one, and the choice of tests that touch the database."""

import os
import shutil
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.db.models.signals import post_migrate
from hypothesis import settings as hypothesis

from gallery.sandbox.server import SandboxServer

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = "no Chromium on PATH, and STUDIO_CHROMIUM names none"
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}

hypothesis.register_profile("thorough", max_examples=5000)  # pytest --hypothesis-profile=thorough


def pytest_addoption(parser):
    parser.addoption("--touching-database", action="store_true", help="only the tests that touch the database")


def pytest_collection_modifyitems(config, items):
    if config.getoption("touching_database"):
        left_out = [item for item in items if not touches_database(item)]
        items[:] = [item for item in items if touches_database(item)]
        config.hook.pytest_deselected(items=left_out)


def touches_database(item):
    return item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(item.fixturenames)


def find_chromium():
    named = os.environ.get("STUDIO_CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def pytest_runtest_setup(item):
    if item.get_closest_marker("e2e") and not find_chromium():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_CHROMIUM)


def pytest_terminal_summary(terminalreporter):
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_CHROMIUM in str(report.longrepr)]
    if skipped:
        terminalreporter.section("BROWSER TESTS DID NOT RUN", red=True, bold=True)
        terminalreporter.line(f"{len(skipped)} tests were skipped: {NO_CHROMIUM}.", red=True)


@pytest.fixture(scope="module")
def browser():
    """A Chromium for one file of tests: longer, and Playwright's event loop would hinder asyncio.run() elsewhere."""
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # the ORM sees that loop, which only the browser uses
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def running_sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(running_sandbox, settings):
    """A local Ofox that has forgotten what other tests did with it, and settings that lead to it."""
    running_sandbox.reset()
    settings.OFOX_BASE_URL = running_sandbox.url
    settings.OFOX_API_KEY = "sandbox"
    return running_sandbox


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup):
    """A test with real transactions empties all tables at its end; what migrations wrote comes back with this."""
    first_rows = import_module("gallery.migrations.0002_first_rows")

    def write_again(**_):
        first_rows.add_rows(apps, None)
        if apps.is_installed("procrastinate.contrib.django"):  # whose tables Django does not empty
            apps.get_model("procrastinate.ProcrastinateJob").objects.all().delete()

    post_migrate.connect(write_again, sender=apps.get_app_config("gallery"), weak=False)


@pytest.fixture(scope="session", autouse=True)
def _emptying_what_is_append_only():
    """SQLite empties tables by DELETE, which the ledger refuses; PostgreSQL by TRUNCATE, which fires no trigger."""
    append_only = import_module("gallery.migrations.0003_append_only")
    operations = type(connection.ops)
    flush = operations.execute_sql_flush

    def flush_all(self, statements):
        with self.connection.schema_editor() as editor:
            append_only.let_go(apps, editor)
        flush(self, statements)
        with self.connection.schema_editor() as editor:
            append_only.keep(apps, editor)

    with pytest.MonkeyPatch.context() as patch:
        if connection.vendor == "sqlite":
            patch.setattr(operations, "execute_sql_flush", flush_all)
        yield
