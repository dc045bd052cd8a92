"""Whether the models of a route fit together is told at the start, and is a condition of every change."""

import json
from pathlib import Path
from typing import Any

import pytest

from contract import Feature, Interface, Output
from gateway.backends import Backend
from gateway.errors import PlanMismatch
from gateway.metrics import Metrics
from gateway.plans import make_plans, misfits
from gateway.reports import Reports
from gateway.settings import BackendSettings, RouteSettings
from tests.gateway.conftest import PLAIN
from tests.gateway.over_time.test_changing import ask, metrics, put, put_text, refusals, served_names, told, wait_for
from tests.gateway.plans.conftest import Start
from tests.serving import wait_until

GOOD: dict[str, Any] = {"split": {"weights": {"plain": 1, "candidate": 1}}}
BAD: dict[str, Any] = {"split": {"weights": {"plain": 1, "candidate": 1}, "by": "feature shade"}}
REASON = "what rollout asks does not fit together: shade: rollout is split by it, and no side reads it"
FAULT = "a route cannot be asked"
FAULTY = 'bentogate_plan_faulty{route="rollout"}'


def put_in_lines(folder: Path, settings: dict[str, Any]) -> int:
    """Put settings in the place of others, a line for each key; gives that on which the route stands."""
    text = json.dumps(settings, indent=1)
    put_text(folder, text)
    return 1 + next(at for at, line in enumerate(text.splitlines()) if '"rollout": {' in line)


def test_a_route_that_does_not_fit_is_told_everywhere(start: Start, tmp_path: Path) -> None:
    """In the log once, in metrics and lists, and to callers; what is beside it goes on, and it can be mended."""
    client = start({"plain2": {"ensemble": ["plain"]}, "rollout": BAD, "above": {"ensemble": ["rollout", "mixed"]}})
    wait_until(lambda: f"{FAULTY} 1.0" in metrics(client))
    answer = client.post("/v1/models/rollout:predict", json={"instances": [PLAIN]})
    listed = client.get("/v1/models/rollout").json()

    assert answer.status_code == 502
    assert (answer.json()["reason"], answer.json()["detail"]) == ("plan_mismatch", REASON)
    assert client.get("/v2/models/rollout/ready").status_code == 503
    assert client.get("/v2/models/rollout").status_code == 502
    assert "502" in client.get("/openapi.json").json()["paths"]["/v2/models/{name}"]["get"]["responses"]
    assert (listed["known"], listed["ready"], listed["reason"]) == (False, False, REASON)
    assert ask(client, "above", PLAIN) == 502
    assert ask(client, "plain2", PLAIN) == 200
    assert 'bentogate_plan_faulty{route="plain2"} 0.0' in metrics(client)
    wait_until(lambda: len(told(tmp_path, FAULT)) == 2)
    lines = {line["route"]: line for line in told(tmp_path, FAULT)}
    assert lines.keys() == {"rollout", "above"}
    assert lines["rollout"]["reason"] == REASON
    assert lines["rollout"]["place"] == f"{tmp_path}/gateway.yaml, line 1"

    put(tmp_path, routes={"plain2": {"ensemble": ["plain"]}, "rollout": BAD})
    wait_until(lambda: "above" not in served_names(client))
    put(tmp_path, routes={"plain2": {"ensemble": ["plain"]}, "rollout": GOOD})
    wait_until(lambda: f"{FAULTY} 0.0" in metrics(client))
    assert ask(client, "rollout", PLAIN) == 200
    assert len(told(tmp_path, FAULT)) == 2


def test_a_change_to_what_does_not_fit_is_refused(start: Start, tmp_path: Path) -> None:
    """As a whole, with file, line and reason; a new backend that came with it is left alone again."""
    client = start({"rollout": GOOD})
    settings = json.loads((tmp_path / "gateway.yaml").read_text())
    settings["backends"]["another"] = settings["backends"]["plain"] | {"model": "plain"}
    line = put_in_lines(tmp_path, {**settings, "routes": {"rollout": BAD}, "max_rows": 1})
    wait_for(client, "refused", 1)
    (reason,) = wait_until(lambda: refusals(tmp_path))

    assert reason == f"{tmp_path}/gateway.yaml, line {line}: routes.rollout: {REASON}"
    assert ask(client, "rollout", PLAIN, PLAIN) == 200
    assert "another" not in served_names(client)
    wait_until(lambda: 'model="another"' not in metrics(client))
    assert f"{FAULTY} 0.0" in metrics(client)


def backend(name: str, *types: str) -> Backend:
    """Make a backend whose outputs are of these types, and which has told no contract without any."""
    one = Backend(name, BackendSettings.model_validate({"url": "http://unasked"}), Metrics())
    if types:
        feature = Feature(name="width", type="number", example=1.0, description="The width")
        outputs = [Output(name=f"out{at}", type=type_, description="One") for at, type_ in enumerate(types)]  # type: ignore[arg-type]
        one.current = Interface(name=name, description=name, features=(feature,), outputs=tuple(outputs), version="1")
    return one


def test_a_new_contract_is_looked_at() -> None:
    """What fitted fits no more, and what did not fit does, as soon as the model has told another contract."""
    backends = {"old": backend("old", "number"), "new": backend("new")}
    route = RouteSettings.model_validate({"split": {"weights": {"old": 1, "new": 1}}})
    plans = make_plans(backends, {"rollout": route, "twice": RouteSettings(ensemble=("rollout",))}, Reports())
    assert misfits(plans) == {}

    backends["new"].current = backend("new", "boolean").current
    reason = "what rollout asks does not fit together: out0: its type is 'number', and of new 'boolean'"
    assert misfits(plans) == {"rollout": reason, "twice": reason}
    with pytest.raises(PlanMismatch):
        _ = plans["twice"].outputs

    backends["new"].current = backend("new", "number").current
    assert misfits(plans) == {}
