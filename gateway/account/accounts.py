"""Carrying requests out, and telling of each when it has ended."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TypeVar

from gateway.account.access import ENCODER, AccessLog, record
from gateway.account.account import Account
from gateway.account.proxies import Proxies
from gateway.account.recent import Recent
from gateway.account.translated import translated
from gateway.deadline import Deadline
from gateway.ending import Ending
from gateway.errors import CALLER_GONE, CUT_OFF, GatewayError
from gateway.metrics import Metrics
from gateway.predictions import PredictionLog
from oip import Disconnected

T = TypeVar("T")


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
            if account.reason is None:  # else the door refused what came of the body, and booked that
                self.leave(account)
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
