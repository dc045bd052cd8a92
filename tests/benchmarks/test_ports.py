"""Ports for servers: whom one was given for may be slow to start."""

from benchmarks.ports import free_ports


def test_no_port_is_given_twice() -> None:
    """Of a thousand, of which no server has started yet: drawn at random from ten thousand, fifty were."""
    ports = [port for _ in range(500) for port in free_ports(2)]

    assert len(set(ports)) == len(ports)
