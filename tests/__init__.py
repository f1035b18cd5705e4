"""The studio's tests; a package, so that `tests.factory` is always ours."""
