"""Times what it costs to add a call: asked for, claimed, marked as sent, its answer recorded.

Runs inside `manage.py shell`, prints the median seconds. Reading the answer and keeping its picture are not counted:
they touch no database.
"""

import base64
import json
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from django.contrib.auth import get_user_model

from gallery.models import ModelEntry, Project
from gallery.ofox.messages import Receipt
from gallery.services import calls, results
from gallery.services.generations import Wish, request_generation
from tests.factory import picture_bytes

from .wishes import MODEL, OPTIONS, PROMPT

CALLS, UNCOUNTED = 40, 3  # the first few read what stays in memory then
USAGE = {"input_tokens_details": {"text_tokens": 14}, "output_tokens_details": {"image_tokens": 1756}}


def measure():
    with TemporaryDirectory() as folder:
        spool = Path(folder, "body")
        picture = base64.b64encode(picture_bytes()).decode()
        spool.write_text(json.dumps({"data": [{"b64_json": picture}], "usage": USAGE}))
        seconds = [_seconds_to_add(spool) for _ in range(UNCOUNTED + CALLS)]
    print(median(seconds[UNCOUNTED:]))


def _seconds_to_add(spool):
    user, project = get_user_model().objects.first(), Project.objects.first()
    wish = Wish(project=project, entry=ModelEntry.objects.get(name=MODEL), prompt=PROMPT, options=OPTIONS)
    receipt = Receipt(status=200, headers={}, bytes=spool.stat().st_size, complete=True)
    begun = time.perf_counter()
    [asked] = request_generation(user, wish).calls.all()
    [(call, _entry)] = calls._claim([asked.pk]).values()
    wait = calls._pass_as_sent(call, {})
    sent = time.perf_counter()
    outcome = results.gather(call, spool, receipt)
    answered = time.perf_counter()
    calls._record(call, outcome)
    ended = time.perf_counter()
    call.refresh_from_db()
    if wait != 0 or call.cost_usd is None or call.pictures != 1:
        raise RuntimeError(f"call {call.pk} is {call.status}, its error {call.error_code or 'none'}")
    return sent - begun + ended - answered
