"""Files that a worker locks for life: the kernel lets go of them even on kill -9, so they tell who is alive here."""

import fcntl

from django.conf import settings

ALONE = "worker.lock"


class AlreadyRunning(Exception):
    """Another worker holds this data folder."""


class Lock:
    """Owning it proves that nobody else who takes it is alive."""

    mode = fcntl.LOCK_EX | fcntl.LOCK_NB

    def __init__(self, name=ALONE):
        self.path = settings.DATA_DIR / name

    def __enter__(self):
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open("w")
        try:
            fcntl.flock(self.file, self.mode)
        except BlockingIOError as error:
            self.file.close()
            raise AlreadyRunning(str(settings.DATA_DIR)) from error
        return self

    def __exit__(self, *_):
        self.file.close()


class OwnLock(Lock):
    """One worker's of several on this machine, named after it; the file goes when the worker ends."""

    mode = fcntl.LOCK_EX  # may have to wait for somebody who looks whether we are dead

    def __init__(self, worker):
        super().__init__(f"worker-{worker}.lock")

    def __exit__(self, *_):
        self.path.unlink(missing_ok=True)
        super().__exit__()


def dead_here():
    """Names of the workers that died on this machine."""
    return {_name(path) for path in _own_locks() if _is_free(path)}


def held_here():
    """Names of the workers that are processes of this machine; a frozen one is."""
    return {_name(path) for path in _own_locks() if not _is_free(path)}


def forget(names):
    for name in names:
        (settings.DATA_DIR / f"worker-{name}.lock").unlink(missing_ok=True)


def _name(path):
    return path.name.removeprefix("worker-").removesuffix(".lock")


def _own_locks():
    return settings.DATA_DIR.glob("worker-*.lock")


def _is_free(path):
    try:
        with Lock(path.name):
            return True
    except AlreadyRunning:
        return False
