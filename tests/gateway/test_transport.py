"""What becomes of a call that reaches nobody."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from gateway.backends.transport import call, open_transport
from gateway.errors import BackendUnreachable

pytestmark = pytest.mark.anyio


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Give a port whose queue of connections is full: Linux drops further attempts, and answers nothing."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        with contextlib.suppress(TimeoutError):
            while True:
                stack.enter_context(socket.create_connection(listening.getsockname(), timeout=0.2))
        yield listening.getsockname()[1]


async def test_a_connection_that_nobody_answers_is_given_up_long_before_the_deadline(silent_port: int) -> None:
    """As to a Service without endpoints, where the kernel refuses only the first connections."""
    transport = open_transport(connections=1)
    began = time.monotonic()
    try:
        with pytest.raises(BackendUnreachable, match="plain cannot be reached") as caught:
            async with asyncio.timeout(5):
                await call(transport, httpx.Request("GET", f"http://127.0.0.1:{silent_port}/"), "plain")
    finally:
        await transport.aclose()

    assert time.monotonic() - began < 1
    assert caught.value.model == "plain"
