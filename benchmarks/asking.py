"""Queues generations by the studio's own service; runs inside `manage.py shell`, prints the moment they were there."""

import time

from django.contrib.auth import get_user_model
from django.db import transaction

from benchmarks.wishes import MODEL, OPTIONS, PROMPT
from gallery.matrix import Cell, Grid
from gallery.models import ModelEntry, Project
from gallery.services import batches

MOST = 500  # generations a batch


def queue(number, wanted):
    with transaction.atomic():
        for start in range(0, number, MOST):
            request(min(MOST, number - start), wanted)
    print(time.time())


def request(number, wanted):
    cells = tuple(
        Cell(row=row, column=0, prompt=PROMPT, model=MODEL, options=OPTIONS, wanted=wanted, problems={})
        for row in range(number)
    )
    entries = {MODEL: ModelEntry.objects.get(name=MODEL)}
    plan = batches.Plan(
        project=Project.objects.first(),
        name="bench",
        grid=Grid(rows=tuple(map(str, range(number))), columns=({"model": MODEL},), cells=cells),
        estimates=batches.estimates(cells, entries),
        entries=entries,
    )
    batches.request_batch(get_user_model().objects.first(), plan)
