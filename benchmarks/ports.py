"""Ports for servers that are about to start."""

import random
import socket

CANDIDATES = range(20_000, 30_000)
"""Below those that Linux gives to outgoing connections (ip_local_port_range, from 32768 on): one of these could be
taken by anybody's request before its server has started. And below Kubernetes' node ports, from 30000 on."""


def free_ports(count: int) -> list[int]:
    """Give different ports of 127.0.0.1 on which nothing listens; raises OSError if there are not so many."""
    held: list[socket.socket] = []
    try:
        for port in random.sample(CANDIDATES, len(CANDIDATES)):
            if len(held) == count:
                return [one.getsockname()[1] for one in held]
            try:
                held.append(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
        raise OSError(f"no {count} ports between {CANDIDATES.start} and {CANDIDATES.stop} are free")
    finally:
        for one in held:
            one.close()
