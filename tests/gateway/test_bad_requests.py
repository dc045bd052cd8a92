"""Whoever sends something wrong is told so, in the words of the path, at once, and sees nothing of the inside.

The requests are in bad_requests.yaml.
"""

import contextlib
import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.conftest import ROOT
from tests.gateway.conftest import settings_of
from tests.gateway.corpus import DOORS, Entry, entries
from tests.gateway.liveness import PATH, Liveness
from tests.serving import running_gateway, served

BLOCK_S = 0.25
"""Five times the 50 ms that are promised."""

TRIES = 3
"""A block comes back each time; what another process takes of the processor does not."""

INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|0x[0-9a-f]{6}|<class|msgspec|starlette|numpy|"
    r"\b(?:[A-Z][a-z]+){1,4}(?:Error|Exception|Decoder)\b|127\.0\.0\.1|localhost|/tmp/|/usr/|/home/"
)


ENTRIES = list(entries())
KEYS = {"name", "to", "only", "method", "path", "headers", "body", "swap", "buffers", "status", "pointers", "text"}


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int], bento: str) -> Iterator[dict[str, str]]:
    """Give the addresses of a gateway with the limits that it has by default, and of a bento."""
    with running_gateway(tmp_path_factory.mktemp("bad"), settings_of(ports)) as client:
        yield {"gateway": str(client.base_url), "bento": bento}


def ask(address: str, entry: Entry, *servers: psutil.Process) -> tuple[int, str, str, float]:
    """Send an entry byte for byte; gives status, content type, text, and how long others were held up.

    The servers are processes that this one started, unless they are given.
    """
    headers, body = entry.request()
    url = urlsplit(address)
    processes = list(servers) or psutil.Process().children(recursive=True)
    with Liveness(url.hostname or "", url.port or 0, processes) as life:
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=30)
        connection.putrequest(entry.method, entry.path, skip_accept_encoding=True)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            connection.putheader(name, value)
        with contextlib.suppress(ConnectionError):  # it was refused before all was sent, and the answer is there
            connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
    return answer.status, answer.headers["content-type"], text, life.held_up_s


def told(document: dict[str, Any]) -> str:
    """Give all that an answer says, in one line."""
    faults = [f"{fault['pointer']}: {fault['detail']}" for fault in document.get("errors", [])]
    return "; ".join([document.get("error", ""), document.get("detail", ""), *faults])


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.door} {entry.told['to']}: {entry.name}")
def test_a_bad_request_is_told_what_is_wrong_with_it(addresses: dict[str, str], entry: Entry) -> None:
    """Status, content type, and pointers or text; nothing internal; and other callers go on meanwhile."""
    held_up: list[float] = []
    while len(held_up) < TRIES and min(held_up, default=BLOCK_S) >= BLOCK_S:
        status, content_type, text, once = ask(addresses[entry.door], entry)
        held_up.append(once)
    document = json.loads(text)

    assert (status, told(document)) == (entry.told["status"], told(document))
    assert entry.told.get("text", "") in told(document)
    if entry.is_v1:
        assert content_type == "application/problem+json"
        assert [error["pointer"] for error in document.get("errors", [])] == entry.told.get("pointers", [])
    else:
        assert (content_type, list(document)) == ("application/json", ["error"])
    assert not INSIDE.search(text), INSIDE.search(text)
    assert str(ROOT) not in text
    assert socket.gethostname() not in text
    assert len(text) < 20_000
    assert min(held_up) < BLOCK_S, held_up


def test_there_are_many_of_them() -> None:
    """At least 120, each with a name of its own, and with nothing that is not read."""
    every = [(entry.told["to"], entry.name) for entry in ENTRIES if entry.door == DOORS[entry.told["to"]][0]]

    assert len(every) >= 120
    assert set().union(*(entry.told for entry in ENTRIES)) == KEYS
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("door", ["gateway", "bento"])
@pytest.mark.parametrize("form", ["v1", "v2", "binary"])
def test_the_good_request_is_answered(addresses: dict[str, str], door: str, form: str) -> None:
    """What the bad ones are made from is right: what is refused is what was changed."""
    good = next(entry for entry in ENTRIES if entry.told["to"] == form)
    entry = Entry("good", door, {"to": form}, good.good)
    if door in DOORS[form]:
        assert ask(addresses[door], entry)[0] == 200


def test_a_block_of_the_event_loop_would_be_noticed() -> None:
    """A server that works for 300 ms without giving way stays silent for as long."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def block(_: Request) -> Response:
        until = time.thread_time() + 0.3
        while time.thread_time() < until:
            pass
        return JSONResponse({"error": "blocked"}, 400)

    app = Starlette(routes=[Route(PATH, live), Route("/v2/models/mixed/infer", block, methods=["POST"])])
    with served(app) as port:
        entry = next(entry for entry in ENTRIES if not entry.is_v1)
        *_, held_up = ask(f"http://127.0.0.1:{port}", entry, psutil.Process())

    assert held_up > BLOCK_S
