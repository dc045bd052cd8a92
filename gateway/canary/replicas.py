"""What all replicas of a gateway tell of a split, read from their admin sides and summed up."""

import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from gateway.connecting import Unreachable, get
from gateway.sides import SideCounts

TIMEOUT_S = 5.0
MOST_AT_ONCE = 16


class Report(msgspec.Struct):
    """Mirror what a replica tells of a split: counts by side and version."""

    process: str
    weights: dict[str, float]
    sides: dict[str, dict[str, SideCounts]] = {}

    def share(self, side: str) -> float:
        """Give how much a side has of all, from 0 to 1."""
        return self.weights.get(side, 0.0) / (sum(self.weights.values()) or 1)  # a route that is no split has none


class Heard(NamedTuple):
    """Hold the reports of those that answered, and why others did not."""

    reports: list[Report]
    silent: dict[str, str]

    @property
    def told(self) -> str:
        """Say who did not answer, if anybody."""
        silent = "; ".join(f"{url}: {why}" for url, why in self.silent.items())
        return f" (no answer from {silent})" if silent else ""


class Replicas:
    """Ask the admin sides at these addresses, and at all that a name, `host:port`, stands for when it is asked."""

    def __init__(self, addresses: Sequence[str], name: str | None) -> None:
        self.addresses = addresses
        self.name = name

    def urls(self) -> list[str]:
        """Give all addresses now; raises OSError where the name stands for none."""
        if self.name is None:
            return list(self.addresses)
        host, _, port = self.name.rpartition(":")
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        hosts = dict.fromkeys(f"[{one[4][0]}]" if ":" in str(one[4][0]) else str(one[4][0]) for one in found)
        return [*self.addresses, *(f"http://{one}:{port}" for one in hosts)]

    def ask(self, route: str) -> Heard:
        """Read all reports of a route; a name that stands for nobody is silent, or a step would pass without them."""
        try:
            urls = self.urls()
        except OSError as exc:
            return Heard([], {str(self.name): str(exc)})
        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            found = dict(zip(urls, pool.map(lambda url: report_of(url, route), urls), strict=True))
        return Heard(
            [one for one in found.values() if isinstance(one, Report)],
            {url: one for url, one in found.items() if isinstance(one, str)},
        )


def report_of(url: str, route: str) -> Report | str:
    """Read the report of one replica, or say why that is not possible."""
    try:
        status, body = get(url, f"/plans/{quote(route)}", TIMEOUT_S)
        return msgspec.json.decode(body, type=Report) if status == 200 else f"{status}, {detail_of(body)}"
    except Unreachable as exc:
        return str(exc)
    except msgspec.MsgspecError as exc:
        return f"no report of a split: {exc}"


class Problem(msgspec.Struct):
    """Mirror of a problem document what a person reads."""

    detail: str


def detail_of(body: bytes) -> str:
    """Say what an answer that is no report says."""
    try:
        return msgspec.json.decode(body, type=Problem).detail
    except msgspec.MsgspecError:
        return body[:200].decode(errors="replace")
