"""Ports for servers that are about to start."""

import os
import socket
from itertools import cycle, islice

CANDIDATES = range(20_000, 30_000)
"""Below those that Linux gives to outgoing connections (ip_local_port_range, from 32768 on): one of these could be
taken by anybody's request before its server has started. And below Kubernetes' node ports, from 30000 on."""

STEP = 6181
"""From one to the next: by the golden ratio of all, as in Fibonacci hashing (Knuth, The Art of Computer Programming,
vol. 3, 6.4), so that neither two that are given together nor those of two processes are neighbours."""

ORDER = [CANDIDATES[number * STEP % len(CANDIDATES)] for number in range(len(CANDIDATES))]
FIRST = os.getpid() * STEP % len(CANDIDATES)
TURNS = cycle([*ORDER[FIRST:], *ORDER[:FIRST]])
"""In this order a process takes them: none twice while a server of its own has yet to start, nor one that a process
beside it has just taken. Drawn at random they would be, now and then: a gateway takes most of a second to start."""


def free_ports(count: int) -> list[int]:
    """Give different ports of 127.0.0.1 on which nothing listens; raises OSError if there are not so many."""
    held: list[socket.socket] = []
    try:
        for port in islice(TURNS, len(CANDIDATES)):
            try:
                held.append(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            if len(held) == count:
                return [one.getsockname()[1] for one in held]
        raise OSError(f"no {count} ports between {CANDIDATES.start} and {CANDIDATES.stop} are free")
    finally:
        for one in held:
            one.close()
