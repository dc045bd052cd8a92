"""A caller that writes its bytes itself."""

import json
import re
import socket
from urllib.parse import urlsplit

import httpx

from tests.gateway.conftest import MIXED, PLAIN

HOST = "Host: gateway\r\n"
BODY = json.dumps({"instances": [{**PLAIN, **MIXED}]})
POST = f"POST /v1/predict HTTP/1.1\r\n{HOST}"
GOOD = f"{POST}Content-Length: {len(BODY)}\r\n\r\n{BODY}"
LIVE = f"GET /livez HTTP/1.1\r\n{HOST}\r\n"
LAST = LIVE.replace(HOST, f"{HOST}Connection: close\r\n")


def connected(client: httpx.Client) -> socket.socket:
    """Connect to the gateway."""
    url = urlsplit(str(client.base_url))
    return socket.create_connection((url.hostname, url.port), timeout=20)


def rest(connection: socket.socket) -> bytes:
    """Give all that comes until the end."""
    return b"".join(iter(lambda: connection.recv(2**16), b""))


def sent(client: httpx.Client, *pieces: str) -> list[str]:
    """Send pieces over one connection, and give all answers until its end."""
    with connected(client) as connection:
        for piece in pieces:
            connection.sendall(piece.encode("latin-1"))
        return re.split(r"(?=HTTP/1\.1 )", rest(connection).decode())[1:]


def counted(client: httpx.Client, reason: str) -> float:
    """Give how many were refused for a reason."""
    text = httpx.get(f"{client.headers['x-admin']}/metrics").text
    found = re.search(rf'^bentogate_refused_total{{reason="{reason}"}} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0
