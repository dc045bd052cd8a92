"""Our own rules hold over everything that is rendered, and each of them finds what it is for."""

from copy import deepcopy
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.routes import health
from gateway.settings import Settings
from models import model_names
from tests.cluster.manifests.rules import ALL, ONLY, Rule
from tests.cluster.manifests.rules.environment import is_setting
from tests.cluster.manifests.rules.lifecycle import PATHS, longest_request_s
from tests.cluster.manifests.rules.objects import title
from tests.cluster.rendered import COMPONENTS, RENDERINGS, Manifest

BROKEN: dict[str, list[dict[str, Any]]] = yaml.safe_load(Path(__file__).with_name("broken.yaml").read_text())
NAMES = {rule.__name__: rule for rule in ALL}
ALL_MODELS = ", ".join(f"Deployment ml-{name}" for name in model_names())
EVERYTHING = "+".join(("base", *COMPONENTS))


@pytest.mark.parametrize("rule", NAMES)
def test_rule_holds(rule: str) -> None:
    """No overlay and no combination of components has a fault."""
    renderings = [one for one in RENDERINGS if fnmatch(one, ONLY.get(NAMES[rule], "*"))]

    faults = [f"{one}: {fault}" for one in renderings for fault in NAMES[rule](RENDERINGS[one]())]

    assert renderings
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("rule", "case"),
    [
        pytest.param(rule, case, id=f"{rule}-{case['in']} {case.get('at', '')}")
        for rule, cases in BROKEN.items()
        for case in cases
    ],
)
def test_rule_finds_the_fault(rule: str, case: dict[str, Any]) -> None:
    """One small change is found, by a sentence that names what is wrong."""
    changed = broken(NAMES[rule], case)

    faults = NAMES[rule](changed)

    says = case["says"].replace("ALL MODELS", ALL_MODELS)
    assert any(says in fault for fault in faults), faults


def test_every_rule_can_fail() -> None:
    """For each rule there is a change that breaks it, and no rule is left out of the list."""
    assert set(BROKEN) == set(NAMES)
    assert len(NAMES) == len(ALL)


def test_probes_ask_for_paths_of_the_gateway() -> None:
    """What the rules take for real paths are routes of the gateway's admin listener."""
    assert {getattr(route, "path", "") for route in health.router.routes} >= PATHS


def test_the_longest_requests_are_read_from_the_code() -> None:
    """A model works on a request longer than the gateway waits for it, and drains are measured by both."""
    assert longest_request_s("model") > longest_request_s("gateway") > 0


@pytest.mark.parametrize("parts", [["port"], ["backends"], ["backends", "any", "url"], ["routes", "any", "ensemble"]])
def test_a_nested_setting_is_known(parts: list[str]) -> None:
    """A variable may set a part of a backend or a route."""
    assert is_setting(Settings, parts)


def broken(rule: Rule, case: dict[str, Any]) -> list[Manifest]:
    """Copy a rendering to which the rule applies, and change it as the case says."""
    only = ONLY.get(rule, "*")
    manifests = deepcopy(RENDERINGS[case.get("rendering", only if only in RENDERINGS else EVERYTHING)]())
    exactly = [one for one in manifests if title(one) == case["in"]]
    found = exactly or [one for one in manifests if title(one).startswith(case["in"])]
    assert found, f"{case['in']} is not rendered"
    if "at" not in case:
        return [one for one in manifests if one not in found]
    assert len(found) == 1, f"{case['in']} is rendered more than once"
    *way, last = [int(part) if part.isdecimal() else part for part in case["at"].split()]
    inner: Any = found[0]
    for part in way:
        inner = inner[part]
    if "now" in case:
        inner[last] = case["now"]
    else:
        del inner[last]
    return manifests
