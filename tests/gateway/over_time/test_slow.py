"""Who is slow is refused after the limits of the door, and who is not is let alone."""

import asyncio
import contextlib
import json
import re
import socket
import ssl
import time
from pathlib import Path

import pytest
import uvloop

from benchmarks.ports import free_ports
from gateway.ending import Ending
from gateway.listening import Guard, Refusals, listener, watch
from gateway.listening.watch import BODY_S, HEAD_S, IDLE_S, TAKEN_S, Owing, look
from oip import send_body
from oip.asgi import Receive, Scope, Send
from stack.certificate import make_certificate
from tests.gateway.conftest import settings_of
from tests.gateway.raw import BODY, GOOD, LAST, LIVE, connected, counted, rest
from tests.serving import running_gateway

KEPT_S = 20.0


class Late:
    """A connection whose caller owes one thing for ever; keeps what is done about it."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.heard = False
        self.owing = Owing()
        self.ended = ""

    def owes(self) -> tuple[str, object]:
        """Say what."""
        return self.what, None

    def refuse(self, error: Exception) -> None:
        """Keep that."""
        self.ended = str(error)

    def give_up(self) -> None:
        """Keep that."""
        self.ended = "given up"


@pytest.mark.parametrize(
    ("what", "trickles", "after_s"),
    [
        ("ask", True, HEAD_S),
        ("ask more", True, KEPT_S),
        ("head", True, HEAD_S),
        ("body", False, IDLE_S),
        ("body", True, BODY_S),
        ("take", False, TAKEN_S),
    ],
)
def test_each_limit_ends_what_takes_longer(what: str, trickles: bool, after_s: float) -> None:
    """A second late at most; a byte now and then helps only where the limit is for the next byte."""
    late, now = Late(what), 100.0
    while not late.ended:
        look(late, now, KEPT_S)
        now, late.heard = now + 1, trickles

    assert after_s < now - 100 <= after_s + 2


def test_who_owes_nothing_is_let_alone() -> None:
    """However long a model takes; and who takes an answer slowly, but takes it."""
    for what in ("", "take"):
        late = Late(what)
        for second in range(100):
            look(late, second)
            late.heard = True
        assert not late.ended


def test_who_is_slow_is_sent_away(tmp_path: Path, ports: dict[str, int]) -> None:
    """Half a head and half a body are answered 408; who asks nothing or shakes no hand is only let go."""
    make_certificate(tmp_path / "tls")
    (port,) = free_ports(1)
    settings = settings_of(ports, tls_dir=str(tmp_path / "tls"), tls_port=port, keep_alive_s=HEAD_S)
    with running_gateway(tmp_path, settings) as client, contextlib.ExitStack() as stack:
        slow = {
            "nothing": "",
            "blank lines": "\r\n\r\n",
            "half a head": LIVE[:-2],
            "half a body": GOOD[:-1],
            "half a body, refused": GOOD[:-1].replace("/v1/predict", "/nowhere"),
            "another head": LIVE + LIVE[:-2],
            "kept": LIVE,
        }
        began = time.monotonic()
        connections = {name: stack.enter_context(connected(client)) for name in slow}
        silent = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
        trusting = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.crt")
        secure = stack.enter_context(
            trusting.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20), server_hostname="127.0.0.1")
        )
        secure.sendall(LIVE[:-2].encode())
        for name, text in slow.items():
            connections[name].sendall(text.encode())
        got = {name: re.findall(r"HTTP/1.1 (\d+)", rest(one).decode()) for name, one in connections.items()}
        got["handshake"] = re.findall(r"HTTP/1.1 (\d+)", rest(silent).decode())
        got["secure"] = re.findall(r"HTTP/1.1 (\d+)", rest(secure).decode())
        took = time.monotonic() - began

        assert got == {
            "nothing": [],
            "blank lines": [],
            "half a head": ["408"],
            "half a body": ["408"],
            "half a body, refused": ["404"],
            "another head": ["200", "408"],
            "kept": ["200"],
            "handshake": [],
            "secure": ["408"],
        }
        assert HEAD_S <= took < 3 * HEAD_S
        assert counted(client, "too_slow") == 6
        assert client.post("/v1/predict", content=BODY).status_code == 200
    lines = [json.loads(line) for line in (tmp_path / "gateway.log").read_text().splitlines()]
    assert [line["reason"] for line in lines if line.get("event") == "refused at the door"] == ["too_slow"]
    assert [(line["route"], line["reason"]) for line in lines if line.get("status") == 408] == [("both", "too_slow")]


def test_a_connection_is_kept_as_long_as_is_set(tmp_path: Path, ports: dict[str, int]) -> None:
    """And no longer; one that is new has its five seconds, whatever is set."""
    with running_gateway(tmp_path, settings_of(ports, keep_alive_s=0.5)) as client:
        kept, new = connected(client), connected(client)
        with kept, new:
            kept.sendall(LIVE.encode())

            assert rest(kept).startswith(b"HTTP/1.1 200 ")
            new.sendall(LAST.encode())
            assert rest(new).startswith(b"HTTP/1.1 200 ")


async def large(_: Scope, __: Receive, send: Send) -> None:
    """Answer with more than any buffer on the way holds."""
    await send_body(send, 200, bytes(2**26), b"text/plain")


@pytest.mark.parametrize("takes", [False, True])
def test_who_takes_nothing_of_an_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch, takes: bool) -> None:
    """And who takes it slowly is not."""
    monkeypatch.setattr(watch, "TAKEN_S", 1.0)

    async def serve() -> None:
        serving = listener(large, Ending(), Guard(1, 2**20, Refusals(lambda _: None)))
        task = asyncio.create_task(serving.serve(sockets=[door]))
        loop, connections = asyncio.get_running_loop(), serving.server_state.connections
        while not connections:  # noqa: ASYNC110 (what is waited for tells nobody)
            await asyncio.sleep(0.01)
        end = loop.time() + (4 if takes else 20)
        while connections and loop.time() < end:
            with contextlib.suppress(BlockingIOError):
                caller.recv(2**16 if takes else 0)
            await asyncio.sleep(0.05)

        assert bool(connections) is takes
        caller.close()
        serving.should_exit = True
        await task

    with socket.create_server(("127.0.0.1", 0)) as door, socket.create_connection(door.getsockname()) as caller:
        caller.sendall(LIVE.encode())
        caller.setblocking(False)
        uvloop.run(serve())
