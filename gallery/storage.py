"""How picture files reach the disk."""

import os
import tempfile

from django.core.files.storage import FileSystemStorage


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
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        return name
