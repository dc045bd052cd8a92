"""One caller that asks for ten times its share of a model: those who keep to theirs hardly notice."""

from collections.abc import Iterator

import httpx
import msgspec
import pytest
import uvloop

from benchmarks.exchange import post
from benchmarks.fair import MOST_WAIT, by_address, by_forwarding, fair_share, shared
from tests.gateway.conftest import PLAIN
from tests.prove.held import PATH, held

BODY = msgspec.json.encode({"instances": [PLAIN]})
SLOWER = 2.0


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run one that believes proxies at 127.0.0.1, and none at the addresses of the other callers."""
    folder = tmp_path_factory.mktemp("fair")
    with held(folder, {"max_queued_rows": MOST_WAIT}, trusted_proxies=["127.0.0.1/32"]) as client:
        yield client


@pytest.mark.parametrize("by", ["address", "forwarding"])
def test_a_greedy_caller_delays_itself_only(gateway: httpx.Client, in_full: bool, by: str) -> None:
    """Those who keep to their shares are never refused, and have no less of the model than the greedy one."""
    url = f"{str(gateway.base_url).rstrip('/')}{PATH}"
    requests = by_address(post(url, BODY)) if by == "address" else by_forwarding(url, BODY)
    seconds = 20.0 if in_full else 1.0
    found = uvloop.run(shared(requests, uvloop.run(fair_share(requests[0], min(seconds, 2))), seconds))
    print(found.line(f"by {by}"))  # noqa: T201

    for one in (*found.alone, *found.beside):
        assert one.answered_all
    assert set(found.greedy.parts) <= {200, 503}
    assert found.slower < SLOWER or not in_full
