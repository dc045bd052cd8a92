"""A client that offers another protocol is answered in HTTP/1.1, body and all."""

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from tests.gateway.conftest import PLAIN

OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {}\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
BODY = json.dumps({"instances": [PLAIN]})
HALVES = BODY[:20], BODY[20:]
FRAMES = {
    "whole": f"Content-Length: {len(BODY)}\r\n\r\n{BODY}",
    "chunked": "Transfer-Encoding: chunked\r\n\r\n" + "".join(f"{len(part):x}\r\n{part}\r\n" for part in (*HALVES, "")),
}
LAST = "GET /v2/health/live HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"


def post(frame: str, offer: str) -> str:
    """Write a prediction's request."""
    return f"POST /v1/models/plain:predict HTTP/1.1\r\nHost: gateway\r\n{OFFER.format(offer)}{FRAMES[frame]}"


def answers(client: httpx.Client, *pieces: str) -> list[str]:
    """Send pieces one after the other, the last of which ends the connection; gives status and body of each answer."""
    address = urlsplit(str(client.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece.encode())
        text = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    return [answer[:4] + answer.partition("\r\n\r\n")[2] for answer in text.split("HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("offer", ["h2c", "websocket"])
@pytest.mark.parametrize("frame", FRAMES)
def test_the_body_of_an_offer_is_read(client: httpx.Client, frame: str, offer: str) -> None:
    """Java's client offers HTTP/2 with its requests; the next ones on the connection are answered as well."""
    first, second, last = answers(client, post(frame, offer) * 2 + LAST)

    assert first.startswith("200 ")
    assert json.loads(first[4:])["predictions"] == json.loads(second[4:])["predictions"]
    assert last == '200 {"live":true}'


@pytest.mark.parametrize("frame", FRAMES)
def test_it_may_come_in_any_pieces(client: httpx.Client, frame: str) -> None:
    """The head and the body too."""
    request = post(frame, "h2c")
    head = request.index("\r\n\r\n")

    for cut in (10, head + 2, head + 4, head + 30):
        first, last = answers(client, request[:cut], request[cut:], LAST)
        assert first.startswith("200 "), first
        assert last == '200 {"live":true}'


def test_it_may_be_the_last_of_its_connection(client: httpx.Client) -> None:
    """One that closes the connection, and one in HTTP/1.0."""
    closing = post("whole", "h2c").replace("Connection: Upgrade", "Connection: close, Upgrade")
    old = post("whole", "h2c").replace("HTTP/1.1", "HTTP/1.0")

    for request in (closing, old):
        (answer,) = answers(client, request)
        assert answer.startswith("200 "), answer


def test_an_offer_without_a_body_is_a_request_like_any(client: httpx.Client) -> None:
    """A GET, and a POST that says nothing."""
    get = f"GET /v2/health/live HTTP/1.1\r\nHost: gateway\r\n{OFFER.format('h2c')}\r\n"
    nothing = post("whole", "h2c").partition("Content-Length")[0] + "\r\n"
    first, second, last = answers(client, get, nothing, LAST)

    assert (first, last) == ('200 {"live":true}', '200 {"live":true}')
    assert second.startswith("400 ")
    assert "is not JSON" in second
