"""Picture files: kept under their hash before any row names them, and fetched back as local files."""

import errno
import hashlib
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import storages

from gallery import pictures
from gallery.models import Image

NICENESS = 10


def _pool(name, at_once):
    return ThreadPoolExecutor(max_workers=at_once, thread_name_prefix=name, initializer=_give_way)


def _give_way():
    """A picture can wait a moment; what is to be sent next cannot, nor what people look at. On Linux a thread has a
    priority of its own."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


# Decoding is the studio's only heavy work: as many at once as there are cores here, so that memory stays bounded.
DECODERS = _pool("decode", 2)
# Answers of tens of megabytes go one after the other: with four pictures of 12 MB each takes 150 MB meanwhile.
DECODER_OF_LARGE = _pool("decode-large", 1)
LARGE_ANSWER = 16 * 1024 * 1024  # bytes
# The large preview is made and stored beside the original and the small one: the two sides take about as long.
ENCODERS = _pool("encode", 2)

FULL = (errno.ENOSPC, errno.EDQUOT)  # the disk's own end, or the share of it that we may fill


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture whose files are safe; `row` has the Image fields that were measured."""

    sha256: str
    bytes: int
    measured: pictures.Measured

    def row(self):
        measured = self.measured
        return {
            "sha256": self.sha256,
            "bytes": self.bytes,
            "format": measured.format,
            "width": measured.width,
            "height": measured.height,
            "shown_width": measured.shown_width,
            "shown_height": measured.shown_height,
            "has_alpha": measured.has_alpha,
            "animated": measured.animated,
            "average_colour": measured.average_colour,
        }


def decoders(spool):
    """Who reads the answer in a spool file."""
    is_large = spool.exists() and spool.stat().st_size > LARGE_ANSWER
    return DECODER_OF_LARGE if is_large else DECODERS


def keep(source):
    """Store a picture, given as bytes or as a path, with its previews.

    Content-addressed, so doing it twice is harmless. Raises pictures.NotAPicture, and OSError when the disk is full.
    """
    studied = pictures.study(source)
    with open(source, "rb") if isinstance(source, Path) else BytesIO(source) as file:
        digest = hashlib.file_digest(file, "sha256") if isinstance(source, Path) else hashlib.sha256(source)
        kept = Kept(digest.hexdigest(), file.seek(0, os.SEEK_END), studied.measured)
        image = Image(**kept.row())
        large = ENCODERS.submit(_keep_preview, image, "large", studied)
        _store("originals", image.original_name, lambda: File(file))
        _keep_preview(image, "small", studied)
        large.result()
    return kept


def _keep_preview(image, size, studied):
    _store("previews", image.preview_name(size), lambda: ContentFile(getattr(studied, size)))


def _store(storage, name, make):
    """Under a name that is taken lie these bytes already: nothing is made or sent to a bucket twice."""
    if not storages[storage].exists(name):
        storages[storage].save(name, make())


def local_copy(image, folder):
    """Path of an image's original as a local file: its own place on disk, or a copy in `folder` when it is elsewhere.

    Raises FileNotFoundError where the storage has it no more.
    """
    storage = storages["originals"]
    try:
        path = Path(storage.path(image.original_name))
    except NotImplementedError:  # S3 and the like
        path = folder / f"original-{image.pk}.{image.format}"
        with storage.open(image.original_name) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
    if not path.exists():
        raise FileNotFoundError(path.name)
    return path
