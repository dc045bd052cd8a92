"""What becomes of a call to a model's server, whatever that sends."""

import asyncio
import contextlib
import gc
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import trustme
import uvloop

from benchmarks.ports import free_ports
from gateway.backends.connection import JOINED_BYTES, MOST_HEAD_BYTES, Answer, Connection
from gateway.backends.server import Server
from gateway.backends.transport import IDLE_S, MOST_REQUESTS, OLDEST_S, Transport
from gateway.errors import BackendBroken, BackendCorrupt, BackendLost, BackendUnreachable, GatewayError
from gateway.settings import BackendSettings

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: 2\r\nX-Name: value\r\n\r\nok"
OTHER = WHOLE.replace(b"ok", b"no")
CUT = object()
"""In a script: end the connection here."""


class Scripted:
    """Answer each request over a connection with the next part of a script, and count what comes."""

    def __init__(self, script: Iterable[bytes | object]) -> None:
        self.script = iter(script)
        self.requests: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
            self.requests.append(head + await reader.readexactly(int(length)))
            for part in iter(lambda: next(self.script), None):
                if part is CUT:
                    return
                writer.write(part)  # type: ignore[arg-type]  # it is bytes


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """Serve each connection until it ends; gives the port, and waits for all of them."""
    under_way = 0

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way
        under_way += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        under_way -= 1

    async with await asyncio.start_server(one, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await until(lambda: not under_way)


@contextlib.asynccontextmanager
async def asked(*script: bytes | object, connections: int = 1) -> AsyncIterator[tuple[Scripted, Transport]]:
    """Give a server that answers by a script, with None after each answer, and a transport that asks it."""
    server = Scripted(script)
    async with listening(server.serve) as port:
        transport = Transport("plain", f"http://127.0.0.1:{port}", connections)
        try:
            yield server, transport
        finally:
            transport.close()


async def ask(transport: Transport, body: bytes = b"?") -> Answer:
    """Ask once."""
    async with asyncio.timeout(10):
        return await transport.call(transport.head("POST", "/path") + b"x-given: 1\r\n", body)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.01)


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
    transport = Transport("plain", f"http://127.0.0.1:{silent_port}", connections=1)
    took = []
    for _ in range(3):  # a machine may hold one up
        began = time.monotonic()
        with pytest.raises(BackendUnreachable, match="plain cannot be reached") as caught:
            await ask(transport)
        took.append(time.monotonic() - began)

    assert min(took) < 1
    assert max(took) < 5
    assert caught.value.model == "plain"


@pytest.mark.parametrize("host", ["a..b", "nobody.invalid"])
async def test_a_name_that_is_none_cannot_be_reached(host: str) -> None:
    """Neither one that no resolver takes, nor one that none knows."""
    transport = Transport("plain", f"http://{host}", 1)
    with pytest.raises(BackendUnreachable, match="plain cannot be reached"):
        await transport.call(transport.head("GET", "/"), b"")


async def test_what_is_sent_is_the_request_and_its_frame() -> None:
    """The headers that are given, and each of the transport's own once."""
    async with asked(WHOLE, None) as (server, transport):
        answer = await ask(transport, b"body")

        (sent,) = server.requests
        head, _, body = sent.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        assert lines[0] == "POST /path HTTP/1.1"
        own = [f"host: 127.0.0.1:{transport.port}", "accept-encoding: identity", "content-length: 4"]
        assert sorted(lines[1:]) == sorted(["x-given: 1", *own])
        assert (answer.status, answer.header("x-name"), answer.body, body) == (200, "value", b"ok", b"body")


@pytest.mark.parametrize(
    ("json_length", "kind"),
    [
        (None, ["content-type: application/json"]),
        (2, ["content-type: application/octet-stream", "inference-header-content-length: 2"]),
    ],
)
async def test_a_server_is_asked_in_the_words_of_the_protocol(json_length: int | None, kind: list[str]) -> None:
    """For inference and for documents, below the path of its address; the name of the model may be any."""
    async with asked(WHOLE, None, WHOLE, None) as (scripted, transport):
        url = f"http://127.0.0.1:{transport.port}/below/"
        server = Server("of/two", BackendSettings.model_validate({"url": url}))
        assert (await server.infer(b"{}tensors", json_length, "some-id")).body == b"ok"
        assert (await server.get("/v2"))[::2] == (200, b"ok")
        server.close()

        inference, document = [sent.decode().split("\r\n") for sent in scripted.requests]
        assert inference[0] == "POST /below/v2/models/of%2Ftwo/infer HTTP/1.1"
        assert {"x-request-id: some-id", *kind, "content-length: 9"} < set(inference)
        assert inference[-1] == "{}tensors"
        assert document[0] == "GET /below/v2 HTTP/1.1"


@pytest.mark.parametrize("size", [0, JOINED_BYTES, JOINED_BYTES + 1, 5_000_000])
async def test_a_body_of_any_size_is_sent_whole(size: int) -> None:
    """Small ones in one piece with the head, large ones beside it."""
    async with asked(WHOLE, None) as (server, transport):
        await ask(transport, b"x" * size)

        assert server.requests[0].partition(b"\r\n\r\n")[2] == b"x" * size


ANSWERS = {
    "with a length": WHOLE,
    "in chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nX-After: 1\r\n\r\n",
    "after another is announced": b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + WHOLE,
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("piecewise", [False, True])
async def test_an_answer_is_read_in_whatever_frame_and_pieces(name: str, piecewise: bool) -> None:
    """And the connection serves the next request."""
    pieces = [bytes([byte]) for byte in ANSWERS[name]] if piecewise else [ANSWERS[name]]
    async with asked(*pieces, None, WHOLE, None) as (server, transport):
        first, second = await ask(transport), await ask(transport)

        assert (first.status, first.body, second.body) == (200, b"ok", b"ok")
        assert first.header("link") is None
        assert server.connections == 1


@pytest.mark.parametrize("head", [OK, b"HTTP/1.0 200 OK\r\nX-Name: value\r\n"])
async def test_an_answer_may_end_with_its_connection(head: bytes) -> None:
    """Where it has neither a length nor chunks (RFC 9112, 6.3)."""
    async with asked(head + b"\r\nok", CUT, WHOLE, None) as (server, transport):
        assert (await ask(transport)).body == b"ok"
        assert (await ask(transport)).body == b"ok"
        assert server.connections == 2


FAULTS: dict[str, tuple[list[bytes | object], type[Exception], str]] = {
    "nothing": ([CUT], BackendLost, "the connection to plain was lost"),
    "half a head": ([WHOLE[:20], CUT], BackendBroken, "it was broken off"),
    "half a body": ([WHOLE[:-1], CUT], BackendBroken, "it was broken off"),
    "half a chunk": ([ANSWERS["in chunks"][:60], CUT], BackendBroken, "it was broken off"),
    "another protocol": ([b"SSH-2.0-OpenSSH_9.2\r\n"], BackendCorrupt, "not HTTP/1.1"),
    "two lengths": ([OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nok"], BackendCorrupt, "not HTTP/1.1"),
    "no length": ([OK + b"Content-Length: x\r\n\r\n"], BackendCorrupt, "not HTTP/1.1"),
    "an offer": ([b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], BackendCorrupt, "not HTTP/1.1"),
    "an endless head": ([OK + b"X: " + b"x" * (MOST_HEAD_BYTES + 1)], BackendCorrupt, "too large"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
async def test_what_is_no_answer_is_told_and_costs_its_connection(name: str) -> None:
    """The next request has a connection of its own."""
    script, error, words = FAULTS[name]
    ends = () if CUT in script else (None,)
    async with asked(*script, *ends, WHOLE, None) as (server, transport):
        with pytest.raises(error, match=words) as caught:
            await ask(transport)
        assert (await ask(transport)).body == b"ok"

        assert caught.match("plain")
        assert server.connections == 2


@contextlib.contextmanager
def uncollected() -> Iterator[Callable[[], int]]:
    """Leave what holds itself where it is; gives how many connections more there are than before."""
    gc.collect()
    gc.disable()
    try:
        before = connections()
        yield lambda: connections() - before
    finally:
        gc.enable()


def connections() -> int:
    """Count those that take memory."""
    return sum(isinstance(one, Connection) for one in gc.get_objects())


@pytest.mark.parametrize(
    "script", [[OK + b"Content-Length: 2000000\r\n\r\n" + bytes(1_000_000), CUT], [CUT], [b"no HTTP"], [WHOLE, CUT]]
)
async def test_a_connection_that_is_over_is_let_go(script: list[bytes | object]) -> None:
    """So is all that came: until a collection, which may be far, ten endless answers would be 640 MiB."""
    with uncollected() as left:
        async with asked(*script) as (_, transport):
            with contextlib.suppress(GatewayError):
                await ask(transport)
            transport.close()
            await until(lambda: not left())


def test_a_connection_that_is_never_made_is_let_go() -> None:
    """On uvloop, which makes its object before it connects."""

    async def refused() -> None:
        (port,) = free_ports(1)
        with pytest.raises(BackendUnreachable):
            await ask(Transport("plain", f"http://127.0.0.1:{port}", 1))
        await until(lambda: not left())

    with uncollected() as left:
        uvloop.run(refused())


@pytest.mark.parametrize("surplus", [OTHER, OTHER[:-1], b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
async def test_what_nobody_asked_for_is_no_answer_to_the_next_request(surplus: bytes) -> None:
    """Two answers to one request, in one piece: the second would be given to another caller."""
    async with asked(WHOLE + surplus, None, WHOLE, None) as (server, transport):
        assert (await ask(transport)).body == b"ok"
        assert (await ask(transport)).body == b"ok"
        assert server.connections == 2


async def test_a_call_that_is_given_up_costs_its_connection() -> None:
    """Its answer, which comes later, would be given to the next caller."""
    async with asked(None, WHOLE, None) as (server, transport):
        call = asyncio.create_task(transport.call(transport.head("GET", "/"), b""))
        await until(lambda: bool(server.requests))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        assert (await ask(transport)).body == b"ok"
        assert server.connections == 2


async def test_a_call_that_is_given_up_as_its_answer_comes_leaves_no_connection() -> None:
    """Nobody keeps it then, and its server may never close it."""
    server = Scripted([None])
    async with listening(server.serve) as port:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection("plain"), "127.0.0.1", port)
        call = asyncio.create_task(connection.exchange(b"GET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n", b""))
        await until(lambda: bool(server.requests))
        connection.data_received(WHOLE)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        assert connection.transport.is_closing()


async def test_an_answer_that_comes_too_early_costs_its_connection() -> None:
    """What is not sent yet of its request would stand before the next one."""

    async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(WHOLE)

    async with listening(hasty) as port:
        transport = Transport("plain", f"http://127.0.0.1:{port}", 1)
        assert (await ask(transport, b"x" * 50_000_000)).body == b"ok"
        assert not transport.idle


async def test_calls_wait_for_one_of_the_connections() -> None:
    """There are never more than the settings say."""
    async with asked(*[WHOLE, None] * 8, connections=2) as (server, transport):
        answers = await asyncio.gather(*(ask(transport) for _ in range(8)))

        assert [answer.body for answer in answers] == [b"ok"] * 8
        assert server.connections == 2


async def test_connections_are_used_in_turn_and_closed_when_they_are_old() -> None:
    """Behind a Service each may lead to another pod, and to another version of the model."""
    async with asked(*[WHOLE, None] * 5, connections=2) as (server, transport):
        await asyncio.gather(ask(transport), ask(transport))
        first, second = transport.idle
        await ask(transport)
        assert list(transport.idle) == [second, first]

        second.since -= IDLE_S + 1
        await ask(transport)
        assert list(transport.idle) == [first]
        assert second.transport.is_closing()

        first.since -= IDLE_S + 1
        await ask(transport)
        assert server.connections == 3


async def test_a_connection_serves_so_many_requests_only() -> None:
    """Or the other pods behind a Service would have nothing to do."""
    async with asked(*[WHOLE, None] * (MOST_REQUESTS + 1)) as (server, transport):
        for _ in range(MOST_REQUESTS):
            await ask(transport)
        assert server.connections == 1

        await ask(transport)
        assert server.connections == 2


async def test_a_connection_is_used_for_so_long_only() -> None:
    """Or a pod that came later would have nothing to do where calls are few."""
    async with asked(*[WHOLE, None] * 2) as (server, transport):
        await ask(transport)
        transport.idle[0].made -= OLDEST_S + 1
        await ask(transport)
        assert server.connections == 2


async def test_what_else_was_kept_is_not_used_after_a_loss() -> None:
    """It may have been kept too long, all of it: the second attempt says more on a new connection."""
    async with asked(WHOLE, None, WHOLE, None, CUT, connections=2) as (_, transport):
        await asyncio.gather(ask(transport), ask(transport))
        assert len(transport.idle) == 2
        with pytest.raises(BackendLost):
            await ask(transport)
        assert not transport.idle


async def test_a_connection_that_the_server_closed_is_not_used() -> None:
    """BentoML closes those that are idle for five seconds."""
    async with asked(WHOLE, CUT, WHOLE, None) as (server, transport):
        await ask(transport)
        await until(lambda: not transport.idle or transport.idle[0].transport.is_closing())

        assert (await ask(transport)).body == b"ok"
        assert server.connections == 2


async def test_a_server_may_speak_tls_and_must_be_the_one_that_is_meant() -> None:
    """With the authorities of the system, or those of `SSL_CERT_FILE`."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    cases = (("localhost", False, False), ("127.0.0.1", True, False), ("localhost", True, True))

    def serve() -> None:
        for _ in cases:
            with contextlib.suppress(OSError):
                taken, _ = door.accept()
                with context.wrap_socket(taken, server_side=True) as connection:
                    connection.recv(2**16)
                    connection.sendall(WHOLE)

    with socket.create_server(("127.0.0.1", 0)) as door, ThreadPoolExecutor() as pool:
        pool.submit(serve)
        port = door.getsockname()[1]
        for host, trusted, right in cases:
            transport = Transport("plain", f"https://{host}:{port}", 1)
            if trusted and transport.tls:
                authority.configure_trust(transport.tls)
            with contextlib.nullcontext() if right else pytest.raises(BackendUnreachable, match="cannot be reached"):
                assert (await ask(transport)).body == b"ok"
            transport.close()
