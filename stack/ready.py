"""Waiting until the gateway and every model answer."""

import asyncio
from collections.abc import Callable, Sequence

import httpx

EVERY_S = 0.25
"""Each question leaves a line in the gateway's access log, which people look at."""


async def wait_until_ready(gateway: str, models: Sequence[str], tell: Callable[[str], None]) -> None:
    """Ask the gateway until it and all models are ready, one after the other; tells of each when it is."""
    paths = {"gateway": "/readyz", **{name: f"/v2/models/{name}/ready" for name in models}}
    async with httpx.AsyncClient(base_url=gateway, timeout=2, trust_env=False) as client:
        for name, path in paths.items():
            while not await answers(client, path):  # noqa: ASYNC110 (another process becomes ready)
                await asyncio.sleep(EVERY_S)
            tell(f"{name} is ready")


async def answers(client: httpx.AsyncClient, path: str) -> bool:
    """Say whether a path answers with 200."""
    try:
        return (await client.get(path)).status_code == 200
    except httpx.HTTPError:
        return False
