"""Whom a request is from: only trusted proxies are believed, and only as far as they saw themselves."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from benchmarks.ports import free_ports
from gateway.account import Proxies
from tests.gateway.conftest import PLAIN, settings_of
from tests.gateway.grpc_client import connected, request
from tests.gateway.test_account import Recorded
from tests.gateway.test_grpc import PLAIN as TENSORS
from tests.serving import running_gateway

PROXIES = Proxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # who is not trusted may say what it wants
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # the first was told by the client itself
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1,10.0.0.2 , 10.0.0.3"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),  # several lines are one list
        ("10.0.0.1", ["10.0.0.4, 10.0.0.2"], "10.0.0.4"),  # a client inside
        ("10.0.0.1", ["198.51.100.1, unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("fd00::1", ["2001:DB8::0:1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("", ["198.51.100.1"], ""),
    ],
)
def test_the_last_address_that_no_trusted_proxy_has(peer: str, forwarded: list[str], client: str) -> None:
    """What stands before it may be made up."""
    assert PROXIES.client(peer, forwarded) == client


@pytest.mark.parametrize(("trusted", "caller"), [("127.0.0.0/8,10.0.0.0/8", "198.51.100.1"), ("", "127.0.0.1")])
def test_the_record_names_the_caller(tmp_path: Path, ports: dict[str, int], trusted: str, caller: str) -> None:
    """Over HTTP and gRPC; without trusted proxies nobody is believed."""
    (port,) = free_ports(1)
    settings, told = settings_of(ports, grpc_port=port), "1.1.1.1, 198.51.100.1, 10.1.2.3"
    with running_gateway(tmp_path, settings, GATEWAY_TRUSTED_PROXIES=trusted) as client:
        recorded = Recorded(client, tmp_path / "gateway.log")
        headers = {"x-forwarded-for": told, "x-request-id": "http"}
        client.post("/v1/models/plain:predict", json={"instances": [PLAIN]}, headers=headers)
        with connected(port) as (_, stub):
            metadata = (("x-forwarded-for", told), ("x-request-id", "grpc"))
            stub.ModelInfer(request("plain", TENSORS), metadata=metadata)
        callers = {recorded.of(request_id)["caller"] for request_id in ("http", "grpc")}

    assert callers == {caller}
