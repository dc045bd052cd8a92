"""One model behind the gateway: what is known of it, and its predictions."""

import asyncio
import contextlib
import time
from collections.abc import Callable

from contract import ContractError, Feature, Interface, RecordDecoder, Table, join
from contract.table import pack_rows
from gateway.backends.breaker import Breaker
from gateway.backends.declared import Declared
from gateway.backends.dialect import Dialect, Told
from gateway.backends.golden import Riders
from gateway.backends.history import History
from gateway.backends.judge import output_blamed, output_refused
from gateway.backends.server import Server
from gateway.batching import Batcher, Calls, Heard
from gateway.errors import (
    BackendBusy,
    BackendCorrupt,
    BackendFault,
    BackendUnavailable,
    BackendUnknown,
    GatewayError,
)
from gateway.metrics import Metrics
from gateway.settings_backend import BackendSettings
from oip import HEADER_LENGTH, SERVER_TIMING, InferResponse, ProtocolError, compute_ms, read_response
from oip.asgi import new_id

LOOK_UPS, LOOK_UPS_S = 10, 1.0
"""While a model rolls out, asking for its contract may reach the other version; so often and so long it is tried.

A Service gives each connection one pod, and the pool takes its connections in turn.
"""

OF_A_RECORD = (400, 413, 422, 500)
"""A server that refuses records, or fails with one, says one of these."""

MOST_VERSIONS = 8
"""So many contracts are kept at most, whatever versions a server names."""


class Backend:
    """Ask one model.

    `contract` is the newest that is known. The contracts of the versions that answered before are kept, so that each
    answer is judged by its own while a rollout is under way.
    """

    def __init__(self, name: str, settings: BackendSettings, metrics: Metrics) -> None:
        self.name = name
        self.server = Server(name, settings)
        self.dialect: Dialect = Told(self.server)
        if settings.contract is not None:
            self.dialect = Declared(self.server, settings.contract, settings.scores)
        self.learned = metrics.learned
        self.history = History(name)
        self.known: dict[str, Interface] = {}
        self.current: Interface | None = None
        self.own_decoder: RecordDecoder | None = None
        self.riders = Riders(settings.golden_every, metrics.golden_counter(name))
        self.breaker = Breaker(name, settings.breaker, self.prove, metrics.breaker_opened.labels(name).inc)
        calls = Calls(name, self.ask, self.breaker, settings.retries, metrics.batches(name))
        self.batcher = Batcher(calls, settings.concurrency, settings.max_batch_rows)
        self.submit = self.batcher.submit
        metrics.watch_queue(name, lambda: len(self.batcher.under_way), lambda: self.batcher.queue.rows)
        metrics.breaker.labels(name).set_function(lambda: self.breaker.is_open)

    async def close(self) -> None:
        """End the calls under way and close the connections."""
        await self.batcher.close()
        await self.breaker.close()
        self.server.close()

    @property
    def contract(self) -> Interface:
        """Give the newest contract; raises BackendUnknown before the model has answered."""
        if self.current is None:
            raise BackendUnknown(f"{self.name} has not answered since the gateway started", model=self.name)
        return self.current

    @property
    def decoder(self) -> RecordDecoder:
        """Give the reader of records for the newest contract."""
        if self.own_decoder is None or self.own_decoder.features is not self.contract.features:
            self.own_decoder = RecordDecoder(self.contract.features)
        return self.own_decoder

    async def learn(self) -> Interface:
        """Look the contract up; raises GatewayError, or ContractError where it is none of this model."""
        contract = await self.dialect.contract()
        old = self.current
        if old is None or contract.version != old.version:
            self.known[contract.version] = self.current = contract
            while len(self.known) > MOST_VERSIONS:
                del self.known[next(iter(self.known))]
            self.learned(self.name, old.version if old else None, contract.version)
            self.history.note(old, contract)
        if self.riders.golden is None or self.riders.golden.contract.version != contract.version:
            self.riders.golden = await self.dialect.golden(contract)
        return contract

    async def is_ready(self) -> bool:
        """Ask the model whether it can answer."""
        try:
            return (await self.server.get(f"{self.server.model_path}/ready")).status == 200
        except GatewayError:
            return False

    async def prove(self) -> None:
        """Have the model answer a golden row, or its contract's example, or at least that it is ready.

        Raises GatewayError where it does not.
        """
        if golden := self.riders.golden:
            row = golden.next()
            if difference := row.difference(await self.call(row.table, new_id(), again=True)):
                raise BackendCorrupt(f"{self.name} answers wrongly: {difference}", model=self.name)
        elif self.current is not None:
            features = self.current.features
            example = pack_rows(features, [[feature.example for feature in features]])
            (await self.call(example, new_id(), again=True)).judged()
        elif not await self.is_ready():
            raise BackendUnavailable(f"{self.name} is not ready", model=self.name)

    async def ask(self, table: Table, call_id: str, again: bool) -> Heard:
        """Ask for the outputs of checked rows in one call, which is told its id; `again` after a call with them failed.

        Raises BackendFault where a record may be to blame, else another GatewayError, each naming the model.
        """
        rider = None if again else self.riders.next(table)
        if rider is None:
            return await self.call(table, call_id, again)
        heard, difference = self.riders.part(await self.call(join([table, rider.table]), call_id, again), rider)
        if difference:
            self.breaker.trip(difference)
            raise BackendCorrupt(f"{self.name} answers wrongly: {difference}", model=self.name)
        return heard

    async def call(self, table: Table, call_id: str, again: bool) -> Heard:
        """Make the call."""
        request = self.dialect.request(table)
        began = time.perf_counter()
        answer = await self.server.infer(*request, call_id)
        call_ms = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise await self.refusal(answer.status, answer.body, table.features, again)
        try:
            read = read_response(answer.body, answer.header(HEADER_LENGTH))
        except ProtocolError as exc:
            raise BackendCorrupt(f"{self.name} gave no valid answer", model=self.name) from exc
        contract = await self.contract_of(read)
        compute = compute_ms(answer.header(SERVER_TIMING))
        return Heard(read, contract, self.dialect.columns, table.rows, call_id, call_ms, compute)

    async def contract_of(self, response: InferResponse) -> Interface:
        """Give the contract of the version that answered, looked up where it is new."""
        version = self.dialect.version(response)
        if version not in self.known and not await self.look_up(lambda: version in self.known):
            raise BackendUnknown(f"{self.name} answered as a version whose contract is not known yet", model=self.name)
        return self.known[version]

    async def look_up(self, found: Callable[[], bool]) -> bool:
        """Ask for the contract until it is the one that is looked for; says whether it is found."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_UPS_S):
                for _ in range(LOOK_UPS):
                    if found():
                        break
                    with contextlib.suppress(GatewayError, ContractError):
                        await self.learn()
        return found()

    async def refusal(self, status: int, body: bytes, asked: tuple[Feature, ...], again: bool) -> GatewayError:
        """Say what a model's refusal of records that were checked by the features `asked` means to the callers."""
        if status in (502, 503):
            return BackendBusy(f"{self.name} cannot answer now", model=self.name)
        if status in (429, 504):  # BentoML says 429 for its own overload
            return BackendUnavailable(f"{self.name} cannot answer now", model=self.name)
        if status not in OF_A_RECORD:
            return BackendCorrupt(f"{self.name} gave no valid answer: status {status}", model=self.name)
        if output := output_blamed(body, self.contract):
            return output_refused(self.name, output, "is no prediction")
        if not again and await self.look_up(lambda: self.contract.features != asked):
            return BackendUnavailable(f"{self.name} has just changed its features", model=self.name)
        return BackendFault(f"{self.name} refused {self.dialect.demand} (status {status})", model=self.name)
