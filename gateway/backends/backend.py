"""One model behind the gateway: what is known of it, and how it is asked."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from contract import Contract, ContractError, Output, RecordDecoder, Table, tensors_of_table
from contract.table import Array
from gateway.backends.judge import judged, output_blamed, output_refused
from gateway.backends.transport import call, open_transport
from gateway.errors import BackendFault, BackendUnavailable, BackendUnknown, DeadlineExceeded, GatewayError
from gateway.settings import BackendSettings
from oip import (
    HEADER_LENGTH,
    REQUEST_ID,
    SERVER_TIMING,
    InferResponse,
    ProtocolError,
    Tensor,
    compute_ms,
    read_response,
    write_request,
)

LOOK_UPS = 3
"""While a model rolls out, asking for its contract may reach the other version; so often it is tried."""

PROBE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Prediction:
    """Hold what one model answered: `[rows]` arrays by the name of the output.

    `call_ms` is how long the call took, `compute_ms` what the model says that it took itself, None if nothing.
    """

    model: str
    version: str
    outputs: tuple[Output, ...]
    columns: dict[str, Array]
    call_ms: float
    compute_ms: float | None


class Backend:
    """Ask one model.

    `contract` is the newest that it told. The contracts of the versions that answered before are kept, so that each
    answer is judged by its own while a rollout is under way.
    """

    def __init__(self, name: str, settings: BackendSettings, learned: Callable[[str, str | None, str], None]) -> None:
        self.name = name
        self.address = settings.address
        self.infer_url = httpx.URL(f"{self.address}/v2/models/{name}/infer")
        self.host = self.infer_url.netloc.decode()
        self.learned = learned
        self.known: dict[str, Contract] = {}
        self.current: Contract | None = None
        self.own_decoder: RecordDecoder | None = None
        self.transport = open_transport(settings.connections)

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.aclose()

    @property
    def contract(self) -> Contract:
        """Give the newest contract; raises BackendUnknown before the model has told one."""
        if self.current is None:
            raise BackendUnknown(f"{self.name} has not answered since the gateway started", model=self.name)
        return self.current

    @property
    def decoder(self) -> RecordDecoder:
        """Give the reader of records for the newest contract."""
        if self.own_decoder is None or self.own_decoder.features is not self.contract.features:
            self.own_decoder = RecordDecoder(self.contract.features)
        return self.own_decoder

    async def get(self, path: str) -> tuple[int, bytes]:
        """Ask for a document; gives status and body. Raises GatewayError, DeadlineExceeded among them."""
        request = httpx.Request("GET", f"{self.address}{path}")
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                response, body = await call(self.transport, request, self.name)
        except TimeoutError as exc:
            raise DeadlineExceeded(f"{self.name} does not answer in time", model=self.name) from exc
        return response.status_code, body

    async def learn(self) -> Contract:
        """Ask the model for its contract; raises GatewayError, or ContractError where it is none of this model."""
        status, body = await self.get("/artifact/contract")
        if status != 200:
            raise BackendUnavailable(f"{self.name} answers its contract with status {status}", model=self.name)
        contract = Contract.from_json(body)
        if contract.name != self.name or not contract.version:
            raise ContractError(f"{self.address} serves {contract.name!r}, not {self.name!r}")
        old = self.current.version if self.current else None
        if contract.version != old:
            self.known[contract.version] = self.current = contract
            self.learned(self.name, old, contract.version)
        return contract

    async def is_ready(self) -> bool:
        """Ask the model whether it can answer."""
        try:
            status, _ = await self.get(f"/v2/models/{self.name}/ready")
        except GatewayError:
            return False
        return status == 200

    async def predict(self, table: Table, request_id: str) -> Prediction:
        """Ask for the outputs of checked rows; the model is told the id.

        Raises BackendFault, BackendUnreachable, BackendUnavailable and BackendUnknown, each naming the model.
        """
        asked = self.contract
        try:
            rows = table.select(asked.features)
        except KeyError as exc:  # a new version came between reading the record and now
            raise BackendUnavailable(f"{self.name} has just changed its features", model=self.name) from exc
        body, length = write_request([Tensor(*tensor) for tensor in tensors_of_table(rows)])
        headers = [
            ("host", self.host),
            ("content-type", "application/octet-stream"),
            ("content-length", str(len(body))),
            ("accept-encoding", "identity"),  # the transport would ask for gzip, and not unpack it
            (HEADER_LENGTH, str(length)),
            (REQUEST_ID, request_id),
        ]
        request = httpx.Request("POST", self.infer_url, headers=headers, content=body)
        began = time.perf_counter()
        response, answer = await call(self.transport, request, self.name)
        call_ms = (time.perf_counter() - began) * 1000
        if response.status_code != 200:
            raise await self.refusal(response.status_code, answer, asked)
        try:
            read = read_response(answer, response.headers.get(HEADER_LENGTH))
        except ProtocolError as exc:
            raise BackendFault(f"{self.name} gave no valid answer", model=self.name) from exc
        contract = await self.contract_of(read)
        columns = judged(read, contract, rows.rows)
        compute = compute_ms(response.headers.get(SERVER_TIMING))
        return Prediction(self.name, contract.version, contract.outputs, columns, call_ms, compute)

    async def contract_of(self, response: InferResponse) -> Contract:
        """Give the contract of the version that answered, looked up where it is new."""
        version = response.model_version or ""
        for _ in range(LOOK_UPS):
            if version in self.known:
                return self.known[version]
            try:
                await self.learn()
            except (GatewayError, ContractError):
                continue
        if version in self.known:
            return self.known[version]
        raise BackendFault(f"{self.name} answered as a version that it does not describe", model=self.name)

    async def refusal(self, status: int, body: bytes, asked: Contract) -> GatewayError:
        """Say what a model's refusal of records that were checked by the contract `asked` means to the caller."""
        if status in (429, 502, 503, 504):  # BentoML says 429 for its own overload
            return BackendUnavailable(f"{self.name} cannot answer now", model=self.name)
        if output := output_blamed(body, asked):
            return output_refused(self.name, output, "is no prediction")
        with contextlib.suppress(GatewayError, ContractError):
            await self.learn()
        if self.contract.version != asked.version:
            return BackendUnavailable(f"{self.name} has just changed its features", model=self.name)
        return BackendFault(f"{self.name} refused a checked record (status {status})", model=self.name)
