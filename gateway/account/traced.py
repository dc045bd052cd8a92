"""The account of a traced request, which becomes a span at its end."""

from typing import Any

from gateway.account.account import Account
from gateway.account.accounts import Accounts
from gateway.tracing import REQUEST, RequestSpan, Tracing


class TracedAccount(Account):
    """Note when each phase began, where the request is sampled and so has a `span` to tell of."""

    def __init__(self, request_id: str, route: str, caller: str) -> None:
        super().__init__(request_id, route, caller)
        self.span: RequestSpan | None = None

    def enter(self, phase: str | None) -> None:
        """End the phase that is under way, and begin another."""
        super().enter(phase)
        if phase is not None and self.span is not None:
            self.span.entered.append((phase, self.since))


class TracedAccounts(Accounts):
    """Make a span of each request that names a model or a route."""

    kind = TracedAccount
    traced = True

    def __init__(self, tracing: Tracing, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self.tracing = tracing

    def trace(self, account: Account, parent: str, state: str) -> None:
        """Begin the span of a request, below that of its caller; its task knows it from now on."""
        assert isinstance(account, TracedAccount)
        span = self.tracing.begin(parent, state)
        account.span = span if span.context.sampled else None
        REQUEST.set(span)

    def close(self, account: Account) -> None:
        """Count, record, and end the span."""
        super().close(account)
        assert isinstance(account, TracedAccount)
        span = account.span
        if span is not None and account.route[:1] != "/":
            failed = account.status is None or account.status >= 500
            route = self.label(account.route)
            times = account.started, account.since
            self.tracing.end(span, f"predict {route}", times, attributes(account, route), failed=failed)


def attributes(account: Account, route: str) -> dict[str, Any]:
    """Tell the same of a request as the access record does."""
    told: dict[str, Any] = {
        "bentogate.request_id": account.id,
        "bentogate.route": route,
        "bentogate.rows": account.rows,
        "client.address": account.caller,
    }
    if account.status is not None:
        told["http.response.status_code"] = account.status
    if account.reason is not None:
        told["error.type"] = account.reason
    if account.failed is not None:
        told["bentogate.failed"] = account.failed
    told |= {f"bentogate.ms.{phase}": ms for phase, ms in account.ms.items()}
    for one in account.predictions:
        told[f"bentogate.version.{one.model}"] = one.version
        told[f"bentogate.call_id.{one.model}"] = one.joint.call_id
    for model, error in (account.missing or {}).items():
        told[f"bentogate.missing.{model}"] = error.reason
    return told
