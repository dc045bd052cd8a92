"""How the commands reach a server: by its address, over a connection of the standard library."""

import http.client
from urllib.parse import urlsplit


def connect(url: str, timeout_s: float) -> tuple[http.client.HTTPConnection, str]:
    """Give a connection, which is made with its first request, and the path before all that is asked; close it."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout_s), parts.path.rstrip("/")
