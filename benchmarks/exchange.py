"""A request over HTTP/1.1, written once to be sent many times."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Request:
    """Hold where a request goes, and its bytes; it may come from another address of this machine."""

    host: str
    port: int
    content: bytes
    tls: ssl.SSLContext | None = None
    source: str | None = None


def post(url: str, body: bytes, headers: Mapping[str, str] = JSON, authority: str | None = None) -> Request:
    """Write a request, over TLS to whom an authority's file vouches for; raises ValueError for what is no URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is no URL of HTTP")
    tls = ssl.create_default_context(cafile=authority) if parts.scheme == "https" else None
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    lines = {"host": parts.netloc, **headers, "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    content = f"POST {target} HTTP/1.1\r\n{head}\r\n".encode() + body
    return Request(parts.hostname, parts.port or (443 if tls else 80), content, tls)
