"""Every way in which a request can fail.

GatewayError
├── MalformedRequest      400  malformed           not JSON, not the document, not the protocol
├── InvalidRecord         422  invalid_record      breaks the contract (400 on /v2)
├── FatalRecord           422  fatal_record        has ended the process of a model twice (400 on /v2)
├── ForeignPage           403  foreign_page        the page of another site asks the admin side
├── UnknownName           404  unknown_name        no such route, model, version or path
├── WrongMethod           405  wrong_method
├── TooSlow               408  too_slow            the request did not come in time
├── TooLarge              413  too_large           more bytes or rows than a request may have
├── UrlTooLong            414  url_too_long
├── WrongMediaType        415  wrong_media_type
├── UnknownEncoding       415  unknown_encoding
├── HeadTooLarge          431  head_too_large      too many headers, or too long ones
├── InternalError         500  internal            a fault of the gateway's own
├── BackendFault          502  backend_fault       a model answered nonsense, or a number that is none
├── PlanMismatch          502  plan_mismatch       what the models of a route take and give does not fit together
├── BackendUnreachable    503  backend_unreachable nobody answers, or the connection was lost
├── BackendUnavailable    503  backend_unavailable the model says that it cannot answer now
├── BreakerOpen           503  breaker_open        a model has failed several times in a row
├── BackendUnknown        503  backend_unknown     the model has not told its contract yet
├── Overloaded            503  overloaded          more is asked than a model, or the gateway, can do
├── TooManyConnections    503  too_many_connections
└── DeadlineExceeded      504  deadline_exceeded

Two more reasons stand where there is no answer: caller_gone, and cut_off by the end of the gateway.
"""

import random
from collections.abc import Sequence
from typing import ClassVar, Self

from contract import Fault
from oip import ACCEPT_ENCODING

RETRY_AFTER_S = 1
MOST_RETRY_AFTER_S = 3
"""After an overload, callers are to come again at different times."""

CALLER_GONE, CUT_OFF = UNANSWERED = "caller_gone", "cut_off"


class GatewayError(Exception):
    """Carry a status, a reason of the list above, and every wrong field."""

    status: ClassVar[int]
    reason: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, message: str, faults: Sequence[Fault] = (), model: str | None = None) -> None:
        super().__init__(message)
        self.faults = tuple(faults)
        self.model = model

    def again(self) -> Self:
        """Give the same failure for another caller: an error that is raised keeps the way that it takes."""
        return type(self)(str(self), self.faults, self.model)

    @classmethod
    def protocol_status(cls) -> int:
        """Give the status on `/v2`, where the protocol's clients know 400 only for what the caller did wrong."""
        return 400 if cls.status == 422 else cls.status

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Give the headers that belong to the status."""
        return [(b"retry-after", str(RETRY_AFTER_S).encode())] if self.status == 503 else []


class MalformedRequest(GatewayError):
    """The body is not what the path takes."""

    status, reason, title = 400, "malformed", "The request cannot be read"


class InvalidRecord(GatewayError):
    """A record breaks the contract."""

    status, reason, title = 422, "invalid_record", "A record breaks the contract of the model"


class FatalRecord(GatewayError):
    """A record ends the process of the model that is asked for it."""

    status, reason, title = 422, "fatal_record", "A model does not survive this record"


class ForeignPage(GatewayError):
    """The page of another site asks the admin side."""

    status, reason, title = 403, "foreign_page", "The page of another site asks"


class UnknownName(GatewayError):
    """Nothing has this name."""

    status, reason, title = 404, "unknown_name", "There is no such thing here"


class WrongMethod(GatewayError):
    """The path takes another method."""

    status, reason, title = 405, "wrong_method", "The path takes another method"

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Name the method."""
        return [(b"allow", b"POST")]


class TooSlow(GatewayError):
    """The request did not come in time."""

    status, reason, title = 408, "too_slow", "The request did not come in time"


class TooLarge(GatewayError):
    """The request is larger than it may be."""

    status, reason, title = 413, "too_large", "The request is too large"


class UrlTooLong(GatewayError):
    """The URL is longer than it may be."""

    status, reason, title = 414, "url_too_long", "The URL is too long"


class WrongMediaType(GatewayError):
    """The body is declared to be something else than JSON."""

    status, reason, title = 415, "wrong_media_type", "The body must be JSON"


class UnknownEncoding(GatewayError):
    """The body is packed in a way that is not known."""

    status, reason, title = 415, "unknown_encoding", "The content encoding is unknown"

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Name the encodings that are known."""
        return [ACCEPT_ENCODING]


class HeadTooLarge(GatewayError):
    """The head of the request is larger than it may be."""

    status, reason, title = 431, "head_too_large", "The headers are too many or too long"


class InternalError(GatewayError):
    """The gateway failed."""

    status, reason, title = 500, "internal", "The gateway failed"


class BackendFault(GatewayError):
    """A model answered what cannot be a prediction."""

    status, reason, title = 502, "backend_fault", "A model gave no valid answer"


class BackendCorrupt(GatewayError):
    """A model's server answered what no record can be to blame for: no HTTP, no tensors, a redirect."""

    status, reason, title = BackendFault.status, BackendFault.reason, BackendFault.title


class PlanMismatch(GatewayError):
    """What the models of a route take and give does not fit together: asking again helps only once one has changed."""

    status, reason, title = 502, "plan_mismatch", "The models of a route do not fit together"


class BackendUnreachable(GatewayError):
    """A model cannot be reached."""

    status, reason, title = 503, "backend_unreachable", "A model cannot be reached"


class BackendAbsent(BackendUnreachable):
    """Nobody takes a connection: told apart from a lost one, since who waits for the next call would wait in vain."""


class BackendLost(BackendUnreachable):
    """The connection was lost while the model was asked: it may have died, and of what it was asked."""


class BackendUnavailable(GatewayError):
    """A model says that it cannot answer now."""

    status, reason, title = 503, "backend_unavailable", "A model cannot answer now"


class BackendChanged(BackendUnavailable):
    """It refused as a version that reads other features, which is no failure: records are checked by those from now."""


class BackendBusy(BackendUnavailable):
    """It says so by a status after which it may be asked again (502 and 503)."""


class BackendElsewhere(BackendBusy):
    """An address of the model takes no connection, and there is another one."""


class BackendBroken(BackendBusy):
    """An answer was broken off: the model may have died, but not of what it was asked, for that was answered."""

    status, reason, title = BackendFault.status, BackendFault.reason, BackendFault.title


class BreakerOpen(GatewayError):
    """A model is left alone for a while."""

    status, reason, title = 503, "breaker_open", "A model has failed too often"


class BackendUnknown(GatewayError):
    """A model has not told its contract since the gateway started, or not that of the version that answered."""

    status, reason, title = 503, "backend_unknown", "A model is not known yet"


class Overloaded(GatewayError):
    """More is asked than a model, or the gateway itself, can do."""

    status, reason, title = 503, "overloaded", "There is more to do than can be done"

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Say when to come again, each caller something else."""
        seconds = random.randint(RETRY_AFTER_S, MOST_RETRY_AFTER_S)  # noqa: S311 (no secret)
        return [(b"retry-after", str(seconds).encode())]


class TooManyConnections(GatewayError):
    """There are as many connections as there may be."""

    status, reason, title = 503, "too_many_connections", "There are too many connections"


class DeadlineExceeded(GatewayError):
    """The deadline has passed."""

    status, reason, title = 504, "deadline_exceeded", "The deadline has passed"
