"""Where a model's server is, and the two things that are asked of it: documents and inference."""

import asyncio
from urllib.parse import quote

from gateway.backends.address import Address
from gateway.backends.balanced import Balanced
from gateway.backends.connection import Answer
from gateway.backends.transport import Transport
from gateway.errors import DeadlineExceeded
from gateway.settings import BackendSettings
from gateway.tracing import CALL
from oip import HEADER_LENGTH, REQUEST_ID

PROBE_TIMEOUT_S = 1.0

ID = REQUEST_ID.encode()
JSON = b"content-type: application/json\r\n"
BINARY = b"content-type: application/octet-stream\r\n%s: %%d\r\n" % HEADER_LENGTH.encode()


class Server:
    """Ask one server for one model; `name` is the backend's, `model` what the server calls it."""

    def __init__(self, name: str, settings: BackendSettings) -> None:
        self.name = name
        self.model = settings.model or name
        self.address = settings.address
        self.model_path = f"/v2/models/{quote(self.model, safe='')}"
        self.transport = Transport(name, self.address, settings.connections)
        self.balanced: Balanced | None = None
        if settings.endpoints == "dns":
            self.balanced = Balanced(
                name,
                lambda at: Transport(name, self.address, settings.connections, at),
                self.transport.resolved,
            )
        self.way = self.balanced or self.transport
        self.traced = False
        self.infer_head = self.transport.head("POST", f"{self.model_path}/infer")

    def close(self) -> None:
        """Close the connections."""
        self.way.close()

    async def get(self, path: str) -> Answer:
        """Ask for a document; raises GatewayError, DeadlineExceeded among them."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await self.way.call(self.transport.head("GET", path), b"")
        except TimeoutError as exc:
            raise DeadlineExceeded(f"{self.name} does not answer in time", model=self.name) from exc

    async def infer(
        self, body: bytes, json_length: int | None, request_id: str, address: Address | None = None
    ) -> Answer:
        """Send a request, whose JSON has this length where tensors in binary form follow it; raises GatewayError.

        It goes to one address of several where that is given.
        """
        kind = JSON if json_length is None else BINARY % json_length
        head = b"%s%s: %s\r\n%s" % (self.infer_head, ID, request_id.encode(), kind)
        if self.traced and (span := CALL.get()) is not None:
            head += span.context.headers
        if address is not None and self.balanced is not None:
            return await self.balanced.call_at(address, head, body)
        return await self.way.call(head, body)
