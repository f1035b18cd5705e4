"""What a log line carries: the id of the request it belongs to, through web, worker and gateway; never the key."""

import json
import logging
import re
import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

SANE = re.compile(r"[\w.:-]{1,64}", re.ASCII)

_request_id = ContextVar("request_id", default="")


def current_request_id():
    return _request_id.get()


def begin_request(proposed):
    """The id of a request: what the caller or a proxy gave it, where that is sane, else a new one."""
    _request_id.set(proposed if SANE.fullmatch(proposed or "") else uuid.uuid4().hex)
    return _request_id.get()


@contextmanager
def about(request_id):
    """Lines logged meanwhile belong to an earlier request."""
    token = _request_id.set(request_id)
    try:
        yield
    finally:
        _request_id.reset(token)


class AddRequestId(logging.Filter):
    def filter(self, record):
        record.request_id = current_request_id() or "-"
        return True


class TextFormatter(logging.Formatter):
    def __init__(self, secret=""):
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s")
        self.secret = secret

    def format(self, record):
        return without(self.secret, super().format(record))


class JsonFormatter(logging.Formatter):
    """One object a line."""

    def __init__(self, secret=""):
        super().__init__()
        self.secret = secret

    def format(self, record):
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": record.request_id,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return without(self.secret, json.dumps(line, ensure_ascii=False))


def without(secret, text):
    """Nothing logs the key; should a foreign library's error text do it, it does not reach the file."""
    return text.replace(secret, "[key]") if secret else text
