"""What lies in the storages and belongs to nobody any more: previews of ended calls, files of killed writers."""

import os
import time

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from gallery.services import previews
from gallery.storage import FORGOTTEN_AFTER, UNFINISHED, AtomicFileStorage
from tests.factory import make_call


@pytest.mark.django_db
def test_previews_go_whose_call_has_ended_and_stay_while_it_is_out(settings, tmp_path):
    backend = {"BACKEND": "gallery.storage.AtomicFileStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"previews": backend}
    previews.forget_lost()
    out, ended = make_call(status="sent"), make_call(status="answered")
    for call in (out, ended):
        storages["previews"].save(previews.preview_name(call, 0), ContentFile(b"x"))
    previews.forget_lost()
    assert os.listdir(tmp_path / "partial") == [f"{out.pk}-0.webp"]


def test_a_file_that_was_never_finished_goes_when_it_is_old(tmp_path):
    storage = AtomicFileStorage(location=tmp_path)
    storage.save("ab/kept", ContentFile(b"x"))
    fresh, old = tmp_path / UNFINISHED / "fresh", tmp_path / UNFINISHED / "old"
    for file in (fresh, old):
        file.write_bytes(b"half")
    long_ago = time.time() - FORGOTTEN_AFTER - 1
    os.utime(old, (long_ago, long_ago))
    storage.forget_unfinished()
    assert (fresh.exists(), old.exists(), (tmp_path / "ab" / "kept").exists()) == (True, False, True)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path):
    storage = AtomicFileStorage(location=tmp_path)

    class Broken(ContentFile):
        def chunks(self, *_):
            yield b"half of it"
            raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        storage.save("ab/broken", Broken(b""))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
