"""Several addresses of one model: how calls are balanced over them, and what becomes of one that fails."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from benchmarks.ports import free_ports
from gateway.backends import balanced as subject
from gateway.backends.address import DOUBTED_S, Address
from gateway.backends.balanced import MOST_FAILURES, Balanced
from gateway.backends.transport import Transport
from gateway.errors import BackendAbsent, BackendElsewhere, BackendLost, BackendUnavailable
from tests.gateway.conftest import PLAIN
from tests.serving import model_app, running_gateway, served

FIRST, SECOND, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"


class Pods:
    """Serve HTTP on loopback addresses, one port on each, and count what each was asked; `sick` ones hang up."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.servers: dict[str, asyncio.Server] = {}
        self.asked: Counter[str] = Counter()
        self.statuses: dict[str, int] = {}
        self.sick: set[str] = set()
        self.slow_s = 0.0

    async def start(self, at: str) -> None:
        """Serve on one address."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await reader.readuntil(b"\r\n\r\n"):
                    self.asked[at] += 1
                    if at in self.sick:
                        break
                    await asyncio.sleep(self.slow_s)
                    writer.write(b"HTTP/1.1 %d x\r\ncontent-length: 2\r\n\r\nok" % self.statuses.get(at, 200))
            writer.close()

        self.servers[at] = await asyncio.start_server(serve, at, self.port)

    def stop(self, at: str) -> None:
        """Take no more connections on one address."""
        self.servers.pop(at).close()


@pytest.fixture
async def pods() -> AsyncIterator[Pods]:
    """Serve on two addresses."""
    pods = Pods()
    await pods.start(FIRST)
    await pods.start(SECOND)
    yield pods
    for at in list(pods.servers):
        pods.stop(at)


@contextlib.asynccontextmanager
async def over(pods: Pods, *addresses: str) -> AsyncIterator[tuple[Balanced, list[int]]]:
    """Balance over addresses; gives how many were asked, each time that it changed."""
    changes: list[int] = []

    async def resolve() -> tuple[str, ...]:
        return addresses

    url = f"http://pods:{pods.port}"
    balanced = Balanced("plain", lambda at: Transport("plain", url, 10, at), resolve)
    balanced.on_change = changes.append
    balanced.update(addresses)
    try:
        yield balanced, changes
    finally:
        balanced.close()


async def ask(balanced: Balanced, times: int = 1) -> Counter[str]:
    """Ask at once; counts the addresses that answered, and the failures by their kind."""
    answers = await asyncio.gather(*[balanced.call(HEAD, b"") for _ in range(times)], return_exceptions=True)
    return Counter(
        type(one).__name__ if isinstance(one, BaseException) else one.by.at if isinstance(one.by, Address) else ""
        for one in answers
    )


HEAD = b"POST / HTTP/1.1\r\nhost: pods\r\n"


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.005)


@pytest.mark.anyio
async def test_the_less_busy_one_is_asked(pods: Pods) -> None:
    """Of 40 calls that are under way at once each address has half; one after the other, each has some."""
    async with over(pods, FIRST, SECOND) as (balanced, changes):
        assert changes == [2]
        pods.slow_s = 0.05
        assert await ask(balanced, 20) == {FIRST: 10, SECOND: 10}
        pods.slow_s = 0
        one_by_one = sum([await ask(balanced) for _ in range(60)], Counter())
        assert min(one_by_one.values()) >= 10


@pytest.mark.anyio
async def test_an_address_that_comes_is_asked_and_one_that_goes_is_not(pods: Pods) -> None:
    """As the name resolves; a call that is under way comes to its end, and an empty answer changes nothing."""
    async with over(pods, FIRST, SECOND) as (balanced, changes):
        pods.slow_s = 0.1
        under_way = asyncio.create_task(ask(balanced, 4))
        await until(lambda: pods.asked.total() == 4)
        await pods.start(THIRD)
        balanced.update([SECOND, THIRD])
        pods.slow_s = 0
        assert await under_way == {FIRST: 2, SECOND: 2}
        assert set(await ask(balanced, 20)) == {SECOND, THIRD}
        balanced.update([])
        assert set(balanced.addresses) == {SECOND, THIRD}
        assert changes == [2, 2]


@pytest.mark.anyio
async def test_an_address_that_takes_no_connection_leaves_the_call_to_another(pods: Pods) -> None:
    """The failure says that it may be made once more; with no other address it does not."""
    pods.stop(SECOND)
    async with over(pods, FIRST, SECOND) as (balanced, _):
        with pytest.raises(BackendElsewhere):
            await balanced.call_at(balanced.addresses[SECOND], HEAD, b"")
        assert await ask(balanced) == {FIRST: 1}  # one that has just failed is taken for busier
        gone = balanced.addresses[SECOND]
        balanced.update([FIRST])
        with pytest.raises(BackendElsewhere):  # it was chosen before
            await balanced.call_at(gone, HEAD, b"")
    async with over(pods, SECOND) as (balanced, _):
        with pytest.raises(BackendAbsent):
            await balanced.call(HEAD, b"")
    async with over(pods) as (balanced, _):
        with pytest.raises(BackendAbsent, match="plain has no address"):
            await balanced.call(HEAD, b"")


@pytest.mark.anyio
@pytest.mark.parametrize("how", ["lost", "absent", "unavailable"])
async def test_an_address_that_fails_again_and_again_is_left_out_until_it_proves_itself(
    pods: Pods, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After five failures in a row; the last one is never left out."""
    monkeypatch.setattr(subject, "OUT_S", 0.05)
    well, proofs = asyncio.Event(), list[str]()

    async def prove(at: Address) -> None:
        proofs.append(at.at)
        if not well.is_set():
            raise BackendUnavailable("not yet", model="plain")

    async with over(pods, FIRST, SECOND) as (balanced, changes):
        balanced.prove = prove
        second = balanced.addresses[SECOND]
        if how == "absent":
            pods.stop(SECOND)
        pods.sick = {SECOND} if how == "lost" else set()
        pods.statuses[SECOND] = 503
        for _ in range(MOST_FAILURES):
            assert not second.is_out
            with contextlib.suppress(BackendLost, BackendElsewhere):
                await balanced.call_at(second, HEAD, b"")
        assert second.is_out
        assert changes == [2, 1]
        assert await ask(balanced, 20) == {FIRST: 20}

        first = balanced.addresses[FIRST]
        pods.sick = {FIRST}
        for _ in range(2 * MOST_FAILURES):
            with pytest.raises(BackendLost):
                await balanced.call_at(first, HEAD, b"")
        assert not first.is_out
        assert not balanced.leave_out(first, "a wrong answer")

        await until(lambda: len(proofs) >= 2)
        assert second.is_out
        well.set()
        await until(lambda: not second.is_out)
        assert set(proofs) == {SECOND}
        assert changes == [2, 1, 2]


@pytest.mark.anyio
async def test_an_address_proves_itself_on_after_whatever_failure(pods: Pods, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody has foreseen, and a silence without an end, leave no address out for ever."""
    monkeypatch.setattr(subject, "OUT_S", 0.01)
    monkeypatch.setattr(subject, "PROVE_S", 0.05)
    proofs: list[str] = []

    async def prove(at: Address) -> None:
        proofs.append(at.at)
        if len(proofs) == 1:
            raise ArithmeticError
        if len(proofs) == 2:
            await asyncio.Event().wait()

    async with over(pods, FIRST, SECOND) as (balanced, changes):
        balanced.prove = prove
        assert balanced.leave_out(balanced.addresses[SECOND], "a wrong answer")
        await until(lambda: not balanced.addresses[SECOND].is_out)
        assert (proofs, changes) == ([SECOND] * 3, [2, 1, 2])


@pytest.mark.anyio
async def test_a_name_is_resolved_again_and_again(pods: Pods, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be resolved leaves what is known."""
    monkeypatch.setattr(subject, "EVERY_S", 0.01)
    answers: list[list[str] | OSError] = [[FIRST], OSError("no such name"), [FIRST, SECOND]]

    async def resolve() -> list[str]:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer

    async with over(pods) as (balanced, changes):
        balanced.resolve = resolve
        watching = asyncio.create_task(balanced.watch())
        await until(lambda: set(balanced.addresses) == {FIRST, SECOND})
        watching.cancel()
        assert changes == [1, 2]


def test_a_gateway_asks_the_addresses_of_a_name(stored_plain: Path, tmp_path: Path) -> None:
    """With `endpoints: dns`; where it has one that takes no connection, callers hear nothing of that."""
    with served(model_app(stored_plain)) as port:
        plain = {"url": f"http://localhost:{port}", "endpoints": "dns"}
        with running_gateway(tmp_path, {"backends": {"plain": plain}, "default": "plain"}) as client:
            answers = [client.post("/v1/predict", json={"instances": [PLAIN]}).status_code for _ in range(20)]
            assert answers == [200] * 20
            metrics = httpx.get(f"{client.headers['x-admin']}/metrics").text
            assert re.search(r'^bentogate_addresses{model="plain"} [12]\.0$', metrics, re.MULTILINE)


@pytest.mark.anyio
async def test_who_was_lost_is_asked_elsewhere_first(pods: Pods) -> None:
    """However busy the other address is; after a second the one that lost it has its turn again."""
    async with over(pods, FIRST, SECOND) as (balanced, _):
        pods.sick = {FIRST}
        while not balanced.addresses[FIRST].failures:
            await ask(balanced)
        pods.sick, pods.slow_s = set(), 0.02
        assert await ask(balanced, 20) == {SECOND: 20}
        await asyncio.sleep(DOUBTED_S)
        assert (await ask(balanced, 20))[FIRST] > 0
