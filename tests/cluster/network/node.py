"""The one node: a sandbox that holds all others, the cables between them, and the world outside."""

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.cluster.network.sandbox import Sandbox
from tests.conftest import ROOT

NODE, WORLD = "192.0.2.1", "192.0.2.2"
"""The node's address outside, and somebody's there."""


class Node:
    """Hold every sandbox by name; the machine's own network stays as it is, and nothing outlives the tests.

    `world` reaches the node's address, and knows no name. Leaving the context ends everything.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandboxes: dict[str, Sandbox] = {}
        self.own = self.sandbox("node", ["cat"])

    def __enter__(self) -> Self:
        self.own.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        self.own.run("ip", "link", "set", "lo", "up")
        self.own.start()
        self.world = self.sandbox("world", ["cat"])
        self.connect(self.world, WORLD, NODE)
        self.own.run("ip", "route", "add", "default", "via", WORLD)
        self.world.start()
        return self

    def __exit__(self, *_: object) -> None:
        for sandbox in self.sandboxes.values():  # the node's own is the first, and ends all
            sandbox.end(signal.SIGKILL)

    def sandbox(
        self, name: str, command: list[str], env: Mapping[str, str] | None = None, workdir: Path = ROOT
    ) -> Sandbox:
        """Make a sandbox inside the node's own; gives it unstarted."""
        made = Sandbox(command, self.folder / f"{name}.log", workdir, env, self.sandboxes.get("node"))
        self.sandboxes[name] = made
        return made

    def connect(self, sandbox: Sandbox, address: str, gateway: str) -> None:
        """Lay a cable between a sandbox and the node, so that all it sends passes the node's rules.

        Pods on one bridge would answer each other past these rules, unless the machine's kernel filters bridges.
        """
        cable = f"cable{len(self.sandboxes)}"
        self.own.run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(sandbox.pid))
        here = [f"addr add {gateway}/32 dev {cable}", f"link set {cable} up", f"route add {address} dev {cable}"]
        self.own.run("ip", "-batch", "-", given="\n".join(here))
        there = ["link set lo up", f"addr add {address}/32 dev eth0", "link set eth0 up"]
        there += [f"route add {gateway} dev eth0", f"route add default via {gateway}"]
        sandbox.run("ip", "-batch", "-", given="\n".join(there))

    def logs(self, lines: int = 20) -> str:
        """Give the last lines that each sandbox printed."""
        last = {name: sandbox.log.read_text().splitlines()[-lines:] for name, sandbox in self.sandboxes.items()}
        return "\n".join(f"{name}: {line}" for name, some in last.items() for line in some)
