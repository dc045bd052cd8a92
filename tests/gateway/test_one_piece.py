"""An answer goes out in one piece where that is possible, and as uvicorn would send it everywhere else."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvloop

from gateway.ending import Ending
from gateway.listening import Guard, Listener, Refusals, listener
from gateway.listening.one_piece import JOINED_BYTES
from oip import send_body
from oip.asgi import Receive, Scope, Send


async def whole(_: Scope, __: Receive, send: Send) -> None:
    """Answer as the endpoints do."""
    await send_body(send, 200, b"whole", b"text/plain", [(b"x-more", b"1")])


async def large(_: Scope, __: Receive, send: Send) -> None:
    """Answer with more than is joined."""
    await send_body(send, 200, b"x" * (JOINED_BYTES + 1), b"text/plain")


async def empty(_: Scope, __: Receive, send: Send) -> None:
    """Answer with nothing, and no length."""
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def streamed(_: Scope, __: Receive, send: Send) -> None:
    """Answer in parts, with turns of the loop between."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for part in (b"str", b"eam", b"ed"):
        await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


async def short(_: Scope, __: Receive, send: Send) -> None:
    """Answer with less than is announced."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
    await send({"type": "http.response.body", "body": b"short"})


async def broken(_: Scope, __: Receive, send: Send) -> None:
    """Begin an answer and fail."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    raise RuntimeError("on purpose")


async def injected(_: Scope, __: Receive, send: Send) -> None:
    """Put a line break into a header."""
    await send_body(send, 200, b"whole", b"text/plain", [(b"x-more", b"1\r\nset-cookie: 1")])


async def closing(_: Scope, __: Receive, send: Send) -> None:
    """End the connection."""
    await send_body(send, 200, b"whole", b"text/plain", [(b"connection", b"close")])


async def twice(_: Scope, __: Receive, send: Send) -> None:
    """Answer twice."""
    await send_body(send, 200, b"whole", b"text/plain")
    await send_body(send, 200, b"again", b"text/plain")


async def failing(_: Scope, __: Receive, send: Send) -> None:
    """Answer and fail."""
    await send_body(send, 200, b"whole", b"text/plain")
    raise RuntimeError("on purpose")


APPS: dict[str, Any] = {
    f"/{app.__name__}": app for app in (whole, large, empty, streamed, short, broken, injected, closing, twice, failing)
}


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """Serve the apps above as the gateway serves its own; gives host and port."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await APPS[scope["path"]](scope, receive, send)

    serving: list[Listener] = []

    async def serve() -> None:
        serving.append(listener(app, Ending(), Guard(100, 2**20, Refusals(lambda _: None))))
        await serving[0].serve(sockets=[door])

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=lambda: uvloop.run(serve()))
        thread.start()
        yield door.getsockname()
        serving[0].should_exit = True
        thread.join(10)


@pytest.fixture
def ask(address: tuple[str, int]) -> Iterator[Callable[..., httpx.Response]]:
    """Ask over one connection."""
    with httpx.Client(base_url="http://{}:{}".format(*address)) as client:
        yield client.request


def raw(address: tuple[str, int], *lines: str) -> bytes:
    """Send a request and give all that comes until the end."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "Host: x", "Connection: close", "", ""]).encode())
        return b"".join(iter(lambda: connection.recv(2**16), b""))


def test_head_and_body_come_together(address: tuple[str, int]) -> None:
    """And what uvicorn says of its own is there too."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(b"GET /whole HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = connection.recv(2**16).partition(b"\r\n\r\n")

    lines = head.decode().split("\r\n")
    assert (lines[0], body) == ("HTTP/1.1 200 OK", b"whole")
    assert lines[1].startswith("date: ")
    assert lines[2:] == ["content-type: text/plain", "content-length: 5", "x-more: 1"]


def test_other_answers_are_uvicorns(ask: Callable[..., httpx.Response]) -> None:
    """In parts, without a body, to HEAD; a large one is whole, and the connection is kept."""
    assert ask("GET", "/large").content == b"x" * (JOINED_BYTES + 1)
    assert ask("GET", "/streamed").content == b"streamed"
    assert ask("GET", "/empty").status_code == 204
    head = ask("HEAD", "/whole")
    assert (head.headers["content-length"], head.content) == ("5", b"")
    assert ask("GET", "/whole").content == b"whole"


def test_an_end_of_the_connection_is_said_once(address: tuple[str, int]) -> None:
    """By the app, or by the server where the client asks for it or speaks HTTP/1.0."""
    for lines in (("GET /closing HTTP/1.1",), ("GET /whole HTTP/1.1",), ("GET /whole HTTP/1.0",)):
        answer = raw(address, *lines).lower()
        assert answer.count(b"connection: close") == 1
        assert answer.endswith(b"whole")


def test_answers_to_requests_sent_at_once_come_in_order(address: tuple[str, int]) -> None:
    """Whatever their form."""
    paths = ["/whole", "/streamed", "/whole", "/empty", "/whole"]
    pipeline = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths)
    answer = raw(address, f"{pipeline}GET /whole HTTP/1.1")

    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert bodies == [b"whole", b"3\r\nstr\r\n3\r\neam\r\n2\r\ned\r\n0\r\n\r\n", b"whole", b"", b"whole", b"whole"]


def test_a_failure_before_the_body_is_500(ask: Callable[..., httpx.Response]) -> None:
    """Nothing of the answer that was begun is sent."""
    answer = ask("GET", "/broken")

    assert (answer.status_code, answer.text) == (500, "Internal Server Error")


@pytest.mark.parametrize("path", ["/short", "/injected"])
def test_a_wrong_answer_ends_its_connection(ask: Callable[..., httpx.Response], path: str) -> None:
    """One that is shorter than it says, and one with a line break in a header, of which nothing is sent."""
    with pytest.raises(httpx.RemoteProtocolError):
        ask("GET", path)


def test_what_was_answered_before_a_failure_is_sent(address: tuple[str, int]) -> None:
    """The connection ends after it."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(b"GET /failing HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(2**16), b""))

    assert answer.endswith(b"whole")


def test_a_second_answer_is_not_sent(address: tuple[str, int]) -> None:
    """It would be taken for the answer to the next request."""
    assert raw(address, "GET /twice HTTP/1.1").count(b"HTTP/1.1") == 1
