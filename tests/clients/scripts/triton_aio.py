"""The same conversation of tritonclient.http.aio, which sends other headers."""

import asyncio
from typing import Any

from tritonclient.http.aio import InferenceServerClient

from tests.clients.scripts.said import tell, told
from tests.clients.scripts.triton_http import converse


class Waiting:
    """Call the methods of an asynchronous client as if they were plain ones."""

    def __init__(self, runner: asyncio.Runner, client: Any) -> None:
        self.runner = runner
        self.client = client

    def __getattr__(self, name: str) -> Any:
        """Give a method that waits."""
        method = getattr(self.client, name)
        return lambda *given, **named: self.runner.run(method(*given, **named))


async def opened(address: str) -> Any:
    """Open a client where its event loop runs."""
    return InferenceServerClient(address)


if __name__ == "__main__":
    asked = told()
    with asyncio.Runner() as loop:
        client = Waiting(loop, loop.run(opened(asked.address)))
        tell(converse(client, asked))
        client.close()
