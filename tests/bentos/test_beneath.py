"""The protocol has its paths, and BentoML all others."""

import asyncio

import httpx
import pytest
from starlette.responses import PlainTextResponse

from bentos.beneath import Beneath
from bentos.protocol import PREFIXES


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("/v2", "own"),
        ("/v2/", "own"),
        ("/v2/models/mixed/infer", "own"),
        ("/artifact/contract", "own"),
        ("/artifact", "own"),
        ("/", "next"),
        ("/v2x", "next"),
        ("/artifacts/contract", "next"),
        ("/predict", "next"),
        ("//v2", "next"),
    ],
)
def test_a_path_is_the_protocols_or_bentomls(path: str, whose: str) -> None:
    """A prefix is whole segments of a path."""
    app = Beneath(PlainTextResponse("next"), PREFIXES, PlainTextResponse("own"))

    async def ask() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return (await client.request("DELETE", f"http://model{path}")).text

    assert asyncio.run(ask()) == whose
