"""Everything the environment decides, read here and nowhere else; `.env.example` lists every name."""

import sys
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

from . import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("STUDIO_DATA_DIR", str(BASE_DIR / "data"))).expanduser().resolve()
DEBUG = env.flag("STUDIO_DEBUG")


def kept_secret_key():
    """The secret key of this installation: made once, kept beside the data, readable by its owner only."""
    file = DATA_DIR / "secret-key"
    if not file.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(get_random_secret_key())
    return file.read_text().strip()


SECRET_KEY = env.text("SECRET_KEY") or kept_secret_key()

# --- the gateway -------------------------------------------------------------------------------------------------
OFOX_BASE_URL = env.url("OFOX_BASE_URL", "https://api.ofox.ai")
OFOX_API_KEY = env.text("OFOX_API_KEY")
GATEWAY_LABEL = env.text("STUDIO_GATEWAY_LABEL")  # shown on every page, e.g. "Sandbox"
CALL_TIMEOUT = env.number("STUDIO_CALL_TIMEOUT_SECONDS", 300, least=10, most=3600)  # the slowest model needs about 200
CALLS_IN_FLIGHT = env.number("STUDIO_CALLS_IN_FLIGHT", 64, most=1000)
REQUESTS_PER_MINUTE = env.number("STUDIO_REQUESTS_PER_MINUTE", 200)  # of all workers; the gateway may say less

# --- the server --------------------------------------------------------------------------------------------------
HOST = env.text("STUDIO_HOST", "127.0.0.1")
PORT = env.number("STUDIO_PORT", 8000, most=65535)
PUBLIC_HOSTS = env.words("STUDIO_ALLOWED_HOSTS")
ALLOWED_HOSTS = [*PUBLIC_HOSTS, "localhost", "127.0.0.1", "[::1]"]  # this machine always: health checks come from it
HTTPS = env.flag("STUDIO_HTTPS")  # the studio is reached through https, by a proxy that sets X-Forwarded-Proto
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in PUBLIC_HOSTS if HTTPS and host != "*"]

PUBLIC_URL = f"https://{PUBLIC_HOSTS[0]}" if HTTPS and PUBLIC_HOSTS else f"http://{HOST}:{PORT}"  # for links in mails

# --- Django ------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "gallery",
]

MIDDLEWARE = [
    "gallery.views.middleware.FollowRequest",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "gallery.views.middleware.CompressPages",
    "gallery.views.middleware.OnlyUtf8",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "gallery.views.middleware.SignInFirst",
]

ROOT_URLCONF = "imagestudio.urls"
ASGI_APPLICATION = "imagestudio.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gallery.views.shell.shell",
            ]
        },
    }
]

# --- database ----------------------------------------------------------------------------------------------------
try:
    DATABASES = {"default": dj_database_url.parse(env.text("DATABASE_URL") or f"sqlite:///{DATA_DIR}/studio.sqlite3")}
except ValueError as error:
    raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from error

ON_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if ON_SQLITE:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE takes the write lock at BEGIN, where `timeout` applies; a lock taken later fails at once.
        # Measured with 2 processes x 25 threads: 0 lock errors, without it 400 of 500.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A machine that froze or lost its power inside a transaction must not hold its locks: nothing of ours idles there.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c idle_in_transaction_session_timeout=20s")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- tasks: the engine only says "run call 7" ----------------------------------------------------------------------
EMBEDDED = "gallery.engine.embedded_backend.EmbeddedBackend"
FLEET = "gallery.engine.procrastinate_backend.ProcrastinateBackend"
TASKS = {"default": {"BACKEND": EMBEDDED if ON_SQLITE else FLEET}}
if not ON_SQLITE:
    INSTALLED_APPS.append("procrastinate.contrib.django")

# --- files -------------------------------------------------------------------------------------------------------
SPOOL_DIR = DATA_DIR / "spool"  # answers while they arrive; on the worker's own disk
STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STUDIO_STATIC_DIR", str(DATA_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG


def picture_storage(folder):
    """Where one kind of picture file lies: a folder of the data directory, or a prefix of an S3 bucket."""
    bucket = env.text("STUDIO_STORAGE_S3_BUCKET")
    if not bucket:
        return {"BACKEND": "gallery.storage.AtomicFileStorage", "OPTIONS": {"location": DATA_DIR / folder}}
    options = {
        "bucket_name": bucket,
        "location": folder,
        "endpoint_url": env.text("STUDIO_STORAGE_S3_ENDPOINT_URL") or None,
        "region_name": env.text("STUDIO_STORAGE_S3_REGION") or None,
        "access_key": env.text("STUDIO_STORAGE_S3_ACCESS_KEY") or None,
        "secret_key": env.text("STUDIO_STORAGE_S3_SECRET_KEY") or None,
        "querystring_auth": False,
        "file_overwrite": True,
        "max_memory_size": 1024 * 1024,  # bytes of a file that is read; more of it goes to disk
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


STORAGES = {
    "originals": picture_storage("originals"),
    "previews": picture_storage("previews"),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "imagestudio.static_files.BundledStaticFilesStorage"
    },
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024  # text fields only: a prompt has at most 32,000 characters
DATA_UPLOAD_MAX_NUMBER_FILES = 40
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # larger files go to disk at once

# --- people ------------------------------------------------------------------------------------------------------
LOGIN_URL = "gallery:sign-in"
LOGIN_REDIRECT_URL = "gallery:create"
LOGOUT_REDIRECT_URL = "gallery:sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
FIRST_ADMIN = {
    "username": env.text("DJANGO_SUPERUSER_USERNAME", "admin"),
    "password": env.text("DJANGO_SUPERUSER_PASSWORD"),
    "email": env.text("DJANGO_SUPERUSER_EMAIL"),
}

# --- for machines -------------------------------------------------------------------------------------------------
METRICS_TOKEN = env.text("STUDIO_METRICS_TOKEN")  # without it, /metrics is for signed-in admins only

# --- mail --------------------------------------------------------------------------------------------------------
globals().update(env.mail_server("STUDIO_MAIL_URL"))
DEFAULT_FROM_EMAIL = env.text("STUDIO_MAIL_FROM", "Image Studio <studio@localhost>")
EMAIL_TIMEOUT = 10  # seconds; whoever presses the button that a mail follows from waits for it

# --- language and time -------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
FORMAT_MODULE_PATH = "imagestudio.formats"
LOCALE_PATHS = [BASE_DIR / "gallery" / "locale"]
TIME_ZONE = env.text("STUDIO_TIME_ZONE", "UTC")
USE_TZ = True

# --- safety ------------------------------------------------------------------------------------------------------
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],  # data: for the arrows inside Django's own admin sheets
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# --- log ---------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "gallery.logs.AddRequestId"}},
    "formatters": {
        "text": {"()": "gallery.logs.TextFormatter", "secret": OFOX_API_KEY},
        "json": {"()": "gallery.logs.JsonFormatter", "secret": OFOX_API_KEY},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "stream": sys.stderr,
            "filters": ["request_id"],
            "formatter": env.choice("STUDIO_LOG_FORMAT", "text", ("text", "json")),
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"gallery": {"level": "INFO"}, "httpx": {"level": "WARNING"}},
}
