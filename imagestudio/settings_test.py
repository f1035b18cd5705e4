"""Settings for tests: the product's own, in a temporary folder, deaf to the developer's environment."""

import os
import tempfile

_folder = tempfile.TemporaryDirectory(prefix="studio-tests-")

for _name in list(os.environ):
    if _name.startswith(("STUDIO_", "OFOX_", "DJANGO_SUPERUSER_")) and _name != "STUDIO_CHROMIUM":
        del os.environ[_name]
os.environ["STUDIO_DATA_DIR"] = _folder.name
os.environ["OFOX_BASE_URL"] = "http://127.0.0.1:9"  # discard: nobody answers there
os.environ["SECRET_KEY"] = "known to everybody, for tests only"

from .settings import *  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads and processes then meet each other's locks as they do in production.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}

REQUESTS_PER_MINUTE = 1_000_000  # no test waits for the rate unless it is about the rate

# Static files straight from their sources: nothing to collect, no manifest to miss.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
