"""What rules and dashboard ask for is there: in `/metrics` of a real stack, and in a Prometheus that scrapes it."""

import math
from collections import defaultdict

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.monitoring.queries import ALERTS, PROMETHEUS_OWN, Query, alerts, panels, shown, variables
from tests.serving import wait_until
from tests.stack.conftest import Stack

EVERY = [*shown(), *alerts(), *variables()]
CHOSEN = {"$__rate_interval": "10s", "$namespace": ".*", "$route": ".*", "$model": ".*"}
"""What Grafana puts for the variables where nothing is chosen."""


@pytest.fixture(scope="module")
def exposed(stack: Stack) -> dict[str, set[str]]:
    """Read the labels of each metric that the gateway and the models tell of."""
    found: dict[str, set[str]] = defaultdict(set)
    for variable in ("GATEWAY_ADMIN_PORT", "DIAGNOSIS_PORT", "NOVELTY_PORT"):
        for family in text_string_to_metric_families(httpx.get(f"{stack.url(variable)}/metrics").text):
            for sample in family.samples:
                found[sample.name] |= sample.labels.keys()
    return found


@pytest.mark.parametrize("query", EVERY, ids=lambda query: query.where)
def test_what_is_asked_for_is_exposed(exposed: dict[str, set[str]], query: Query) -> None:
    """Each metric by its name, and each label on one of the metrics of its query."""
    assert query.metrics <= exposed.keys()
    known = set().union(*(exposed[name] for name in query.metrics)) | PROMETHEUS_OWN
    assert query.labels <= known


@pytest.mark.parametrize("query", shown(), ids=lambda query: query.where)
def test_a_panel_has_data(prometheus: httpx.Client, query: Query) -> None:
    """Prometheus answers it with numbers."""
    wait_until(lambda: values(prometheus, query.expression), 40)


def values(prometheus: httpx.Client, expression: str) -> list[float]:
    """Give the numbers of an answer; NaN, which is no data, is left out."""
    for variable, value in CHOSEN.items():
        expression = expression.replace(variable, value)
    answer = prometheus.get("/query", params={"query": expression}).raise_for_status().json()
    numbers = [float(one["value"][1]) for one in answer["data"]["result"]]
    return [number for number in numbers if not math.isnan(number)]


def test_all_rules_are_evaluated(prometheus: httpx.Client) -> None:
    """Without an error of any, over the real metrics."""

    def found() -> dict[str, str]:
        groups = prometheus.get("/rules").json()["data"]["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    wait_until(lambda: "unknown" not in found().values(), 40)
    assert found() == dict.fromkeys(ALERTS, "ok")


def test_all_targets_are_scraped(prometheus: httpx.Client) -> None:
    """The gateway, and both models."""
    wait_until(lambda: sorted(values(prometheus, "up")) == [1, 1, 1], 40)


def test_a_query_for_what_is_not_there_would_be_found(exposed: dict[str, set[str]], prometheus: httpx.Client) -> None:
    """The checks can fail: for a metric, a label, and a query without data."""
    wrong = Query("wrong", 'sum by (modell) (bentogate_queued_row{model="m"})', ("{{colour}}",))

    assert not wrong.metrics <= exposed.keys()
    assert wrong.labels == {"modell", "model", "colour"}
    assert values(prometheus, wrong.expression) == []


def test_panels_do_not_overlap() -> None:
    """Each has an id, a sentence, and a place of its own."""
    places: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not places & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        assert panel["description"].endswith(".")
        assert panel["datasource"]["uid"] == "${datasource}"
        places |= cells
    assert len({panel["id"] for panel in panels()}) == len(list(panels()))
