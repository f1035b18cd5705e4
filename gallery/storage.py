"""How picture files reach the disk."""

import os
import tempfile
import time
from pathlib import Path

from django.core.files.storage import FileSystemStorage

UNFINISHED = ".unfinished"  # the folder of files on their way; on the same disk, so that they can move from it at once
CHUNK = 1024 * 1024  # bytes; in Django's 64 kB a picture's thread would ask for the interpreter's lock 24 times
FORGOTTEN_AFTER = 3600  # seconds; no file takes that long, so whoever wrote it has died


class AtomicFileStorage(FileSystemStorage):
    """Files appear whole or not at all, under exactly the name asked for.

    Names are content hashes, so a name that is taken holds the same bytes already.
    """

    def get_available_name(self, name, max_length=None):
        return name

    def _save(self, name, content):
        path = self.path(name)
        if os.path.exists(path):
            return name
        unfinished = self.path(UNFINISHED)
        for folder in (os.path.dirname(path), unfinished):
            os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=unfinished)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks(CHUNK):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        return name

    def forget_unfinished(self):
        """Of writers that were killed."""
        for file in Path(self.path(UNFINISHED)).glob("*"):
            if file.stat().st_mtime < time.time() - FORGOTTEN_AFTER:
                file.unlink(missing_ok=True)
