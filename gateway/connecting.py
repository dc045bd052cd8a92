"""How the commands reach a server: by its address, over a connection of the standard library."""

import http.client
from urllib.parse import urlsplit


class Unreachable(Exception):
    """Report that a server gave no answer; the message says why."""


def connect(url: str, timeout_s: float) -> tuple[http.client.HTTPConnection, str]:
    """Give a connection, which is made with its first request, and the path before all that is asked; close it."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout_s), parts.path.rstrip("/")


def get(url: str, path: str, timeout_s: float) -> tuple[int, bytes]:
    """Ask for a document over a connection of its own; gives status and body, and raises Unreachable."""
    connection, base = connect(url, timeout_s)
    try:
        connection.request("GET", f"{base}{path}")
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as exc:
        raise Unreachable(str(exc) or type(exc).__name__) from exc
    finally:
        connection.close()
