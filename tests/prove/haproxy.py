"""HAProxy: the one entrance of several gateways, and one address for the replicas of each model."""

import contextlib
import csv
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.ports import free_ports
from tests.serving import wait_until

COMMON = """
global
    log stdout format raw local0
    stats socket {socket} level admin
defaults
    log global
    option dontlog-normal
    retries 0
    no option redispatch
    timeout connect 5s
    timeout client 60s
    timeout server 60s
"""
"""What is lost stays lost: nothing is asked again, at the same server or at another."""

ENTRANCE = """
listen gateways
    mode http
    option httplog
    bind 127.0.0.1:{port}
    option httpchk GET /readyz
    timeout check 5s
    default-server check inter 500ms fall 2 rise 1
"""
"""Of a gateway that ends it hears within a second; one that is only slow, on two cores for all, is not taken for it."""

ADDRESS = """
listen {name}
    mode tcp
    option tcplog
    bind 127.0.0.1:{port}
"""
"""It looks at no health, as a Service does not: new connections go to all who are listed, and others stay."""


@dataclass(frozen=True)
class HAProxy:
    """Hold the port that leads to the gateways, and of each model that which leads to its replicas."""

    folder: Path
    port: int
    models: Mapping[str, int]

    @property
    def log(self) -> Path:
        """Give the file of what did not end well, with its reason: https://docs.haproxy.org/2.6/configuration.html#8.5."""
        return self.folder / "haproxy.log"

    def tell(self, command: str) -> str:
        """Give a command to its runtime API; gives the answer."""
        with socket.socket(socket.AF_UNIX) as api:
            api.connect(os.fspath(self.folder / "socket"))
            api.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: api.recv(65536), b"")).decode()

    def set_listed(self, server: str, *, listed: bool) -> None:
        """Give a server new connections, or none; those that it has stay."""
        answer = self.tell(f"set server {server} state {'ready' if listed else 'drain'}")
        assert not answer.strip(), answer

    def until_up(self, server: str) -> None:
        """Wait until a server's checks say that it is well."""
        place = server.split("/")

        def status() -> str:
            rows = csv.DictReader(self.tell("show stat").removeprefix("# ").splitlines())
            return next(row["status"] for row in rows if [row["pxname"], row["svname"]] == place)

        wait_until(lambda: status().startswith("UP"), 40)


@contextlib.contextmanager
def haproxy(
    folder: Path, gateways: Sequence[tuple[int, int]], models: Mapping[str, Sequence[int]]
) -> Iterator[HAProxy]:
    """Run it before gateways, each with its public and its admin port, and before the replicas of each model.

    Servers are named by their number: `gateways/0`, `diagnosis/1`.
    """
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.fail("HAProxy is missing: apt-get install haproxy")
    port, *ports = free_ports(1 + len(models))
    one = HAProxy(folder, port, dict(zip(models, ports, strict=True)))
    lines = [COMMON.format(socket=folder / "socket"), ENTRANCE.format(port=port)]
    lines += [f"    server {n} 127.0.0.1:{its} check port {admin}\n" for n, (its, admin) in enumerate(gateways)]
    for name, replicas in models.items():
        lines.append(ADDRESS.format(name=name, port=one.models[name]))
        lines += [f"    server {n} 127.0.0.1:{its}\n" for n, its in enumerate(replicas)]
    (folder / "haproxy.cfg").write_text("".join(lines))
    with one.log.open("w") as log:
        command = [program, "-db", "-f", os.fspath(folder / "haproxy.cfg")]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: (folder / "socket").exists() or process.poll() is not None)
        assert process.poll() is None, one.log.read_text()
        yield one
    finally:
        process.terminate()
        process.wait(10)
