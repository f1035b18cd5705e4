"""What the studio's database says, seen from outside as SQLite."""

import sqlite3
import time
from datetime import UTC, datetime

OPEN = "SELECT count(*) FROM gallery_generation WHERE status IN ('queued', 'running')"
MOMENTS = ("created_at", "claimed_at", "sent_at", "finished_at")
PATIENCE = 300  # seconds


class Books:
    def __init__(self, path):
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        self.connection.row_factory = sqlite3.Row

    def all(self, sql, *values):
        return [_with_moments(dict(row)) for row in self.connection.execute(sql, values)]

    def one(self, sql, *values):
        return self.connection.execute(sql, values).fetchone()[0]

    def calls(self, after=0):
        return self.all("SELECT * FROM gallery_call WHERE id > ? ORDER BY id", after)

    @property
    def last_call(self):
        return self.one("SELECT coalesce(max(id), 0) FROM gallery_call")

    @property
    def open(self):
        """How many generations have not ended."""
        return self.one(OPEN)

    def wait_until_ended(self, every=0.02, seconds=PATIENCE):
        """The moment at which the last of them was seen to have ended; only a change of the file is looked into."""
        deadline, seen = time.time() + seconds, None
        while time.time() < deadline:
            version = self.one("PRAGMA data_version")
            if version != seen and not self.open:
                return time.time()
            seen = version
            time.sleep(every)
        raise TimeoutError(f"{self.open} generations are still open after {seconds} s")


def _with_moments(row):
    return row | {name: _seconds(row[name]) for name in MOMENTS if row.get(name)}


def _seconds(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
