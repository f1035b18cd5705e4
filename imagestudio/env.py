"""Strict reading of environment values; a wrong one stops the start with a sentence."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def text(name, default=""):
    """The value, or that of the file which NAME_FILE names (for secrets of Docker and systemd)."""
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {file}, which cannot be read: {error.strerror}.") from error
    return os.environ.get(name, "").strip() or default


def flag(name, default=False):
    value = text(name, str(default)).lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be true or false.")
    return value in TRUE


def number(name, default, *, least=1, most=1_000_000):
    value = text(name, str(default))
    try:
        found = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a whole number.") from error
    if not least <= found <= most:
        raise ImproperlyConfigured(f"{name} is {found}; it must lie between {least} and {most}.")
    return found


def choice(name, default, options):
    value = text(name, default)
    if value not in options:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of {', '.join(options)}.")
    return value


def words(name, default=""):
    """A list separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def url(name, default):
    value = text(name, default).rstrip("/")
    if not re.match("https?://[^/]", value):
        raise ImproperlyConfigured(f"{name} is {value!r}; it must begin with http:// or https://.")
    return value


MAIL_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


def mail_server(name):
    """Django's settings for the mail server that a URL names; without one, mails go to the log."""
    value = text(name)
    if not value:
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    try:
        parts = urlsplit(value)
        scheme, host, port = parts.scheme, parts.hostname, parts.port or MAIL_PORTS[parts.scheme]
    except (ValueError, KeyError):
        host = None
    if not host:
        raise ImproperlyConfigured(f"{name} must look like smtps://user:password@mail.example.com:465.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": scheme == "smtp+starttls",
        "EMAIL_USE_SSL": scheme == "smtps",
    }
