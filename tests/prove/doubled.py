"""Everything twice: two gateways behind HAProxy, in front of two replicas of each of two real bentos."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.callers import Canary, learned
from tests.faults.services import Service, service
from tests.faults.stack import draw_mixed, draw_plain
from tests.prove.gateways import Gateway, gateways
from tests.prove.haproxy import HAProxy, haproxy

TWO = 2

DRAWN = {"plain": draw_plain, "mixed": draw_mixed}

DRAIN_S = 2.5
"""Over twice as long as HAProxy's checks take."""

PRE_STOP_S = 5.0
"""Less than in `k8s/base/model/deployment.yaml`: some connections are as old then, and end under the gateway."""


@dataclass(frozen=True)
class Doubled:
    """Hold what runs; made by `doubled`."""

    proxy: HAProxy
    gateways: list[Gateway]
    replicas: dict[str, list[Service]]
    canaries: list[Canary]

    def roll_gateways(self) -> None:
        """Restart one gateway, and when HAProxy has it again the other."""
        for number, one in enumerate(self.gateways):
            one.end()
            one.start()
            self.proxy.until_up(f"gateways/{number}")

    def roll_replicas(self) -> None:
        """Restart one replica of both models, and when it is ready the other.

        As Kubernetes does it: SIGTERM comes when the address has not led to it for a while, but connections stay.
        """
        for number in range(TWO):
            servers = {f"{name}/{number}": replicas[number] for name, replicas in self.replicas.items()}
            for server in servers:
                self.proxy.set_listed(server, listed=False)
            time.sleep(PRE_STOP_S)  # what Kubernetes sleeps
            for one in servers.values():
                one.end()
                one.start()
            for server, one in servers.items():
                one.until_ready()
                self.proxy.set_listed(server, listed=True)

    def recorded(self, name: str) -> Counter[tuple[str, int | None]]:
        """Count the access records of requests of this name, of both gateways, by id and status."""
        return Counter(record for gateway in self.gateways for record in gateway.recorded(name))


@contextlib.contextmanager
def doubled(folder: Path) -> Iterator[Doubled]:
    """Run it all, for the tiny models of the store."""
    with contextlib.ExitStack() as opened:
        replicas = {name: [opened.enter_context(service(name, folder)) for _ in range(TWO)] for name in DRAWN}
        some = opened.enter_context(gateways(folder, TWO))
        ports = {name: [one.port for one in its] for name, its in replicas.items()}
        proxy = opened.enter_context(haproxy(folder, [(one.port, one.admin) for one in some], ports))
        for one in [one for its in replicas.values() for one in its]:
            one.until_ready()
        for number, gateway in enumerate(some):
            gateway.configure(settings(proxy))
            gateway.start()
            proxy.until_up(f"gateways/{number}")
        plain, mixed = [learned(replicas[name][0].url, draw) for name, draw in DRAWN.items()]
        yield Doubled(proxy, some, replicas, [joined(*pair) for pair in zip(plain, mixed, strict=False)])


def settings(proxy: HAProxy) -> dict[str, Any]:
    """Give the settings of the gateways."""
    urls = {name: f"http://127.0.0.1:{port}" for name, port in proxy.models.items()}
    return {
        "backends": {name: {"url": url, "concurrency": TWO} for name, url in urls.items()},
        "routes": {"both": {"ensemble": list(urls)}},
        "default": "both",
        "drain_s": DRAIN_S,
        "max_lag_ms": 1_000,  # two cores carry all of it, and what is refused for that says nothing of restarts
    }


def joined(plain: Canary, mixed: Canary) -> Canary:
    """Make a record of both models."""
    return Canary(plain.record | mixed.record, {"plain": plain.prediction, "mixed": mixed.prediction})
