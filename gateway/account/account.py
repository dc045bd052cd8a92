"""The account of one request, kept alike whichever door it came through: who asked what, and what came of it."""

from collections.abc import Mapping, Sequence

from contract import Table, Terms
from gateway.batching import Prediction
from gateway.deadline import Deadline
from gateway.plans import NO_WAYS, Answer, Asked, Missing, Plan, needs_of
from gateway.predictions import PredictionLog
from oip import Stopwatch


class Account(Stopwatch):
    """Hold what is told of one request: to its caller, in the metrics and in the access record.

    `route` is the public name that is asked, or the path where no model is. `status` is None until an answer begins,
    and where it did not come to its end. While it is carried out it has a `deadline`, and has `begun` at a time of the
    loop's. `headers` are those of the request, by their names in lower case. `missing` is None where the answer had to
    be whole. `failed` names the model, or the branch of a plan, that the whole request failed by. Where there is a
    `log`, answers are `kept` in it.
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
        self.predictions: Sequence[Prediction] = ()
        self.missing: Missing | None = None
        self.ways = NO_WAYS
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
        answer = await plan.answer(table, asked, needs)
        self.enter("encode")
        self.predictions = predictions = answer.predictions
        self.missing, self.ways = answer.missing, answer.ways
        waited, queued = self.ms.pop("call"), max([prediction.queue_ms for prediction in predictions], default=0.0)
        self.book("queue", queued)
        self.book("call", waited - queued)
        for prediction in predictions:
            self.ms |= prediction.joint.ms
        if self.log is not None:
            self.kept = self.log.add(self.id, self.route, answer.leaves(table))
        return answer

    def header(self) -> bytes:
        """Stop, and write the value of Server-Timing: what took how long, and which ways the rows went."""
        value = super().header()
        for plan, counts in self.ways.items():
            several = ", ".join([f"{branch} {rows}" for branch, rows in counts.items()])
            told = several if len(counts) > 1 else next(iter(counts))
            value += f', {plan};desc="{told}"'.encode()
        return value
