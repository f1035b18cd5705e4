"""A signed-in person's browser without the painting: asks, hears the event stream, fetches cards and pictures."""

import contextlib
import queue
import re
import threading
import time

import httpx

from .wishes import MODEL, OPTIONS, PROMPT

STATUS = re.compile(r'data-status="(\w+)"')
NUMBER = re.compile(r'data-generation="(\d+)"')
PICTURE = re.compile(r'<img class="picture__img" src="([^"]+)"')
OPEN = ("queued", "running")
PATIENCE = 120  # seconds


class Person:
    def __init__(self, url, username, password):
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=PATIENCE)
        self.http.get("/sign-in/").raise_for_status()
        self.post("/sign-in/", username=username, password=password)
        self.project = re.search(r'name="project"[^>]*>\s*<option value="(\d+)"', self.http.get("/").text)[1]
        self.heard = queue.SimpleQueue()
        self.listening = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        self.listening.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()

    def post(self, path, **fields):
        headers = {"x-csrftoken": self.http.cookies["csrftoken"]}
        response = self.http.post(path, data=fields, headers=headers | {"hx-request": "true"})
        if response.status_code >= 400:
            raise RuntimeError(f"POST {path}: {response.status_code} {response.text[:500]}")
        return response.text

    def ask(self, prompt=PROMPT, number=1, **fields):
        """A generation's number, once its card is on the page."""
        asked = {"prompt": prompt, "model": MODEL, "number": number, "project": self.project, **OPTIONS, **fields}
        return int(NUMBER.search(self.post("/generations/", **asked))[1])

    def wait_for_pictures(self, generation):
        """The moment at which a generation's pictures were on the page, as the stream and the card say."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self.heard.get(timeout=PATIENCE) != generation:
                continue
            card = self.http.get(f"/generations/{generation}/card/").text
            if STATUS.search(card)[1] not in OPEN:
                for address in PICTURE.findall(card):
                    self.http.get(address).raise_for_status()
                return time.time()
        raise TimeoutError(f"generation {generation} never ended")

    def _listen(self):
        ending = contextlib.suppress(httpx.TransportError)  # the studio ends first
        with ending, self.http.stream("GET", "/events/", timeout=None) as stream:
            event = ""
            for line in stream.iter_lines():
                self.listening.set()
                name, _, value = line.partition(": ")
                event = value if name == "event" else event
                if name == "data" and event == "generation":
                    self.heard.put(int(value))
