"""What the alert rules and the dashboard ask of Prometheus."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from tests.conftest import ROOT

FOLDER = ROOT / "k8s" / "components" / "monitoring"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
GROUPS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "prometheusrule.yaml").read_text())["spec"]["groups"]
ALERTS: dict[str, dict[str, Any]] = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
PROMETHEUS_OWN = {"namespace", "job", "instance"}
"""Labels that Prometheus puts on what it scrapes."""

NAME = re.compile(r"\bbentogate_[a-z_]+")
MATCHED = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"")
GROUPED = re.compile(r"\b(?:by|without|on|ignoring|group_left)\s*\(([^)]*)\)")
SHOWN = re.compile(r"\{\{\s*(?:\$labels\.)?([a-z_]+)\s*\}\}")


class Query(NamedTuple):
    """One expression, where it stands, and the texts in which labels of its answer are shown."""

    where: str
    expression: str
    shown: tuple[str, ...] = ()

    @property
    def metrics(self) -> set[str]:
        """Name the metrics that it reads."""
        return set(NAME.findall(self.expression))

    @property
    def labels(self) -> set[str]:
        """Name the labels that it matches, groups by or shows."""
        grouped = {label.strip() for labels in GROUPED.findall(self.expression) for label in labels.split(",")}
        shown = {label for text in self.shown for label in SHOWN.findall(text)}
        return (set(MATCHED.findall(self.expression)) | grouped | shown) - {""}


def rules() -> str:
    """Give the rule file that is the `spec` of the PrometheusRule."""
    return yaml.safe_dump({"groups": GROUPS})


def panels() -> Iterator[dict[str, Any]]:
    """Give the panels that show something."""
    return (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


def shown() -> list[Query]:
    """Give the queries of the panels."""
    return [
        Query(f"{panel['title']} {target['refId']}", target["expr"], (target["legendFormat"],))
        for panel in panels()
        for target in panel["targets"]
    ]


def alerts() -> list[Query]:
    """Give those of the alerts."""
    return [Query(name, rule["expr"], tuple(rule["annotations"].values())) for name, rule in ALERTS.items()]


def variables() -> list[Query]:
    """Give those of the dashboard's variables, each as the metric and the label whose values it offers."""
    found = [one["query"]["query"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query"]
    pairs = [re.fullmatch(r"label_values\((.*), (\w+)\)", query) for query in found]
    return [Query(pair[2], pair[1], (f"{{{{{pair[2]}}}}}",)) for pair in pairs if pair]
