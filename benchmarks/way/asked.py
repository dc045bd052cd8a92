"""A call to a model that was made once, so that its parts can be repeated and its answer be had at once."""

import contextlib
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

import msgspec

from contract import Table, Terms
from gateway.account import Account
from gateway.backends import Backend
from gateway.backends.connection import Answer
from gateway.batching import Heard
from gateway.plans import Answer as PlanAnswer
from gateway.plans import Plan
from oip import HEADER_LENGTH, SERVER_TIMING, compute_ms, read_response

ID = "0123456789abcdef"


class Asked(NamedTuple):
    """Hold what was sent to a model, what came, and what was made of that, which is judged already."""

    backend: Backend
    table: Table
    sent: tuple[bytes, int | None]
    came: Answer
    heard: Heard

    async def at_once(self, table: Table, call_id: str, again: bool) -> Heard:  # noqa: ARG002 (a batcher asks so)
        """Give the same answer again."""
        return self.heard

    def write(self) -> None:
        """Write the call."""
        self.backend.dialect.request(self.table)

    async def carry(self) -> None:
        """Send it and receive the answer."""
        await self.backend.server.infer(*self.sent, ID)

    async def judge(self) -> None:
        """Read the answer and judge it."""
        response = read_response(self.came.body, self.came.header(HEADER_LENGTH))
        compute_ms(self.came.header(SERVER_TIMING))
        contract = await self.backend.contract_of(response)
        self.backend.dialect.columns(response, contract, self.table.rows)


async def ask(backend: Backend, table: Table) -> Asked:
    """Make a call."""
    sent = backend.dialect.request(table)
    came = await backend.server.infer(*sent, ID)
    heard = await backend.ask(table, ID, again=False)
    columns = heard.judged().columns
    judged = msgspec.structs.replace(heard, judge=lambda *_: dict(columns))
    return Asked(backend, table, sent, came, judged)


class Answered(Account):
    """Be the account of a request whose plan has answered already."""

    said: PlanAnswer

    async def ask(self, plan: Plan, table: Table, terms: Terms | None = None) -> PlanAnswer:  # noqa: ARG002 (nobody is asked)
        """Give the answer."""
        self.rows = table.rows
        return self.said


async def together(callers: Sequence[Coroutine[Any, Any, Any]]) -> None:
    """Have callers wait for the same calls.

    All but the last are led to where they wait, and on from there, by hand: tasks are the server's to make.
    """
    *others, last = callers
    for one in others:
        one.send(None)
    await last
    for one in others:
        with contextlib.suppress(StopIteration):
            one.send(None)
