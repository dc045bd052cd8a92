"""What both inference endpoints share: they are plain ASGI, and never let an exception out."""

from abc import ABC, abstractmethod

import msgspec

from gateway.account import Account
from gateway.errors import GatewayError, MalformedRequest, WrongMethod
from gateway.gateway import Gateway
from gateway.plans import Plan
from gateway.problems import rendered
from oip import Disconnected, headers_of, packed, read_body, send_body, unpacked
from oip.asgi import Headers, Receive, Scope, Send

TIMEOUT = b"x-request-timeout-ms"


class Call(msgspec.Struct):
    """Hold one request that was read."""

    account: Account
    plan: Plan
    version: str | None
    headers: Headers
    body: bytes


class Answer(msgspec.Struct):
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
        """Serve one request; whatever fails becomes a status and a body."""
        account: Account = scope["account"]
        account.route = name
        status = 200
        try:
            work = self.answered(account, scope, receive, name, version)
            answer = await self.gateway.accounts.carry_out(account, work)
            body, content_type, headers = answer.body, answer.content_type, answer.headers
        except Disconnected:
            return
        except GatewayError as error:
            status, body, content_type = rendered(error, scope["path"], account.id)
            headers = error.headers
        await send_body(send, status, body, content_type, headers)

    async def answered(
        self, account: Account, scope: Scope, receive: Receive, name: str, version: str | None
    ) -> Answer:
        """Read a request, check what does not depend on the form, and give the answer; raises GatewayError."""
        self.gateway.shedding.check()
        headers, limit = headers_of(scope), self.gateway.settings.max_body_bytes
        if (wish := headers.get(TIMEOUT)) is not None:
            account.within(wished_s(wish))
        body = await read_body(headers, receive, limit)
        account.enter("decode")
        if scope["method"] != "POST":
            raise WrongMethod("inference is a POST")
        plan = self.gateway.plan(name)
        body = await unpacked(headers, body, limit)
        answer = await self.answer(Call(account, plan, version, headers, body))
        answer.body, extra = await packed(headers, answer.body)
        answer.headers += extra
        return answer


def wished_s(wish: bytes) -> float:
    """Read the header that wishes for a deadline, in seconds; raises MalformedRequest."""
    if not wish.isdigit() or not (milliseconds := float(wish)):
        told = wish[:40].decode("latin-1")
        raise MalformedRequest(f"X-Request-Timeout-Ms must be a positive whole number, not {told!r}")
    return milliseconds / 1000
