"""How our processes keep their memory."""

import ctypes
import gc

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # as glibc's malloc.h numbers its options
KEPT = 32 * 1024 * 1024  # bytes a thread's heap may have free at its end
LARGE = 8 * 1024 * 1024  # bytes; what is larger goes back to the system at once, as pictures of 12 MB should


def keep_freed():
    """Let glibc keep what a picture took for the next one; another C library is left as it is.

    Of itself it gives buffers of some megabytes back, and the kernel hands them out again page by page: 2,400 faults
    and 3.5 ms of the 10 that reading 1.5 MB of noise takes.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(TRIM_THRESHOLD, KEPT)
        mallopt(MMAP_THRESHOLD, LARGE)


def freeze_loaded():
    """Leave what is loaded by now out of every search for garbage.

    It all stays to the end, and looking through it held up every thread for 60 ms at a time: of pages that take 35 ms
    one in a hundred took 100.
    """
    gc.freeze()
