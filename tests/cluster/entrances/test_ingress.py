"""The Ingress: no password in the clear."""

import httpx
import pytest

from tests.cluster.entrances.entrance import ADA, BODY, PREDICT, Entrance


@pytest.mark.parametrize("auth", [ADA, None], ids=["right", "none"])
def test_plain_http_is_sent_to_https_unread(ingress: Entrance, auth: tuple[str, str] | None) -> None:
    """The redirect keeps method and path, and comes before anybody looks at a password."""
    before = [pod.answered() for pod in ingress.pods]
    answer = httpx.post(f"{ingress.plain_url}{PREDICT}", json=BODY, auth=auth)

    assert (answer.status_code, answer.headers["location"]) == (308, f"https://localhost{PREDICT}")
    assert "set-cookie" not in answer.headers
    assert [pod.answered() for pod in ingress.pods] == before
