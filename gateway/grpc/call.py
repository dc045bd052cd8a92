"""One call: its account, its status, and what goes back beside the message."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote, unquote

import grpc
import grpc.aio
from google.protobuf.message import Message

from gateway.account import Account, Accounts
from gateway.account.proxies import FORWARDED_FOR, Proxies
from gateway.errors import DeadlineExceeded, GatewayError
from gateway.problems import error_text
from gateway.tracing import TRACEPARENT, TRACESTATE
from oip import REQUEST_ID, SERVER_TIMING, request_id
from oip.wire import decode_message

CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    500: grpc.StatusCode.INTERNAL,
    502: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}
"""The code for each status that a failure has on `/v2`, but for those that only HTTP can cause."""

LONGEST_DETAILS = 4_000
"""Bytes of a text as it travels: a client refuses more than 8 KiB beside the message, and then shows no text at all."""

PRINTABLE = bytes(range(0x20, 0x7F)).replace(b"%", b"").decode()
"""What travels as it is; each other byte takes three (gRPC over HTTP/2, Status-Message)."""

GIVEN_UP_S = 0.05
"""A client gives its call up at its deadline by its own clock, which began before the message was here: a call that is
cancelled so shortly before its end has run out of time."""

Context = grpc.aio.ServicerContext[Any, Any]
Request = TypeVar("Request", bound=Message)
Answer = Callable[[Account, Request], Awaitable[Message]]
Handler = Callable[[bytes, Context], Awaitable[bytes]]


class Accounting:
    """Make handlers that answer a message under an account and give every failure its status; know their tasks.

    `accounts` gives those that a new call belongs to.
    """

    def __init__(self, accounts: Callable[[], Accounts], calls: set[asyncio.Task[Any]]) -> None:
        self.accounts = accounts
        self.calls = calls

    def handler(self, path: str, kind: type[Request], answer: Answer[Request]) -> Handler:
        """Make the handler of one call, which is recorded as `path` where it names no route."""

        async def answered(account: Account, body: bytes, context: Context) -> bytes:
            account.enter("decode")
            wished_s = context.time_remaining()
            if wished_s is not None:
                account.within(wished_s)
            return (await answer(account, decode_message(kind, body))).SerializeToString()

        async def handle(body: bytes, context: Context) -> bytes:
            self.note_task()
            accounts = self.accounts()
            metadata = context.invocation_metadata() or ()
            given = {name.encode(): str(value).encode() for name, value in metadata}
            account = accounts.kind(request_id(given), path, caller(context, accounts.proxies))
            account.headers = given
            if accounts.traced:
                parent, state = (given.get(name.encode(), b"").decode() for name in (TRACEPARENT, TRACESTATE))
                accounts.trace(account, parent, state)
            try:
                message = await carried_out(accounts, account, answered(account, body, context), context)
            except GatewayError as error:
                await refuse(context, account, error)
            context.set_trailing_metadata(trailing(account))
            return message

        return handle

    def note_task(self) -> None:
        """Count the running task as under way until its answer is sent."""
        if task := asyncio.current_task():
            self.calls.add(task)
            task.add_done_callback(self.calls.discard)


async def carried_out(
    accounts: Accounts, account: Account, work: Coroutine[None, None, bytes], context: Context
) -> bytes:
    """Do the work of a call and close its account: as over HTTP, it is counted when its caller hears of it.

    Raises GatewayError.
    """
    try:
        message = await accounts.carry_out(account, work)
        account.status = 200
    except GatewayError as error:
        account.status = error.protocol_status()
        raise
    except asyncio.CancelledError:
        remaining_s = context.time_remaining()
        if remaining_s is not None and remaining_s < GIVEN_UP_S:
            account.status, account.reason = 504, DeadlineExceeded.reason
        else:
            accounts.leave(account)
        raise
    finally:
        accounts.close(account)
    return message


async def refuse(context: Context, account: Account, error: GatewayError) -> NoReturn:
    """End a call with the code and the text of a failure."""
    more = [(name.decode(), value.decode()) for name, value in error.headers]
    await context.abort(CODES[error.protocol_status()], shortened(error_text(error)), (*trailing(account), *more))


def caller(context: Context, proxies: Proxies | None) -> str:
    """Give the address of who calls, behind trusted proxies too."""
    peer = caller_of(context.peer())
    if proxies is None:
        return peer
    metadata = context.invocation_metadata() or ()
    return proxies.client(peer, [str(value) for name, value in metadata if name == FORWARDED_FOR])


def trailing(account: Account) -> tuple[tuple[str, str], ...]:
    """Give what HTTP has in the headers of every answer."""
    return (REQUEST_ID, account.id), (SERVER_TIMING, account.header().decode())


def shortened(text: str) -> str:
    """Cut a text to what a client takes."""
    sizes = itertools.accumulate(len(quote(character, safe=PRINTABLE)) for character in text)
    fits = sum(1 for _ in itertools.takewhile(lambda size: size <= LONGEST_DETAILS, sizes))
    return text if fits == len(text) else f"{text[:fits]} …"


def caller_of(peer: str) -> str:
    """Give the address out of gRPC's `ipv4:127.0.0.1:1234` or `ipv6:%5B::1%5D:1234`."""
    return unquote(peer.partition(":")[2].rpartition(":")[0]).strip("[]")
