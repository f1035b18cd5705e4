"""`python -m benchmarks.floor`: the official SDK asks and writes the files, nothing else; seconds as JSON."""

import argparse
import asyncio
import base64
import json
import time
from pathlib import Path

from openai import AsyncOpenAI

from benchmarks.wishes import MODEL, OPTIONS, PROMPT

TIMEOUT = 120  # seconds


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--number", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=1)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    async with AsyncOpenAI(api_key="floor", base_url=f"{given.url}/v1", max_retries=0, timeout=TIMEOUT) as client:
        room = asyncio.Semaphore(given.at_once)
        begun = time.perf_counter()
        calls = await asyncio.gather(
            *(one(client, room, given.folder / f"{number}.png") for number in range(given.number))
        )
        print(json.dumps({"seconds": time.perf_counter() - begun, "calls": calls}))


async def one(client, room, path):
    async with room:
        begun = time.perf_counter()
        answer = await client.images.generate(model=MODEL, prompt=PROMPT, **OPTIONS)
        path.write_bytes(base64.b64decode(answer.data[0].b64_json))
        return time.perf_counter() - begun


if __name__ == "__main__":
    asyncio.run(main())
