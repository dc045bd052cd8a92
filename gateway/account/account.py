"""The account of one request, kept alike whichever door it came through: who asked what, and what came of it."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from msgspec import UNSET

from contract import Table, Terms
from gateway.account.access import ENCODER, AccessLog, AccessRecord
from gateway.account.proxies import Proxies
from gateway.account.recent import Recent
from gateway.batching import Prediction
from gateway.deadline import Deadline
from gateway.ending import Ending
from gateway.errors import (
    CALLER_GONE,
    CUT_OFF,
    DeadlineExceeded,
    GatewayError,
    InternalError,
    MalformedRequest,
    TooLarge,
    UnknownEncoding,
)
from gateway.metrics import Metrics
from gateway.plans import NO_WAYS, Answer, Asked, Missing, Plan, Ways, needs_of
from gateway.predictions import PredictionLog
from oip import BodyTooLarge, Disconnected, ProtocolError, Stopwatch, UnsupportedEncoding

LONGEST_ROUTE = 200

T = TypeVar("T")

log = structlog.get_logger()


class Account(Stopwatch):
    """Hold what is told of one request: to its caller, in the metrics and in the access record.

    `route` is the public name that is asked, or the path where no model is. `status` is None until an answer begins,
    and where it did not come to its end. While it is carried out it has a `deadline`, and has `begun` at a time of the
    loop's. `headers` are those of the request, by their names in lower case. `failed` names the model,
    or the branch of a plan, that the whole request failed by. Where there is a `log`, answers are `kept` in it.
    """

    begun: float
    deadline: Deadline
    log: PredictionLog | None = None
    kept = False
    headers: Mapping[bytes, bytes] = {}

    def __init__(self, request_id: str, route: str, caller: str) -> None:
        super().__init__()
        self.id = request_id
        self.route = route
        self.caller = caller
        self.status: int | None = None
        self.reason: str | None = None
        self.rows = 0
        self.answer: Answer | None = None
        self.failed: str | None = None

    def within(self, seconds: float) -> None:
        """Have the request end so long after its beginning, if that is sooner; raises TimeoutError where it is over."""
        self.deadline.bring_forward(self.begun + seconds)

    async def ask(self, plan: Plan, table: Table, terms: Terms | None = None) -> Answer:
        """Ask a plan for checked rows, and book who answered and how long each took; what follows is encoding.

        `terms` are those of the request.
        """
        self.rows = table.rows
        self.enter("call")
        needs = needs_of(plan.models, plan.terms, terms) if terms or plan.terms else None
        asked = Asked(self.id, self.caller, self.deadline.at, self.headers)
        self.answer = answer = await plan.answer(table, asked, needs)
        self.enter("encode")
        predictions = answer.predictions
        waited, queued = self.ms.pop("call"), max([prediction.queue_ms for prediction in predictions], default=0.0)
        self.book("queue", queued)
        self.book("call", waited - queued)
        for prediction in predictions:
            self.ms |= prediction.joint.ms
        if self.log is not None:
            self.kept = self.log.add(self.id, self.route, answer.leaves(table))
        return answer

    @property
    def predictions(self) -> Sequence[Prediction]:
        """Give what models answered."""
        return () if self.answer is None else self.answer.predictions

    @property
    def missing(self) -> Missing | None:
        """Say why a model is missing in the answer, by its name; None where the answer had to be whole."""
        return None if self.answer is None else self.answer.missing

    @property
    def ways(self) -> Ways:
        """Count the rows that each branch of a plan answered."""
        return NO_WAYS if self.answer is None else self.answer.ways

    def header(self) -> bytes:
        """Stop, and write the value of Server-Timing: what took how long, and which ways the rows went."""
        value = super().header()
        for plan, counts in self.ways.items():
            several = ", ".join([f"{branch} {rows}" for branch, rows in counts.items()])
            told = several if len(counts) > 1 else next(iter(counts))
            value += f', {plan};desc="{told}"'.encode()
        return value


class Accounts:
    """Carry requests out, and tell of each when it has ended; `timeouts` has the seconds of each public name.

    Those that are `under_way` are counted. Without trusted `proxies` a caller is who connects. Accounts are of a
    `kind`, and where they are `traced`, whoever opens one tells of the caller's trace.
    """

    kind: type[Account] = Account
    traced = False

    def __init__(
        self,
        metrics: Metrics,
        access: AccessLog | None,
        timeouts: Mapping[str, float],
        ending: Ending,
        proxies: Proxies | None = None,
        *,
        recent: Recent | None = None,
        predictions: PredictionLog | None = None,
    ) -> None:
        self.metrics = metrics
        self.access = access
        self.timeouts = timeouts
        self.longest_s = max(timeouts.values())
        self.ending = ending
        self.proxies = proxies
        self.recent = recent
        self.predictions = predictions
        self.under_way = 0

    async def carry_out(self, account: Account, work: Coroutine[None, None, T]) -> T:
        """Do the work of a request within its deadline; raises GatewayError for all that fails, and Disconnected.

        The work may bring the deadline forward. Who names no route, or names it only in the message, begins with the
        longest there is.
        """
        account.begun = begun = asyncio.get_running_loop().time()
        account.deadline = Deadline(begun + self.timeouts.get(account.route, self.longest_s))
        if self.predictions is not None:
            account.log = self.predictions
        self.under_way += 1
        try:
            with account.deadline:
                return await work
        except Disconnected:
            raise
        except GatewayError as exc:
            account.reason, account.failed = exc.reason, exc.model
            raise
        except Exception as exc:  # the one outermost handler
            raise translated(exc, account) from exc
        finally:
            self.under_way -= 1

    def trace(self, account: Account, parent: str, state: str) -> None:
        """Have a request belong to the trace that the headers traceparent and tracestate name, or to a new one."""

    def leave(self, account: Account) -> None:
        """Book that a request ended before its answer was sent, and by whom."""
        account.status, account.reason = None, CUT_OFF if self.ending.cut else CALLER_GONE

    def close(self, account: Account) -> None:
        """Count a request and write its record; one without an answer is recorded only."""
        account.stop()
        if account.reason is not None:
            self.metrics.refusal_counter(account.reason).inc()
        if account.failed is not None:
            self.metrics.failed.labels(account.failed, account.reason).inc()
        if account.status is not None:
            self.count(account, account.status)
        if account.missing:
            for model, error in account.missing.items():
                self.metrics.missing.labels(model, error.reason).inc()
        if self.access is None and self.recent is None:
            return
        line = ENCODER.encode(record(account))
        if self.access is not None:
            self.access.add(line)
        if self.recent is not None and account.route[:1] != "/":
            ways = [one.joint.way for one in account.predictions]
            self.recent.add((line, ways, account.deadline.at - account.begun, account.kept))

    def count(self, account: Account, status: int) -> None:
        """Count an answer."""
        route = self.label(account.route)
        self.metrics.request_counter(route, status).inc()
        self.metrics.seconds.observe(route, account.ms)

    def label(self, route: str) -> str:
        """Give the word for a route in the metrics: callers cannot make any."""
        if route in self.timeouts:
            return route
        return "other" if route.startswith("/") else "unknown"


def record(account: Account) -> AccessRecord:
    """Write down what is known of a request at its end."""
    return AccessRecord(
        time=datetime.now(UTC),
        id=account.id,
        route=account.route[:LONGEST_ROUTE],
        caller=account.caller,
        status=account.status,
        reason=account.reason,
        rows=account.rows,
        ms=account.ms,
        versions={one.model: one.version for one in account.predictions},
        calls={one.model: one.joint.call_id for one in account.predictions},
        failed=account.failed or UNSET,
        missing={model: error.reason for model, error in account.missing.items()} if account.missing else UNSET,
        ways=account.ways or UNSET,
    )


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
        late = "the body was not there" if account.phase is None else f"{account.route} did not answer"
        return DeadlineExceeded(f"{late} in time")
    if isinstance(exc, BodyTooLarge):
        return TooLarge(str(exc))
    if isinstance(exc, UnsupportedEncoding):
        return UnknownEncoding(str(exc))
    if isinstance(exc, ProtocolError):
        return MalformedRequest(str(exc))
    log.error("a request failed", route=account.route, exc_info=exc)
    return InternalError("the gateway failed; its log says why")
