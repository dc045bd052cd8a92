"""Joined calls: who is answered what, and by how many calls."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.artifact import Model, load
from contract import Table
from contract.table import Array, pack
from gateway.backends.judge import judged
from gateway.batching import Prediction
from gateway.batching.batcher import Batcher
from gateway.batching.caller import all_parts
from gateway.batching.calls import Calls
from gateway.batching.heard import Heard
from gateway.batching.queue import Queue
from gateway.deadline import Deadline
from gateway.errors import (
    BackendAbsent,
    BackendFault,
    BackendUnavailable,
    BackendUnreachable,
    DeadlineExceeded,
    GatewayError,
    InternalError,
)
from gateway.metrics import Metrics
from gateway.settings import RetrySettings
from oip import InferResponse, Tensor

Outcome = list[Prediction] | BaseException


@pytest.fixture(scope="module")
def model(stored_plain: Path) -> Model:
    """Load the tiny plain model."""
    return load(stored_plain)


class Stub:
    """Answers as the model does, and notes each call; `fails` says of the widths of a call how it fails, if it does."""

    def __init__(self, model: Model, fails: Callable[[Array], Exception | None] = lambda _: None) -> None:
        self.model = model
        self.fails = fails
        self.versions = [model.contract.version]
        self.asked: list[tuple[str, list[float]]] = []
        self.ended: list[str | None] = []
        self.probes = 0
        self.open = self.most_open = 0
        self.spoil: Callable[[dict[str, Array], Table], None] = lambda *_: None
        self.gate: asyncio.Event | None = None

    def check(self) -> None:
        """Be asked whatever happened."""

    def succeeded(self) -> None:
        """Note that a call was answered."""
        self.ended.append(None)

    def failed(self, error: GatewayError) -> None:
        """Note that a call was not."""
        self.ended.append(error.reason)

    async def probe(self) -> None:
        """Answer a probe."""
        self.probes += 1

    async def ask(self, table: Table, call_id: str, again: bool) -> Heard:  # noqa: ARG002
        """Answer one call."""
        widths = table.columns["width"]
        self.asked.append((call_id, list(widths)))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        await (self.gate.wait() if self.gate else asyncio.sleep(0))
        self.open -= 1
        if failure := self.fails(widths):
            raise failure
        columns = {name: column.copy() for name, column in self.model.predict(table).items()}
        self.spoil(columns, table)
        version = self.versions[(len(self.asked) - 1) % len(self.versions)]
        contract = msgspec.structs.replace(self.model.contract, version=version)
        tensors = [Tensor(output.name, output.datatype, columns[output.name]) for output in contract.outputs]
        response = InferResponse(contract.name, version, tensors)
        return Heard(response, contract, judged, table.rows, call_id, 1.0, None)


def batcher(stub: Stub, concurrency: int = 1, most_rows: int = 1024) -> tuple[Batcher, Metrics]:
    """Put a batcher in front of a stub."""
    metrics = Metrics()
    calls = Calls("plain", stub.ask, stub, RetrySettings(shortest_s=0, longest_s=0), metrics.batches("plain"))
    return Batcher(calls, concurrency, Queue(most_rows, 100_000)), metrics


def rows_of(model: Model, widths: Sequence[float]) -> Table:
    """Make a table with a row for each width."""
    columns = {"width": list(widths), "height": [3.0] * len(widths), "count": [4] * len(widths)}
    return pack(model.contract.features, columns)


async def answered(one: Batcher, table: Table, deadline: float, request_id: str = "id") -> list[Prediction]:
    """Ask as a request does, which leaves at its deadline; raises GatewayError."""
    try:
        with Deadline(deadline):
            return cast(list[Prediction], await all_parts([one], [table], request_id, deadline))
    except TimeoutError as exc:
        raise DeadlineExceeded("did not answer in time") from exc


async def ask(one: Batcher, model: Model, requests: Sequence[Sequence[float]], **more: Any) -> list[Outcome]:
    """Send requests of these widths at once; gives predictions or failures."""
    deadline = asyncio.get_running_loop().time() + more.get("within_s", 10)
    work = [answered(one, rows_of(model, its), deadline, f"id-{index}") for index, its in enumerate(requests)]
    return list(await asyncio.gather(*work, return_exceptions=True))


async def turns() -> None:
    """Let everything happen that can happen now."""
    for _ in range(10):
        await asyncio.sleep(0)


def counted(metrics: Metrics, what: str) -> float:
    """Read a counter of the model's."""
    return metrics.registry.get_sample_value(f"bentogate_{what}_total", {"model": "plain"}) or 0.0


def is_right(outcome: Outcome, model: Model, widths: Sequence[float]) -> bool:
    """Say whether an outcome is what the model says of these rows alone, in order."""
    if not isinstance(outcome, list):
        return False
    expected = model.predict(rows_of(model, widths))
    columns = outcome[0].columns
    return all(np.array_equal(columns[name], expected[name]) for name in expected)


requests_of_rows = st.lists(st.lists(st.floats(0.5, 9.5), min_size=1, max_size=9), min_size=1, max_size=40)


@given(requests=requests_of_rows, most_rows=st.integers(1, 30), concurrency=st.integers(1, 3))
def test_each_caller_is_answered_its_own_rows(
    model: Model, requests: list[list[float]], most_rows: int, concurrency: int
) -> None:
    """However they are joined and cut, and however many calls are open at once, which are never more than allowed."""

    async def check() -> None:
        stub = Stub(model)
        one, _ = batcher(stub, concurrency, most_rows)
        outcomes = await ask(one, model, requests)

        assert all(is_right(outcome, model, widths) for outcome, widths in zip(outcomes, requests, strict=True))
        assert stub.most_open <= concurrency
        assert max(len(widths) for _, widths in stub.asked) <= most_rows
        assert sum(len(widths) for _, widths in stub.asked) == sum(map(len, requests))

    asyncio.run(check())


def test_what_comes_in_one_turn_is_one_call(model: Model) -> None:
    """With an id of its own, which its callers are told; one request alone keeps its id."""

    async def check() -> None:
        stub = Stub(model)
        one, metrics = batcher(stub)
        outcomes = await ask(one, model, [[1.0], [2.0, 3.0], [4.0]])
        (alone,) = await ask(one, model, [[5.0]])

        (call_id, widths), (own_id, _) = stub.asked
        assert widths == [1.0, 2.0, 3.0, 4.0]
        assert call_id not in {"id-0", "id-1", "id-2"}
        assert own_id == "id-0"
        assert [one.joint.call_id for outcome in outcomes if isinstance(outcome, list) for one in outcome] == [
            call_id
        ] * 3
        assert isinstance(alone, list)
        assert metrics.registry.get_sample_value("bentogate_batch_rows_sum", {"model": "plain"}) == 5

    asyncio.run(check())


def test_what_comes_during_a_call_is_the_next_one(model: Model) -> None:
    """Nothing waits while nothing is under way; nothing goes while as many calls are under way as may be."""

    async def check() -> None:
        stub = Stub(model)
        stub.gate = asyncio.Event()
        one, _ = batcher(stub)
        first = asyncio.create_task(ask(one, model, [[1.0]]))
        await turns()
        rest = [asyncio.create_task(ask(one, model, [[width]])) for width in (2.0, 3.0, 4.0)]
        await turns()
        waiting = one.queue.rows
        stub.gate.set()
        await asyncio.gather(first, *rest)

        assert waiting == 3
        assert [widths for _, widths in stub.asked] == [[1.0], [2.0, 3.0, 4.0]]

    asyncio.run(check())


def test_a_wrong_row_in_an_answer_is_its_callers_own(model: Model) -> None:
    """The row is known: no further call is made, and the message counts within the request."""

    async def check() -> None:
        stub = Stub(model)

        def spoil(columns: dict[str, Array], table: Table) -> None:
            columns["probability"][table.columns["width"] == 3.0] = np.nan

        stub.spoil = spoil
        one, metrics = batcher(stub)
        first, second, third = await ask(one, model, [[1.0, 2.0], [2.5, 3.0], [4.0]])

        assert is_right(first, model, [1.0, 2.0])
        assert is_right(third, model, [4.0])
        assert isinstance(second, BackendFault)
        assert "in row 1" in str(second)
        assert len(stub.asked) == 1
        assert counted(metrics, "isolation_calls") == 0
        assert counted(metrics, "rows") == 3

    asyncio.run(check())


def test_an_answer_without_some_rows_is_nobodys(model: Model) -> None:
    """It cannot be said whose rows are missing, so the calls are made again until it can."""

    async def check() -> None:
        stub = Stub(model)

        def spoil(columns: dict[str, Array], table: Table) -> None:
            for name in columns:
                columns[name] = columns[name][table.columns["width"] != 3.0]

        stub.spoil = spoil
        one, metrics = batcher(stub)
        outcomes = await ask(one, model, [[1.0], [2.0], [3.0], [4.0]])

        assert counted(metrics, "rows") == 3
        assert [isinstance(outcome, BackendFault) for outcome in outcomes] == [False, False, True, False]
        assert is_right(outcomes[3], model, [4.0])

    asyncio.run(check())


@pytest.mark.parametrize("failure", [BackendUnreachable("gone", model="plain"), RuntimeError("a fault of ours")])
def test_a_failure_of_the_whole_call_is_everybodys(model: Model, failure: Exception) -> None:
    """No further call is made; each caller has an error of its own."""

    async def check() -> None:
        stub = Stub(model, lambda _: failure)
        one, metrics = batcher(stub)
        outcomes = await ask(one, model, [[1.0], [2.0], [3.0]])
        kind = BackendUnreachable if isinstance(failure, GatewayError) else InternalError

        assert all(type(outcome) is kind for outcome in outcomes)
        assert len({id(outcome) for outcome in outcomes}) == 3
        assert len(stub.asked) == 1
        assert counted(metrics, "isolation_calls") == 0

    asyncio.run(check())


def test_a_call_ends_at_the_latest_deadline_of_its_callers(model: Model) -> None:
    """Until then it may still be answered; whoever has a shorter one has gone by then."""

    async def check() -> None:
        stub = Stub(model)
        stub.gate = asyncio.Event()
        one, _ = batcher(stub)
        loop = asyncio.get_running_loop()
        began = loop.time()
        work = [answered(one, rows_of(model, [1.0]), began + within) for within in (0.01, 0.05, 0.02)]
        outcomes = await asyncio.gather(*work, return_exceptions=True)

        assert [type(outcome) for outcome in outcomes] == [DeadlineExceeded] * 3
        assert loop.time() - began >= 0.05

    asyncio.run(check())


@pytest.mark.parametrize("changes", [False, True])
def test_a_large_request_is_of_one_version(model: Model, changes: bool) -> None:
    """Where the model changes between two of its calls there is no prediction, and the caller may come again."""

    async def check() -> None:
        stub = Stub(model)
        if changes:
            stub.versions = ["old", "new"]
        one, _ = batcher(stub, most_rows=2)
        (outcome,) = await ask(one, model, [[1.0, 2.0, 3.0]])

        assert len(stub.asked) == 2
        if changes:
            assert isinstance(outcome, BackendUnavailable)
        else:
            assert is_right(outcome, model, [1.0, 2.0, 3.0])

    asyncio.run(check())


def test_the_end_begins_no_call(model: Model) -> None:
    """What waits for the call that is ended does not become another one."""

    async def check() -> None:
        stub = Stub(model)
        stub.gate = asyncio.Event()
        one, _ = batcher(stub)
        first = asyncio.create_task(ask(one, model, [[1.0]]))
        await turns()
        second = asyncio.create_task(ask(one, model, [[2.0]]))
        await turns()
        await one.close()
        await turns()

        assert len(stub.asked) == 1
        assert not one.under_way
        first.cancel()
        second.cancel()

    asyncio.run(check())


@pytest.mark.parametrize(("failure", "asked"), [(BackendAbsent("gone"), 1), (BackendUnreachable("lost"), 2)])
def test_who_waits_while_nobody_takes_a_connection_is_refused_too(
    model: Model, failure: BackendUnreachable, asked: int
) -> None:
    """They would wait for another attempt in vain; after a lost connection they are asked for."""

    async def check() -> None:
        stub = Stub(model, lambda _: failure)
        stub.gate = asyncio.Event()
        one, _ = batcher(stub)
        first = asyncio.create_task(ask(one, model, [[1.0]]))
        await turns()
        rest = asyncio.create_task(ask(one, model, [[2.0], [3.0]]))
        await turns()
        stub.gate.set()
        outcomes = [*await first, *await rest]

        assert [type(outcome) for outcome in outcomes] == [type(failure)] * 3
        assert len(stub.asked) == asked

    asyncio.run(check())


def test_a_call_that_nobody_waits_for_is_ended(model: Model) -> None:
    """Once the last of its callers has gone, and the next call begins."""

    async def check() -> None:
        stub = Stub(model)
        stub.gate = asyncio.Event()
        one, _ = batcher(stub)
        asking = [asyncio.create_task(ask(one, model, [[width]])) for width in (1.0, 2.0)]
        await turns()
        third = asyncio.create_task(ask(one, model, [[3.0]]))
        await turns()
        asking[0].cancel()
        await turns()
        assert [widths for _, widths in stub.asked] == [[1.0, 2.0]]

        asking[1].cancel()
        await turns()
        assert [widths for _, widths in stub.asked] == [[1.0, 2.0], [3.0]]
        stub.gate.set()
        assert is_right((await third)[0], model, [3.0])

    asyncio.run(check())
