"""The alert rules are rules, and each is raised by what it is for and by nothing else."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, run
from tests.monitoring.queries import ALERTS, rules

CASES = Path(__file__).with_name("alerts.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write rules and cases beside each other."""
    (tmp_path / "rules.yaml").write_text(rules())
    (tmp_path / "alerts.yaml").write_text(CASES.read_text())
    return tmp_path


def run_cases(folder: Path) -> subprocess.CompletedProcess[str]:
    """Let promtool run the cases."""
    return run("promtool", "test", "rules", "alerts.yaml", check=False, cwd=folder)


def test_the_rules_are_rules(folder: Path) -> None:
    """In promtool's eyes, templates too."""
    done = run("promtool", "check", "rules", "rules.yaml", cwd=folder)

    assert f"{len(ALERTS)} rules found" in done.stdout


def test_the_cases_hold(folder: Path) -> None:
    """Each alert begins when it should, and a healthy service raises none."""
    done = run_cases(folder)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_a_case_needs_each_alert(folder: Path, name: str) -> None:
    """Without the alert the cases fail: each is raised by one."""
    document = yaml.safe_load(rules())
    for group in document["groups"]:
        group["rules"] = [rule for rule in group["rules"] if rule["alert"] != name]
    (folder / "rules.yaml").write_text(yaml.safe_dump(document))

    done = run_cases(folder)

    assert done.returncode == 1
    assert name in done.stdout + done.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_and_what_it_means(name: str) -> None:
    """With a severity that routes it, and two sentences; docs/operations.md lists it."""
    rule = ALERTS[name]

    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description"}
    page = (ROOT / "docs" / "operations.md").read_text()
    assert re.search(rf"^\| `{name}` \| {rule['labels']['severity']} \|", page, re.MULTILINE)
