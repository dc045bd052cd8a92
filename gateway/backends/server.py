"""Where a model's server is, and the two things that are asked of it: documents and inference."""

import asyncio
from urllib.parse import quote

import httpx

from gateway.backends.transport import Answer, Transport, call
from gateway.errors import DeadlineExceeded
from gateway.settings_backend import BackendSettings
from oip import HEADER_LENGTH, REQUEST_ID

PROBE_TIMEOUT_S = 1.0


class Server:
    """Ask one server for one model; `name` is the backend's, `model` what the server calls it."""

    def __init__(self, name: str, settings: BackendSettings) -> None:
        self.name = name
        self.model = settings.model or name
        self.address = settings.address
        self.model_path = f"/v2/models/{quote(self.model, safe='')}"
        self.infer_url = httpx.URL(f"{self.address}{self.model_path}/infer")
        self.transport = Transport(self.address, settings.connections)

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.aclose()

    async def get(self, path: str) -> tuple[int, bytes]:
        """Ask for a document; gives status and body. Raises GatewayError, DeadlineExceeded among them."""
        request = httpx.Request("GET", f"{self.address}{path}")
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                answer = await call(self.transport, request, self.name)
        except TimeoutError as exc:
            raise DeadlineExceeded(f"{self.name} does not answer in time", model=self.name) from exc
        return answer.status, answer.body

    async def infer(self, body: bytes, json_length: int | None, request_id: str) -> Answer:
        """Send a request, whose JSON has this length where tensors in binary form follow it; raises GatewayError."""
        headers = [(REQUEST_ID, request_id)]
        if json_length is None:
            headers += [("content-type", "application/json")]
        else:
            headers += [("content-type", "application/octet-stream"), (HEADER_LENGTH, str(json_length))]
        # Given a stream, httpx does not look for headers to add, which took it 10 µs of 15; the transport adds them.
        request = httpx.Request("POST", self.infer_url, headers=headers, stream=httpx.ByteStream(body))
        request.read()
        return await call(self.transport, request, self.name)
