"""A request's way through the gateway: its own parts, each to be repeated by itself."""

import asyncio

from benchmarks.forms import Form
from benchmarks.way.asked import ID, Answered, Asked, ask, together
from benchmarks.way.processor import Work
from contract import Table, join, table_from_tensors
from gateway.account import AccessLog, Account, Accounts
from gateway.batching import Prediction
from gateway.deadline import Deadline
from gateway.gateway import Gateway
from gateway.plans.answer import OfModels, OfOne
from gateway.routes import Accounted, Dispatch
from gateway.routes.endpoint import Call
from oip import headers_of, read_body, read_request, send_body
from oip.asgi import Message, Receive, Scope, Send

FAR_S = 3600.0
MOST_RECORDS = 1000


class Way:
    """Hold one form of request, sent by so many callers at once; each work is done for all of them.

    Access records go to a descriptor. Make it inside an event loop, and `go` before anything else.
    """

    def __init__(self, gateway: Gateway, form: Form, callers: int, descriptor: int) -> None:
        self.gateway, self.form, self.callers = gateway, form, range(callers)
        self.scope, self.headers = form.scope, headers_of(form.scope)
        self.plan = gateway.plan(form.name)
        self.log = AccessLog(descriptor, gateway.metrics.unrecorded.inc)
        self.accounts = Accounts(
            gateway.metrics, self.log, gateway.settings.timeouts, gateway.ending, recent=gateway.process.recent
        )
        dispatch = Dispatch(gateway, self.send_answer)
        self.endpoint = dispatch.v1 if form.path.startswith("/v1") else dispatch.v2
        self.whole_app, self.shell_app = Accounted(self.accounts, dispatch), Accounted(self.accounts, self.send_answer)
        self.account, self.known = Account(ID, form.name, ""), Answered(ID, form.name, "")
        self.asking = [Account(ID, form.name, "") for _ in self.callers]
        for account in (self.account, *self.asking):
            account.begun = asyncio.get_running_loop().time()
            account.deadline = Deadline(account.begun + FAR_S)

    async def go(self) -> dict[str, Work]:
        """Go all the way once; gives the works."""
        for member in self.plan.members:
            member.batcher.calls.ask = member.ask
        self.table = self.decode_one()
        joined = [join([self.table.select(one.contract.features)] * len(self.callers)) for one in self.plan.members]
        self.asked: list[Asked] = [await ask(*pair) for pair in zip(self.plan.members, joined, strict=True)]
        self.account.enter("decode")
        self.answer = await self.endpoint.answer(self.call(self.account))
        for one in self.asked:  # from here on, for their answers are for as many rows as there are callers
            one.backend.batcher.calls.ask = one.at_once
        self.account.header()
        self.account.status = 200
        every = (self.shell, self.receive, self.decode, self.join, self.write, self.carry, self.judge)
        return {work.__name__: work for work in (*every, self.share, self.encode, self.close, self.count, self.app)}

    async def shell(self) -> None:
        """Do what the outermost layer does, about an answer that is there."""
        for _ in self.callers:
            await self.shell_app(self.scope, self.receive_body, ignore)
        self.empty_log()

    async def send_answer(self, scope: Scope, _: Receive, send: Send) -> None:
        """Give the answer; its account is as full as one is then."""
        account: Account = scope["account"]
        known = self.account
        account.ms, account.predictions = dict(known.ms), known.predictions
        account.missing, account.ways = known.missing, known.ways
        answer = self.answer
        await send_body(send, 200, answer.body, answer.content_type, answer.headers)

    async def receive(self) -> None:
        """Read the body."""
        for account in self.asking:
            deadline = account.deadline
            reading = read_body(headers_of(self.scope), self.receive_body, self.gateway.settings.max_body_bytes)
            await self.accounts.carry_out(account, reading)
            account.deadline = deadline

    async def receive_body(self) -> Message:
        """Give the body as a server does."""
        return {"type": "http.request", "body": self.form.body}

    async def decode(self) -> None:
        """Read the records and check them."""
        for _ in self.callers:
            self.decode_one()

    def decode_one(self) -> Table:
        """Read one record."""
        if self.form.path.startswith("/v1"):
            table, _ = self.plan.decoder.decode(self.form.body, self.gateway.settings.max_rows)
            return table
        length = None if self.form.json_length is None else str(self.form.json_length)
        request = read_request(self.form.body, length, self.gateway.limits(self.plan))
        return table_from_tensors(self.plan.features, request.tensors)

    async def join(self) -> None:
        """Ask models that answer at once."""
        await together([account.ask(self.plan, self.table) for account in self.asking])

    async def write(self) -> None:
        """Write one call to each model."""
        for one in self.asked:
            one.write()

    async def carry(self) -> None:
        """Carry one call to each model, and its answer."""
        for one in self.asked:
            await one.carry()

    async def judge(self) -> None:
        """Read the answer of each model."""
        for one in self.asked:
            await one.judge()

    async def share(self) -> None:
        """Make what the models said into predictions."""
        self.shares()

    def shares(self) -> list[list[Prediction]]:
        """Give each caller its predictions."""
        joints = [one.heard.judged() for one in self.asked]
        return [[Prediction(joint, row, row + 1, 0.1) for joint in joints] for row in self.callers]

    async def encode(self) -> None:
        """Do what the endpoint does with a body, about models that have answered."""
        for predictions in self.shares():
            single = self.plan.batcher is not None
            self.known.said = OfOne(predictions[0]) if single else OfModels(self.plan.models, predictions, None)
            await self.endpoint.answer(self.call(self.known))

    def call(self, account: Account) -> Call:
        """Give what the endpoint is asked."""
        return Call(account, self.plan, None, self.headers, self.form.body)

    async def close(self) -> None:
        """Count and record."""
        for _ in self.callers:
            self.accounts.close(self.account)
        self.empty_log()

    async def count(self) -> None:
        """Count what the metrics tell: every request, and the call to each model."""
        for _ in self.callers:
            self.accounts.count(self.account, 200)
        for one in self.asked:
            rows = one.backend.batcher.calls.metrics.rows
            rows.asked.observe(one.heard.rows)
            rows.predicted += one.heard.rows

    async def app(self) -> None:
        """Answer requests, while the models answer at once."""
        await together([self.whole_app(self.scope, self.receive_body, ignore) for _ in self.callers])
        self.empty_log()

    async def as_tasks(self) -> None:
        """Answer requests, each in a task of its own as a server has it."""
        await asyncio.gather(*(self.whole_app(self.scope, self.receive_body, ignore) for _ in self.callers))
        self.empty_log()

    def empty_log(self) -> None:
        """Write the records, as a thread does elsewhere, before the ring is full."""
        if len(self.log.ring) > MOST_RECORDS:
            self.log.work()


async def ignore(_: Message) -> None:
    """Send nothing."""
