"""Callers, each with a canary: a record whose right answer was learned from the model itself, and is nobody else's."""

import itertools
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

PATIENCE_S = 30
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Canary:
    """Hold a record and its prediction."""

    record: dict[str, Any]
    prediction: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """Hold one request; its id tells it in the gateway's records, `header` is a line more in its head."""

    id: str
    route: str
    canary: Canary
    header: str = ""

    @property
    def request(self) -> bytes:
        """Write the request, after whose answer the gateway ends the connection."""
        body = json.dumps({"instances": [self.canary.record]}).encode()
        head = f"POST /v1/models/{self.route}:predict HTTP/1.1\r\nHost: gateway\r\nX-Request-Id: {self.id}\r\n"
        head += f"{self.header}\r\n" if self.header else ""
        return f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass(frozen=True)
class Answer:
    """Hold what came back, and after how long."""

    status: int
    headers: dict[str, str]
    document: Any
    seconds: float


def asked(route: str, canary: Canary) -> Asked:
    """Make a request with an id of its own."""
    return Asked(f"caller-{next(NUMBERS)}", route, canary)


def ask(port: int, one: Asked) -> list[Answer]:
    """Send a request and read to the end of the connection; gives all whole answers, of which there should be one."""
    began = time.monotonic()
    received = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
            connection.sendall(one.request)
            while part := connection.recv(65536):
                received += part
    except ConnectionError:
        pass
    return answers_in(received, time.monotonic() - began)


def answers_in(received: bytes, seconds: float) -> list[Answer]:
    """Read whole answers one after the other."""
    answers = []
    while b"\r\n\r\n" in received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        size = int(headers.get("content-length", 0))
        body, received = rest[:size], rest[size:]
        if len(body) < size:
            break
        document = json.loads(body) if "json" in headers.get("content-type", "") else body.decode()
        answers.append(Answer(int(status.split(" ")[1]), headers, document, seconds))
    return answers


def together(calls: Sequence[tuple[int, Asked]]) -> list[list[Answer]]:
    """Have all callers ask at one moment, each its port."""
    ready = threading.Barrier(len(calls))

    def wait_and_ask(call: tuple[int, Asked]) -> list[Answer]:
        ready.wait(PATIENCE_S)
        return ask(*call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(wait_and_ask, calls))


def learned(url: str, draw: Callable[[random.Random], dict[str, Any]], count: int = 100) -> list[Canary]:
    """Ask a model itself about drawn records, and keep those whose prediction is no other's."""
    source = random.Random(5)
    records = [draw(source) for _ in range(400)]
    predictions = httpx.post(f"{url}/predict", json={"instances": records}).raise_for_status().json()["predictions"]
    canaries = [Canary(*one) for one in zip(records, predictions, strict=True)]
    by_answer = {json.dumps(one.prediction): one for one in canaries}
    assert len(by_answer) >= count
    return list(by_answer.values())
