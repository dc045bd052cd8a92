"""The Gateway API: passwords that go no further than the entrance, and never in the clear."""

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.cluster.entrances.entrance import ADA, BODY, PREDICT, Entrance
from tests.cluster.entrances.pods import endpoint_slice
from tests.serving import served, wait_until


def test_a_password_goes_no_further_than_the_entrance(gateway_api: Entrance) -> None:
    """A pod sees who asks for what and from where, and no Authorization."""
    seen: list[Headers] = []

    async def pod(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(Request(scope).headers)
        await Response()(scope, receive, send)

    with served(pod) as port:
        listed = endpoint_slice("127.0.0.1", port, {"ready": True})
        gateway_api.api.apply(listed)
        try:
            wait_until(lambda: gateway_api.newcomers(1) and seen)
        finally:
            gateway_api.api.delete(listed)
            wait_until(lambda: not reaches(gateway_api, seen))

    assert seen[0]["x-forwarded-proto"] == "https"
    assert not any("authorization" in headers for headers in seen)


def reaches(entrance: Entrance, seen: list[Headers]) -> bool:
    """Say whether one of six newcomers is seen."""
    before = len(seen)
    entrance.newcomers(6)
    return len(seen) > before


@pytest.mark.parametrize("auth", [ADA, None], ids=["right", "none"])
def test_plain_http_has_no_route(gateway_api: Entrance, auth: tuple[str, str] | None) -> None:
    """The only listener speaks HTTPS: on the plain entry point no path is known, nor is it on the other without TLS."""
    before = [pod.answered() for pod in gateway_api.pods]
    plain = httpx.post(f"{gateway_api.plain_url}{PREDICT}", json=BODY, auth=auth)
    mistaken = httpx.post(gateway_api.url.replace("https", "http") + PREDICT, json=BODY, auth=auth)

    assert (plain.status_code, mistaken.status_code) == (404, 404)
    assert [pod.answered() for pod in gateway_api.pods] == before
