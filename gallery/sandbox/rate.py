"""The request limit of a whole team: so many in each window of a minute, told in the headers of every answer."""

import math
import time

WINDOW_SECONDS = 60


class RateWindow:
    def __init__(self, limit, clock=time.monotonic):
        self.limit = limit
        self.clock = clock
        self.ends = 0.0
        self.spent = 0

    def spend(self):
        """True while the window has room."""
        now = self.clock()
        if now >= self.ends:
            self.ends = now + WINDOW_SECONDS
            self.spent = 0
        self.spent += 1
        return self.spent <= self.limit

    @property
    def reset_seconds(self):
        return max(1, math.ceil(self.ends - self.clock()))

    def headers(self):
        return [
            ("x-ratelimit-limit-requests", str(self.limit)),
            ("x-ratelimit-remaining-requests", str(max(0, self.limit - self.spent))),
            ("x-ratelimit-reset-requests", f"{self.reset_seconds}s"),
        ]
