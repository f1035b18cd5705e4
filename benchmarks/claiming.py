"""Times the worker's way of taking a call from the queue; runs inside `manage.py shell`, prints the median seconds."""

import time
from statistics import median

from gallery.engine import worker
from gallery.services import calls

CLAIMS = 40


def measure():
    seconds = []
    for _ in range(CLAIMS):
        begun = time.perf_counter()
        _, [row] = worker._claim_ready(1)
        calls._claim(row.args_kwargs["args"])
        seconds.append(time.perf_counter() - begun)
        # As if the call had gone out: the gate lets so many on their way a second and no more.
        calls.Call.objects.filter(status="claimed").update(status="sent")
    print(median(seconds))
