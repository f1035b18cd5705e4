"""Programs that ask over HTTP: web, worker and sandbox as processes, and nothing of ours in between."""

import asyncio
import base64
from collections import Counter
from decimal import Decimal

import httpx
import pytest

from gallery.models import Budget, Generation, Image
from gallery.services import keys
from tests.factory import GPT, make_member, make_project, picture_bytes
from tests.services.running import KEY, SMALL

from .processes import serves, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
FOX = {"model": GPT, "prompt": "A red fox in the snow", **SMALL}


@pytest.fixture
def studio(start, port):
    """The processes of a studio, and its address for programs."""
    processes = [start("web", STUDIO_PORT=str(port)), start("worker", STUDIO_REQUESTS_PER_MINUTE="1000000")]
    wait_for(lambda: serves(port), 60)
    yield f"http://127.0.0.1:{port}/api/v1"
    assert not [process.log for process in processes if KEY in process.log or "sk-studio-" in process.log]


@pytest.fixture
def project():
    return make_project("Shop")


@pytest.fixture
def program(studio, project):
    """An HTTP client that sends a key."""
    _key, secret = keys.make(make_member(project), project=project, name="Shop")

    def client(kind=httpx.Client, timeout=60):
        headers = {"authorization": f"Bearer {secret}"}
        return kind(base_url=studio, headers=headers, timeout=timeout, trust_env=False)

    return client


def test_a_program_makes_a_picture_and_edits_it(program, sandbox):
    with program() as client:
        made = client.post("/images/generations", json=FOX).json()
        picture = base64.b64decode(made["data"][0]["b64_json"])
        fields = {"model": GPT, "prompt": "greener", "quality": "low"}
        edited = client.post("/images/edits", data=fields, files={"image": ("fox.png", picture)}).json()
    assert [len(answer["data"]) for answer in (made, edited)] == [1, 1]
    assert edited["usage"]["input_tokens_details"]["image_tokens"]
    assert sandbox.ledger()["received"] == 2
    first, second = Generation.objects.order_by("pk")
    assert (first.kind, second.kind, first.key.name) == ("generate", "edit", "Shop")
    assert Image.objects.get(generation=first).sha256 == second.inputs.get().image.sha256


def test_what_a_program_no_longer_waits_for_is_kept(program, sandbox):
    sandbox.faults([{"name": "slow", "seconds": 2}])
    with program(timeout=1) as client, pytest.raises(httpx.ReadTimeout):
        client.post("/images/generations", json=FOX)
    wait_for(lambda: Generation.objects.filter(status="succeeded").exists())
    assert Generation.objects.get().images.count() == 1


def test_many_at_once_each_get_their_own(program):
    data = FOX | {"prompt": "A fox [[fault: slow seconds=1]]"}

    async def all_at_once():
        async with program(httpx.AsyncClient) as client:
            edit = {"data": data, "files": {"image": ("a.png", picture_bytes())}}
            asked = [client.post("/images/edits", **edit) for _ in range(10)]
            return await asyncio.gather(*asked, *(client.post("/images/generations", json=data) for _ in range(50)))

    answers = asyncio.run(all_at_once())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["studio"]["generation"] for answer in answers}) == 60


def test_a_hundred_at_once_never_spend_more_than_the_hard_limit(program, project):
    with program() as client:
        about = client.post("/images/generations", json=FOX).json()["studio"]
    spent, one = Decimal(about["cost_usd"]), Decimal(about["estimated_usd"])
    budget = Budget.objects.create(scope="project", project=project, hard_usd=spent + one * 20)

    async def all_at_once():
        async with program(httpx.AsyncClient) as client:
            return await asyncio.gather(*(client.post("/images/generations", json=FOX) for _ in range(100)))

    answers = asyncio.run(all_at_once())
    paid = [answer.json()["studio"] for answer in answers if answer.status_code == 200]
    assert Counter(answer.status_code for answer in answers).keys() == {200, 429}
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 429} == {"insufficient_quota"}
    assert len(paid) >= 20
    assert spent + sum(Decimal(one["cost_usd"]) for one in paid) <= budget.hard_usd
    assert Generation.objects.count() == 1 + len(paid)
