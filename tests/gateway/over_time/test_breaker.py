"""Leaving a model alone that fails, and golden rows: what opens the breaker, what does not, and what closes it."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bentos.artifact import Model, load
from bentos.protocol import Protocol
from bentos.served import Served
from contract import MATRIX_NAME
from contract.table import Array, pack_rows
from gateway.backends.breaker import CHANGING_S, Breaker
from gateway.errors import (
    BackendChanged,
    BackendFault,
    BackendLost,
    BackendUnknown,
    BreakerOpen,
    DeadlineExceeded,
    GatewayError,
)
from gateway.settings import BreakerSettings
from oip import send_body
from oip.asgi import Receive, Scope, Send
from tests.gateway.conftest import PLAIN
from tests.serving import running_gateway, served, wait_until

QUICK = BreakerSettings(failures=3, first_s=0.01, longest_s=0.02)
POISON = 6.5
LOST, FAULT = BackendLost("lost", model="plain"), BackendFault("no", model="plain")


class Probed:
    """Answer probes as it is told, and count them."""

    def __init__(self, *, well: bool) -> None:
        self.well = well
        self.failure: Exception = BackendLost("still lost", model="plain")
        self.probes = self.now = self.most = self.opened = 0

    async def ask(self) -> None:
        """Answer one."""
        self.probes += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if not self.well:
            raise self.failure

    def count(self) -> None:
        """Count that it has opened."""
        self.opened += 1

    def breaker(self) -> Breaker:
        """Make a breaker that asks this."""
        return Breaker("plain", QUICK, self.ask, self.count)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.002)


@pytest.mark.anyio
async def test_failures_in_a_row_open_it_and_an_answered_probe_closes_it() -> None:
    """Two failures and an answer are none; the third in a row opens it, and one probe at a time is asked meanwhile."""
    probed = Probed(well=False)
    breaker = probed.breaker()
    for error in (LOST, LOST, None, LOST, LOST):
        breaker.failed(error) if error else breaker.succeeded()
        breaker.check()
    breaker.failed(LOST)
    with pytest.raises(BreakerOpen, match="plain is left alone for a while, for lost"):
        breaker.check()
    breaker.failed(LOST)  # of a call that was under way

    await until(lambda: probed.probes >= 3)
    assert (probed.most, probed.opened) == (1, 1)
    probed.well = True
    await until(lambda: not breaker.is_open)
    breaker.check()
    breaker.failed(LOST)
    breaker.check()
    await breaker.close()


@pytest.mark.anyio
@pytest.mark.parametrize("error", [FAULT, DeadlineExceeded("late", model="plain")])
@pytest.mark.parametrize("well", [True, False])
async def test_what_may_be_anothers_fault_opens_it_only_if_a_probe_fails_too(
    error: GatewayError,
    well: bool,
) -> None:
    """Who sends records that it cannot answer, or leaves before it has answered, does not take it from others."""
    probed = Probed(well=well)
    breaker = probed.breaker()
    for _ in range(3):
        breaker.failed(error)
    breaker.check()
    await until(lambda: breaker.is_open if not well else breaker.recovering is None)

    assert (probed.opened, breaker.failures) == ((0, 0) if well else (1, 3))
    await breaker.close()


@pytest.mark.anyio
async def test_it_is_probed_on_after_whatever_failure() -> None:
    """One that nobody has foreseen is logged, and leaves no model alone for ever; callers hear nothing of it."""
    probed = Probed(well=False)
    probed.failure = ArithmeticError("unforeseen")
    breaker = probed.breaker()
    breaker.trip("a wrong answer")
    await until(lambda: probed.probes >= 2)
    with pytest.raises(BreakerOpen, match="for a wrong answer"):
        breaker.check()
    probed.well = True
    await until(lambda: not breaker.is_open)
    await breaker.close()


@pytest.mark.anyio
@pytest.mark.parametrize("error", [BackendUnknown, BackendChanged])
async def test_another_version_is_no_failure(error: type[GatewayError]) -> None:
    """While a model rolls out it answers as a version whose contract is not known yet, or refuses as one of others."""
    breaker = Probed(well=False).breaker()
    for _ in range(9):
        breaker.failed(error("new", model="plain"))
    breaker.check()


@pytest.mark.anyio
@pytest.mark.parametrize("error", [BackendUnknown, BackendChanged])
@pytest.mark.parametrize("well", [True, False])
async def test_what_never_ends_to_change_is_a_failure(error: type[GatewayError], well: bool) -> None:
    """No rollout answers nothing else for half a minute: the model is left alone unless it answers a probe."""
    probed = Probed(well=well)
    breaker = probed.breaker()
    for failures, answers in ((2, True), (3, False)):
        breaker.failed(error("new", model="plain"))
        assert breaker.changing_since is not None
        breaker.changing_since -= CHANGING_S
        for _ in range(failures):
            assert breaker.recovering is None
            breaker.failed(error("new", model="plain"))
        if answers:
            breaker.succeeded()
    await until(lambda: breaker.is_open if not well else breaker.recovering is None)

    assert probed.opened == (0 if well else 1)
    await breaker.close()


@pytest.mark.anyio
async def test_two_rollouts_of_a_model_that_is_seldom_asked_are_two() -> None:
    """One answer of a new version, and others an hour later, are no half minute of nothing else."""
    probed = Probed(well=False)
    breaker = probed.breaker()
    breaker.failed(BackendUnknown("new", model="plain"))
    assert breaker.changing_since is not None
    breaker.changing_since -= 3600
    breaker.changing_last -= 3600
    for _ in range(9):
        breaker.failed(BackendUnknown("newer", model="plain"))

    assert (breaker.failures, breaker.recovering) == (0, None)


class Moody:
    """A service of the plain model that answers as it is in the mood to, and counts what it is asked."""

    def __init__(self, folder: Path) -> None:
        self.model = load(folder)
        self.contract = self.model.contract
        self.app = Protocol(Served(self.contract, folder, Model(self.contract, self.scores))).app()
        self.mood = "well"
        self.asked = 0
        self.seen: set[str] = set()

    def scores(self, inputs: Mapping[str, Array]) -> Array:
        """Give what the model does; a wrong probability is one that the contract allows."""
        if POISON in inputs[MATRIX_NAME][:, 0]:
            raise ArithmeticError
        return self.model.runtime(inputs) * (0.9 if self.mood == "wrong" else 1.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self.seen.add(scope.get("path", ""))
        if scope["type"] == "http" and scope["path"].endswith("/infer"):
            self.asked += 1
            if self.mood in STATUSES:
                await send_body(send, STATUSES[self.mood], b"{}", b"application/json", [])
                return
        await self.app(scope, receive, send)


STATUSES = {"failing": 500, "away": 404, "busy": 429}


@pytest.fixture
def moody(stored_plain: Path) -> Moody:
    """Make the model."""
    return Moody(stored_plain)


@pytest.fixture
def client(moody: Moody, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Run a gateway in front of it, with more settings of the backend where a test gives some."""
    with served(moody) as port:
        plain = {
            "url": f"http://127.0.0.1:{port}",
            "breaker": {"failures": 5, "first_s": 0.2, "longest_s": 0.4},
            **getattr(request, "param", {}),
        }
        with running_gateway(tmp_path, {"backends": {"plain": plain}, "default": "plain"}) as client:
            wait_until(lambda: "/artifact/golden" in moody.seen)
            yield client


def ask(client: httpx.Client, **record: float) -> tuple[int, str | None]:
    """Ask for one record; gives the status, and the reason of a failure."""
    answer = client.post("/v1/predict", json={"instances": [{**PLAIN, **record}]})
    return answer.status_code, answer.json().get("reason")


def metric(client: httpx.Client, name: str, more: str = "") -> float:
    """Read one metric of the model."""
    text = httpx.get(f"{client.headers['x-admin']}/metrics").text
    found = re.search(rf'^bentogate_{name}{{model="plain"{more}}} (\S+)$', text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize("mood", ["away", "busy"])
def test_a_model_that_fails_five_times_is_left_alone(moody: Moody, client: httpx.Client, mood: str) -> None:
    """Callers hear of it at once, and only probes reach it; it is asked again when one was answered."""
    assert ask(client) == (200, None)
    moody.mood = mood
    told = [ask(client)[1] for _ in range(5)]
    assert "breaker_open" not in told
    answer = client.post("/v1/predict", json={"instances": [PLAIN]})
    assert (answer.status_code, answer.json()["reason"]) == (503, "breaker_open")
    assert int(answer.headers["retry-after"]) >= 1
    assert metric(client, "breaker_state") == 1

    asked = moody.asked
    for _ in range(20):
        assert ask(client) == (503, "breaker_open")
    assert moody.asked < asked + 20  # probes, of which a slow machine makes some
    moody.mood = "well"
    wait_until(lambda: ask(client) == (200, None))
    assert metric(client, "breaker_state") == 0
    assert metric(client, "breaker_opened_total") == 1


def test_one_caller_cannot_take_a_model_from_others(client: httpx.Client) -> None:
    """Whose records it cannot answer hears so each time, and the model is asked by others as before."""
    assert ask(client) == (200, None)
    for _ in range(12):
        assert ask(client, width=POISON) == (502, "backend_fault")
        assert ask(client, width=POISON) == (502, "backend_fault")
    assert ask(client) == (200, None)
    assert metric(client, "breaker_opened_total") == 0


@pytest.mark.parametrize("client", [{"golden_every": 3}], indirect=True)
def test_a_wrong_answer_to_a_golden_row_takes_the_model_out(moody: Moody, client: httpx.Client) -> None:
    """Such an answer breaks no contract: nothing else tells it from a right one. It is back when it answers rightly."""
    for _ in range(6):
        assert ask(client) == (200, None)
    assert metric(client, "golden_rows_total", ',outcome="right"') == 2
    moody.mood = "wrong"
    outcomes = [ask(client) for _ in range(4)]

    assert outcomes[:2] == [(200, None)] * 2  # no golden row rode with these
    assert outcomes[2:] == [(502, "backend_fault"), (503, "breaker_open")]
    assert metric(client, "golden_rows_total", ',outcome="wrong"') == 1
    moody.mood = "well"
    wait_until(lambda: ask(client) == (200, None))


@pytest.mark.parametrize("client", [{"golden_every": 1}], indirect=True)
def test_nobody_sees_the_golden_row(moody: Moody, client: httpx.Client) -> None:
    """It is no row of any caller, nor of the metrics, and others' answers are what they are without it."""
    alone = moody.model.predict(pack_rows(moody.contract.features, [list(PLAIN.values())] * 3))
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/predict", json={"instances": [PLAIN] * 3}), range(48)))

    for answer in answers:
        assert [row["probability"] for row in answer.json()["predictions"]] == list(alone["probability"])
    assert metric(client, "rows_total") == 3 * 48
    assert metric(client, "golden_rows_total", ',outcome="right"') == metric(client, "batch_rows_count")
