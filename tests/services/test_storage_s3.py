"""The whole way with picture files in an S3 bucket: kept, shown, edited, and never sent there twice."""

import io
import os
from unittest.mock import patch

import boto3
import PIL.Image
import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from gallery.models import Call, Event, Image
from gallery.services import calls, files
from gallery.services.recovery import recover_calls
from imagestudio import settings as product
from tests.factory import GEMINI, make_image, make_user, picture_bytes

from .running import ask, brought, made, run_calls

pytestmark = pytest.mark.django_db

BUCKET = "studio-pictures"


@pytest.fixture(scope="module")
def s3():
    """A client of a local S3 server with one bucket, and what the studio's environment says about it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "STUDIO_STORAGE_S3_BUCKET": BUCKET,
        "STUDIO_STORAGE_S3_ENDPOINT_URL": f"http://{host}:{port}",
        "STUDIO_STORAGE_S3_REGION": "us-east-1",
        "STUDIO_STORAGE_S3_ACCESS_KEY": "an id",
        "STUDIO_STORAGE_S3_SECRET_KEY": "a secret",
    }
    with patch.dict(os.environ, environment):
        made_up = {name: product.picture_storage(name) for name in ("originals", "previews")}
    options = made_up["originals"]["OPTIONS"]
    client = boto3.client(
        "s3",
        endpoint_url=options["endpoint_url"],
        region_name=options["region_name"],
        aws_access_key_id=options["access_key"],
        aws_secret_access_key=options["secret_key"],
    )
    client.create_bucket(Bucket=BUCKET)
    client.storages = made_up
    yield client
    server.stop()


@pytest.fixture(autouse=True)
def in_the_bucket(s3, settings):
    settings.STORAGES = {**settings.STORAGES, **s3.storages}


def keys(s3, prefix):
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return {entry["Key"]: entry["LastModified"] for entry in listed.get("Contents", [])}


def sent_to(storage, monkeypatch):
    """Names that are written to a storage from now on."""
    names = []
    save = type(storages[storage]).save
    monkeypatch.setattr(
        storages[storage], "save", lambda name, file: names.append(name) or save(storages[storage], name, file)
    )
    return names


@pytest.fixture
def browser(client):
    client.force_login(make_user(is_staff=True))
    return client


def body(response):
    return b"".join(response)


def test_a_picture_and_its_previews_are_kept_as_received(s3):
    data = picture_bytes((900, 600))
    image = make_image()
    kept = files.keep(data)
    stored = s3.get_object(Bucket=BUCKET, Key=f"originals/{kept.sha256[:2]}/{kept.sha256}.png")
    assert stored["Body"].read() == data
    assert keys(s3, f"previews/{kept.sha256[:2]}/{kept.sha256}").keys() == {
        f"previews/{kept.sha256[:2]}/{kept.sha256}-{preview}" for preview in ("small.webp", "large.jpeg")
    }
    assert image.sha256 != kept.sha256


def test_what_is_there_is_not_sent_again(monkeypatch):
    data = picture_bytes()
    files.keep(data)
    originals, previews = sent_to("originals", monkeypatch), sent_to("previews", monkeypatch)
    files.keep(data)
    assert originals + previews == []
    files.keep(picture_bytes())
    assert (len(originals), len(previews)) == (1, 2)


def test_a_person_gets_the_whole_file_a_part_of_it_and_its_previews(browser):
    data = picture_bytes((640, 480))
    image = brought(data)
    assert body(browser.get(f"/images/{image.pk}/download/")) == data
    part = browser.get(image.original_url, headers={"range": "bytes=10-19"})
    assert (part.status_code, part["Content-Range"], body(part)) == (206, f"bytes 10-19/{len(data)}", data[10:20])
    assert browser.get(image.original_url, headers={"range": f"bytes={len(data)}-"}).status_code == 416
    for address, kind, longest in ((image.small_url, "WEBP", 512), (image.large_url, "JPEG", 640)):
        shown = PIL.Image.open(io.BytesIO(body(browser.get(address))))
        assert (shown.format, max(shown.size)) == (kind, longest)


def test_a_file_that_is_gone_from_the_bucket_is_not_found(browser, s3):
    image = brought(picture_bytes())
    s3.delete_object(Bucket=BUCKET, Key=f"originals/{image.original_name}")
    assert browser.get(image.original_url).status_code == 404


def test_pictures_are_made_and_edited(online, settings):
    picture = made().images.get()
    edited = made(model=GEMINI, prompt="make it blue", attached=[picture])
    assert (edited.status, edited.images.count()) == ("succeeded", 1)
    assert not list(settings.SPOOL_DIR.iterdir())


def test_an_input_that_must_be_converted_is_fetched_first_and_stays_as_it_is(online):
    data = picture_bytes(format="webp")
    image = brought(data, name="brought.webp")
    edited = made(attached=[image])
    assert edited.status == "succeeded"
    with storages["originals"].open(Image.objects.get(pk=image.pk).original_name) as stored:
        assert stored.read() == data


def test_an_input_that_is_gone_is_named_and_nothing_is_sent(online, s3):
    image = brought(picture_bytes())
    s3.delete_object(Bucket=BUCKET, Key=f"originals/{image.original_name}")
    edited = made(attached=[image])
    assert (edited.status, edited.error_code, online.ledger()["received"]) == ("failed", "input_missing", 0)


def test_partial_pictures_come_and_go(online, s3, browser, monkeypatch):
    options = {"size": "256x256", "quality": "low", "stream": True, "partial_images": 2}
    seen = sent_to("previews", monkeypatch)
    generation = ask(options=options, prompt="A fox [[fault: slow seconds=0.2]]")
    run_calls()
    generation.refresh_from_db()
    assert generation.status == "succeeded"
    shown = Event.objects.filter(generation=generation).exclude(preview="").values_list("preview", flat=True)
    assert shown and set(shown) <= set(seen)
    assert not keys(s3, "previews/partial/")


def test_a_bucket_that_fails_keeps_the_answer_and_the_worker(online, monkeypatch, settings):
    with monkeypatch.context() as outage:
        outage.setattr(storages["originals"], "bucket_name", "no-such-bucket")
        outage.setattr(storages["originals"], "_bucket", None)  # kept from the first use
        generation = made(wanted=2)
        assert (generation.status, generation.error_code) == ("failed", "not_stored")
        async_to_sync(recover_calls)()
        [call] = generation.calls.all()
        assert list(settings.SPOOL_DIR.iterdir()) == [calls.spool_folder(call)]
        ledger = Call.objects.values().get()
    async_to_sync(recover_calls)()
    generation.refresh_from_db()
    assert (generation.status, generation.error_code, generation.images.count()) == ("succeeded", "", 2)
    assert (online.ledger()["received"], list(settings.SPOOL_DIR.iterdir())) == (1, [])
    assert Call.objects.values().get() == ledger


def test_a_bucket_that_is_not_there_is_no_storage(browser, monkeypatch):
    assert browser.get("/readyz").json()["parts"]["originals"]["ready"]
    monkeypatch.setattr(storages["originals"], "bucket_name", "no-such-bucket")
    assert not browser.get("/readyz").json()["parts"]["originals"]["ready"]
