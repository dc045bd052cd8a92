"""One connection of HTTP/1.1, held to the limits of the door."""

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.account import Account
from gateway.errors import GatewayError, MalformedRequest, TooLarge, TooManyConnections
from gateway.listening.burst import Burst
from gateway.listening.guard import HEALTH, IN_LINE, Guard, check_head
from gateway.listening.refusals import Lingering, answer
from gateway.listening.watch import Owing
from oip import request_id


class Guarded(HttpToolsProtocol):
    """Know what its caller owes, and refuse it.

    `reserve` says that it is one over the most. `whole` is the scope of the last request that was read to its end.
    What a good request costs here is one look at its head and some assignments.
    """

    def __init__(self, guard: Guard, reserve: bool, *, burst: Burst, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.guard = guard
        self.reserve = reserve
        self.burst = burst
        self.url = b""
        self.whole: object = None
        self.counted: object = None
        self.came = self.unsent = 0
        self.heard = False
        self.owing = Owing()
        self.refused = False

    @property
    def caller(self) -> str:
        """Give the address that it came from."""
        return self.client[0] if self.client else ""

    def count(self, size: int) -> None:
        """Count what came of a request that is not whole, but for the first piece of it; raises GatewayError."""
        if self.counted is not self.scope:
            self.counted, self.came = self.scope, 0
        else:
            self.came += size
        self.guard.check_size(self.came, self.headers, head="method" not in self.scope)

    def on_headers_complete(self) -> None:
        """Begin a request, if its head can be; raises GatewayError."""
        check_head(self.url, self.headers, self.parser)
        if self.reserve and self.url.partition(b"?")[0] not in HEALTH:
            raise TooManyConnections("there are too many connections")
        if len(self.pipeline) >= IN_LINE:
            raise TooLarge(f"more than {IN_LINE} requests wait on one connection")
        super().on_headers_complete()
        if self.reserve:
            self.cycle.keep_alive = False
        self.headers = []  # what comes behind a body of chunks is no header of the request (RFC 9110, 6.5.1)

    def owes(self) -> tuple[str, object]:
        """Say whether the caller has to take an answer, to ask, if it likes more, or to send a head or a body."""
        cycle, scope = self.cycle, self.scope
        if size := self.transport.get_write_buffer_size():
            self.heard, self.unsent = size != self.unsent, size
            return "take", None
        answered = cycle is None or cycle.response_complete
        if self.refused or self.flow.read_paused:
            return "", None
        if scope is self.whole:
            return ("ask" if cycle is None else "ask more" if answered else ""), scope
        if "method" not in scope:
            return ("head" if answered else ""), scope
        return "body", scope

    def refuse(self, error: GatewayError) -> None:
        """Answer with an error, if there was no answer, and close; what was asked before is answered before."""
        cycle, scope = self.cycle, self.scope
        self.burst.send()
        reading = cycle is not None and cycle.scope is scope and scope is not self.whole
        if self.pipeline or (cycle is not None and not cycle.response_complete and not reading):
            self.guard.refusals.note(error, self.caller)
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        self.refused = True
        if reading and cycle.response_started:
            self.guard.refusals.note(error, self.caller)
        else:
            self.answer(error, scope.get("account") if reading else None)  # type: ignore[arg-type]  # put there by ours
        if reading:
            cycle.disconnected = True
            cycle.message_event.set()
        self.flow.resume_reading()
        Lingering(self.transport, self)

    def answer(self, error: GatewayError, account: Account | None) -> None:
        """Answer with an error; a request that has an account, for its app has begun, is counted by that."""
        if account:
            account.status, account.reason = error.status, error.reason
            self.guard.refusals.tell(error.reason, str(error), self.caller)
        else:
            self.guard.refusals.note(error, self.caller)
        path = self.url.partition(b"?")[0].decode("latin-1")
        known = account.id if account else request_id(dict(self.scope["headers"]) if self.scope else {})
        self.transport.write(answer(error, path, known, self.server_state.default_headers))

    def give_up(self) -> None:
        """Close, and cut off who does not let it be closed."""
        if self.transport.is_closing():
            self.transport.abort()
        else:
            self.transport.close()


def reason_of(exc: httptools.HttpParserError) -> GatewayError:
    """Give the refusal that a parser's error stands for: a callback's own, or that this is no HTTP."""
    if isinstance(exc.__context__, GatewayError):
        return exc.__context__
    return MalformedRequest(f"what came is no HTTP request: {exc}")
