"""The studio connected to the sandbox, as in the tests of the services."""

from tests.services.conftest import online  # noqa: F401
