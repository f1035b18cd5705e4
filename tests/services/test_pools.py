"""The threads that read and write pictures."""

import os
import threading

import pytest

from gallery.services import files


def priority():
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.parametrize("pool", [files.DECODERS, files.DECODER_OF_LARGE, files.ENCODERS])
def test_pictures_give_way_to_all_else(pool):
    """By threads: the process with its event loop and its pages stays as it is."""
    before = priority()
    assert pool.submit(priority).result() == files.NICENESS > before
    assert priority() == before
