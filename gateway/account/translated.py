"""The places of exceptions among the gateway's errors."""

import structlog

from gateway.account.account import Account
from gateway.errors import DeadlineExceeded, GatewayError, InternalError, MalformedRequest, TooLarge, UnknownEncoding
from oip import BodyTooLarge, ProtocolError, UnsupportedEncoding

log = structlog.get_logger()

LATE = {
    None: "the body was not there in time",
    "decode": "the deadline passed before {route} was asked",
    "call": "{route} did not answer in time",
    "encode": "the answer of {route} came too late",
}
"""What is told of a deadline by the phase in which it passed."""


def translated(exc: Exception, account: Account) -> GatewayError:
    """Give an exception its place among the gateway's errors, and book that.

    It is not named where it is raised: held by a frame of its own traceback it would keep the request until the next
    full collection, and four callers of 16 MB took 700 MB so.
    """
    error = as_error(exc, account)
    account.reason = error.reason
    return error


def as_error(exc: Exception, account: Account) -> GatewayError:
    """Give the gateway's error for an exception."""
    if isinstance(exc, TimeoutError):
        return DeadlineExceeded(LATE[account.phase].format(route=account.route))
    if isinstance(exc, BodyTooLarge):
        return TooLarge(str(exc))
    if isinstance(exc, UnsupportedEncoding):
        return UnknownEncoding(str(exc))
    if isinstance(exc, ProtocolError):
        return MalformedRequest(str(exc))
    log.error("a request failed", route=account.route, exc_info=exc)
    return InternalError("the gateway failed; its log says why")
