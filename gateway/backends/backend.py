"""One model behind the gateway, and its predictions."""

import asyncio
import time
from functools import partial

from contract import Table, join
from contract.table import pack_rows
from gateway.backends.address import Address
from gateway.backends.breaker import Breaker
from gateway.backends.declared import Declared
from gateway.backends.dialect import Dialect, Told
from gateway.backends.golden import Riders
from gateway.backends.known import Known, untold
from gateway.backends.refusal import refusal
from gateway.backends.server import Server
from gateway.batching import Batcher, Calls, Heard, Queue, TracedBatcher, TracedCalls
from gateway.drift import Drift
from gateway.errors import BackendCorrupt, BackendUnavailable, GatewayError
from gateway.metrics import Metrics
from gateway.settings import BackendSettings, DriftSettings
from gateway.tracing import Tracing
from oip import HEADER_LENGTH, SERVER_TIMING, ProtocolError, compute_ms, read_response
from oip.asgi import new_id


class Backend(Known):
    """Ask one model, of which the contracts are known.

    Made by new settings, it is not the one of its name until it is `shown`; then the one before is `retired`.
    """

    def __init__(
        self,
        name: str,
        settings: BackendSettings,
        metrics: Metrics,
        drift: DriftSettings | None = None,
        *,
        tracing: Tracing | None = None,
    ) -> None:
        self.server = Server(name, settings)
        self.server.traced = tracing is not None
        dialect: Dialect = Told(self.server)
        if settings.contract is not None:
            dialect = Declared(self.server, settings.contract, settings.scores)
        compared = Drift(name, drift) if drift and drift.enabled else None
        super().__init__(name, dialect, Riders(settings.golden_every, metrics.golden_counter(name)), compared)
        self.breaker = Breaker(name, settings.breaker, self.prove, metrics.breaker_opened.labels(name).inc)
        observe = compared.note if compared else None
        kind = Calls if tracing is None else partial(TracedCalls, tracing)
        calls = kind(name, self.ask, self.breaker, settings.retries, metrics.batches(name), observe=observe)
        self.breaker.on_back = calls.fatal.note_back
        self.concurrency = settings.concurrency
        queue = Queue(settings.max_batch_rows, settings.max_queued_rows)
        self.batcher = (Batcher if tracing is None else TracedBatcher)(calls, self.concurrency, queue)
        if balanced := self.server.balanced:
            balanced.prove, balanced.on_change = self.prove, self.in_flight
        self.metrics = metrics
        self.watchers: list[asyncio.Task[None]] = []
        self.retired = False

    def show(self) -> None:
        """Have the metrics tell of its state."""
        name, metrics = self.name, self.metrics
        if balanced := self.server.balanced:
            metrics.addresses.labels(name).set_function(lambda: len(balanced.those_in))
        metrics.watch_queue(name, lambda: len(self.batcher.under_way), lambda: self.batcher.queue.rows)
        metrics.breaker.labels(name).set_function(lambda: self.breaker.is_open)
        if self.drift is not None:
            metrics.drift.models[name] = self.drift
        self.learned = metrics.learned
        if self.current is not None:
            self.learned(name, None, self.current.version)

    def retire(self) -> None:
        """Tell nothing more and learn nothing by itself; what is asked is answered until it is closed."""
        self.retired = True
        self.learned = untold
        self.metrics.forget_state(self.name)
        for watcher in self.watchers:
            watcher.cancel()

    async def close(self) -> None:
        """End the calls under way and close the connections."""
        for watcher in self.watchers:
            watcher.cancel()
        await asyncio.gather(*self.watchers, return_exceptions=True)
        await self.batcher.close()
        await self.breaker.close()
        if self.drift is not None:
            self.drift.close()
        self.server.close()

    async def is_ready(self) -> bool:
        """Ask the model whether it can answer."""
        try:
            return (await self.server.get(f"{self.server.model_path}/ready")).status == 200
        except GatewayError:
            return False

    def in_flight(self, addresses: int) -> None:
        """Have as many calls under way as there are addresses."""
        self.batcher.concurrency = max(1, addresses) * self.concurrency

    async def prove(self, at: Address | None = None) -> None:
        """Have the model answer a golden row, or its contract's example, or at least that it is ready; at one address.

        Raises GatewayError where it does not.
        """
        if golden := self.riders.golden:
            row = golden.next()
            if difference := row.difference(await self.call(row.table, new_id(), again=True, at=at)):
                raise BackendCorrupt(f"{self.name} answers wrongly: {difference}", model=self.name)
        elif self.current is not None:
            features = self.current.features
            example = pack_rows(features, [[feature.example for feature in features]])
            (await self.call(example, new_id(), again=True, at=at)).judged()
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
            if not isinstance(heard.by, Address) or not self.leave_out(heard.by, difference):
                self.breaker.trip(difference)
            raise BackendCorrupt(f"{self.name} answers wrongly: {difference}", model=self.name)
        return heard

    def leave_out(self, address: Address, reason: str) -> bool:
        """Ask one address of several no more for a while; False where it is the last."""
        return self.server.balanced is not None and self.server.balanced.leave_out(address, reason)

    async def call(self, table: Table, call_id: str, again: bool, at: Address | None = None) -> Heard:
        """Make the call, to one address of several where that is given."""
        request = self.dialect.request(table)
        began = time.perf_counter()
        answer = await self.server.infer(*request, call_id, at)
        call_ms = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise await refusal(self, answer, table.features, again)
        try:
            read = read_response(answer.body, answer.header(HEADER_LENGTH))
        except ProtocolError as exc:
            raise BackendCorrupt(f"{self.name} gave no valid answer", model=self.name) from exc
        contract = await self.contract_of(read)
        compute = compute_ms(answer.header(SERVER_TIMING))
        return Heard(read, contract, self.dialect.columns, table.rows, call_id, call_ms, compute, answer.by)
