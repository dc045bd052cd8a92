"""What the manifests ask for is what docs/operations.md derives from its measurements."""

from typing import Any

import pytest
import yaml

from benchmarks.resources import MOST_BYTES, MOST_ROWS, refused
from benchmarks.sizing import MEBI, READY_WITHIN_S, Needs, Resources, resources
from gateway.settings import Settings
from tests.conftest import ROOT

SECTION = (ROOT / "docs" / "operations.md").read_text().split("## Memory and processor time")[1].split("\n## ")[0]
ROWS = {
    cells[0]: cells[1:]
    for cells in (line.strip("| ").split(" | ") for line in SECTION.splitlines() if line.startswith("| "))
}


def pod_spec(base: str) -> dict[str, Any]:
    """Read the pods of a base's Deployment."""
    deployment = yaml.safe_load((ROOT / "k8s" / "base" / base / "deployment.yaml").read_text())
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def documented(name: str) -> Needs:
    """Read what a workload needed."""
    ready, core_s, start, rest, *peaks = ROWS[name]
    ordinary, rested, highest = (int(peak) * MEBI for peak in peaks)
    return Needs(int(start) * MEBI, float(ready[:-2]), float(core_s), float(rest[:-1]), ordinary, rested, highest)


@pytest.mark.parametrize("base", ["gateway", "model"])
def test_manifests_ask_for_what_is_documented(base: str) -> None:
    """Requests, limits and the size of the folder for temporary files."""
    (container,) = pod_spec(base)["containers"]
    cpu, request, limit, folder = ROWS[f"`{base}`"]
    sizes = [volume["emptyDir"]["sizeLimit"] for volume in pod_spec(base)["volumes"] if "emptyDir" in volume]

    assert container["resources"] == {"requests": {"cpu": cpu, "memory": request}, "limits": {"memory": limit}}
    assert sizes == ([] if folder == "none" else [folder])


@pytest.mark.parametrize(("base", "workloads"), [("gateway", ["gateway"]), ("model", ["diagnosis", "novelty"])])
def test_what_is_documented_follows_by_the_rules(base: str, workloads: list[str]) -> None:
    """The figures of the workloads give the requests and limits of their base."""
    assert resources([documented(name) for name in workloads]) == Resources(*ROWS[f"`{base}`"][:3])


@pytest.mark.parametrize("base", ["gateway", "model"])
def test_startup_probes_wait_three_times_as_long_as_a_start_on_a_busy_node(base: str) -> None:
    """A start with nothing but its request is no reason to kill a pod."""
    probe = pod_spec(base)["containers"][0]["startupProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] >= 3 * READY_WITHIN_S


def test_the_largest_bodies_are_sent() -> None:
    """Both bounds are the gateway's own, and the body that is refused is hardly smaller."""
    fields = Settings.model_fields

    assert fields["max_body_mb"].default * MEBI == MOST_BYTES
    assert fields["max_rows"].default == MOST_ROWS
    assert MOST_BYTES - 64 < len(refused()) <= MOST_BYTES


def test_the_command_is_documented() -> None:
    """Whoever doubts a figure can measure it."""
    assert "python -m benchmarks.resources" in SECTION
