"""What a dead worker leaves on the disk goes, unless it holds pictures that are nowhere else."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.utils import timezone

from gallery.models import Event
from gallery.services import calls, previews
from gallery.services.recovery import recover_calls
from tests.factory import make_call

from .running import ask, made

pytestmark = pytest.mark.django_db


def recover():
    async_to_sync(recover_calls)()


def spooled(generation):
    folder = calls.spool_folder(generation.calls.get())
    folder.mkdir(parents=True)
    (folder / "body").write_bytes(b"what came")
    return folder


@pytest.mark.parametrize("fault", ["ok", "safety", "drop"])
def test_an_answer_goes_whose_call_had_ended_before_the_worker_died(online, fault):
    online.faults([fault])
    folder = spooled(made())
    recover()
    assert not folder.exists()


@pytest.mark.parametrize("code", ["disk_full", "studio_error"])
def test_an_answer_with_pictures_that_could_not_be_stored_stays(online, code):
    folder = spooled(make_call(status="failed", error_code=code).generation)
    recover()
    assert (folder / "body").exists()


def test_an_answer_stays_while_its_call_is_out(online):
    generation = ask()
    generation.calls.update(
        status="sent", claimed_at=timezone.now(), sent_at=timezone.now() - timedelta(minutes=1), worker="another"
    )
    folder = spooled(generation)
    async_to_sync(recover_calls)({"another"})
    assert folder.exists()


def test_previews_of_a_dead_workers_call_go(online):
    generation = ask()
    [call] = generation.calls.all()
    names = [storages["previews"].save(previews.preview_name(call, number), ContentFile(b"x")) for number in range(3)]
    for name in names[:2]:  # the worker died before it said that it had drawn the third
        Event.objects.append(generation, preview=name)
    generation.calls.update(status="sent", claimed_at=timezone.now(), sent_at=timezone.now(), worker="a dead one")
    recover()
    assert not any(storages["previews"].exists(name) for name in names)
