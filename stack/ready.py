"""Waiting until the gateway and every model answer."""

import asyncio
from collections.abc import Callable, Sequence

import httpx


async def wait_until_ready(gateway: str, models: Sequence[str], tell: Callable[[str], None]) -> None:
    """Ask the gateway until it and all models are ready; tells of each when it is."""
    waiting = ["gateway", *models]
    async with httpx.AsyncClient(base_url=gateway, timeout=2, trust_env=False) as client:
        while waiting:
            for name in list(waiting):
                if await answers(client, "/readyz" if name == "gateway" else f"/v2/models/{name}/ready"):
                    waiting.remove(name)
                    tell(f"{name} is ready")
            await asyncio.sleep(0.1)


async def answers(client: httpx.AsyncClient, path: str) -> bool:
    """Say whether a path answers with 200."""
    try:
        return (await client.get(path)).status_code == 200
    except httpx.HTTPError:
        return False
