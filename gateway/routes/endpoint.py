"""What both inference endpoints share: they are plain ASGI, count what they do, and never let an exception out."""

import asyncio
import re
import secrets
import time
from abc import ABC, abstractmethod
from typing import NamedTuple

import structlog

from gateway.errors import (
    DeadlineExceeded,
    GatewayError,
    InternalError,
    TooLarge,
    UnknownEncoding,
    WrongMethod,
)
from gateway.gateway import Gateway
from gateway.plans import Plan
from gateway.problems import rendered
from oip import BodyTooLarge, Disconnected, read_body, send_body
from oip.asgi import Headers, Receive, Scope, Send

REQUEST_ID = re.compile(rb"[\w.-]{1,128}")

log = structlog.get_logger()


class Call(NamedTuple):
    """Hold one request that was read."""

    plan: Plan
    version: str | None
    headers: Headers
    body: bytes
    id: str


class Answer(NamedTuple):
    """Hold what goes back."""

    body: bytes
    content_type: bytes
    headers: list[tuple[bytes, bytes]]


class Endpoint(ABC):
    """Answer `POST` on one form of inference."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    @abstractmethod
    async def answer(self, call: Call) -> Answer:
        """Give the answer to a request that has a plan; raises GatewayError."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, name: str, version: str | None = None) -> None:
        """Serve one request; whatever fails becomes a status, a body and a count."""
        started = time.perf_counter()
        metrics, status, headers = self.gateway.metrics, 200, dict(scope["headers"])
        request_id = id_of(headers)
        try:
            async with asyncio.timeout(self.gateway.settings.timeout_s):
                body = await read_body(headers, receive, self.gateway.settings.max_body_bytes)
                plan = self.accepted(scope, headers, name)
                content, content_type, extra = await self.answer(Call(plan, version, headers, body, request_id))
        except Disconnected:
            return
        except Exception as exc:  # noqa: BLE001 (the one outermost handler)
            error = translated(exc, name)
            metrics.refusal_counter(error.reason).inc()
            status, content, content_type = rendered(error, scope["path"], request_id)
            extra = error.headers
        extra.append((b"x-request-id", request_id.encode()))
        await send_body(send, status, content, content_type, extra)
        route = name if name in self.gateway.plans else "unknown"
        metrics.request_counter(route, status).inc()
        metrics.total_timer(route).observe(time.perf_counter() - started)

    def accepted(self, scope: Scope, headers: Headers, name: str) -> Plan:
        """Check what does not depend on the form, and give the plan; raises GatewayError."""
        if scope["method"] != "POST":
            raise WrongMethod("inference is a POST")
        encoding = headers.get(b"content-encoding", b"identity")
        if encoding.lower() != b"identity":
            raise UnknownEncoding(f"the content encoding {encoding.decode('latin-1')[:40]!r} is unknown")
        return self.gateway.plan(name)


def id_of(headers: Headers) -> str:
    """Take over the caller's id where it is sane, or make one."""
    given = headers.get(b"x-request-id", b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def translated(exc: Exception, name: str) -> GatewayError:
    """Give every exception its place among the gateway's errors."""
    if isinstance(exc, GatewayError):
        return exc
    if isinstance(exc, TimeoutError):
        return DeadlineExceeded(f"{name} did not answer in time")
    if isinstance(exc, BodyTooLarge):
        return TooLarge(str(exc))
    log.error("a request failed", route=name, exc_info=exc)
    return InternalError("the gateway failed; its log says why")
