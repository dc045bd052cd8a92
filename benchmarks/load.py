"""Load: callers that each send a request when the one before is answered."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import aiohttp

JSON = {"content-type": "application/json"}
PATIENCE = aiohttp.ClientTimeout(total=60)


async def closed_loop(
    url: str, body: bytes, connections: int, seconds: float, headers: Mapping[str, str] = JSON
) -> Counter[int]:
    """Send a body over this many connections for some seconds; gives how many answers had which status."""
    statuses: Counter[int] = Counter()
    end = time.monotonic() + seconds

    async def caller() -> None:
        while time.monotonic() < end:
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()
            statuses[answer.status] += 1

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=PATIENCE) as session:
        await asyncio.gather(*(caller() for _ in range(connections)))
    return statuses


def instances(record: dict[str, Any], rows: int, size: int = 0) -> bytes:
    """Write a body with the same record many times, filled with white space to a size in bytes."""
    return json.dumps({"instances": [record] * rows}).encode().ljust(size)


async def tensors(url: str, record: dict[str, Any]) -> bytes:
    """Write one row as the tensors that a model's metadata, at the URL, asks for."""
    async with aiohttp.ClientSession(timeout=PATIENCE) as session, session.get(url) as answer:
        inputs = (await answer.json())["inputs"]
    shaped = [
        {"name": one["name"], "datatype": one["datatype"], "shape": [1], "data": [record[one["name"]]]}
        for one in inputs
    ]
    return json.dumps({"inputs": shaped}).encode()
