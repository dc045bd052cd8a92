"""Why a pod does not run is told in plain words with the fix."""

from typing import Any

import pytest

from deploy.reasons import likely_reason


def pod(state: dict[str, Any], last: dict[str, Any] | None = None, **conditions: str) -> dict[str, Any]:
    """Describe a pod of one container as the cluster would."""
    container = {"name": "model", "state": state, "lastState": last or {}}
    listed = [
        {"type": name, "status": value, "message": "0/1 nodes are available"} for name, value in conditions.items()
    ]
    return {"status": {"conditions": listed, "containerStatuses": [container]}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """Describe a container that waits."""
    return {"waiting": {"reason": reason, "message": message}}


@pytest.mark.parametrize(
    ("state", "last", "says"),
    [
        (waiting("ErrImageNeverPull"), None, "make load CLUSTER=minikube"),
        (waiting("ImagePullBackOff", "not found"), None, "make push"),
        (waiting("InvalidImageName"), None, "make push REGISTRY="),
        (waiting("CreateContainerConfigError", 'secret "x" not found'), None, 'is missing (secret "x" not found)'),
        (waiting("CrashLoopBackOff"), None, "its last lines say why"),
        (waiting("CrashLoopBackOff"), {"terminated": {"reason": "OOMKilled"}}, "OOMKilled: it needed more memory"),
        ({"terminated": {"reason": "Error"}}, None, "it ended with an error"),
        ({"running": {}}, None, "still starting"),
    ],
)
def test_a_likely_reason_is_found(state: dict[str, Any], last: dict[str, Any] | None, says: str) -> None:
    """From what its containers wait for or ended with, the most telling first."""
    assert says in str(likely_reason(pod(state, last, Ready="False")))


def test_a_pod_that_no_node_takes_says_the_schedulers_words() -> None:
    """It has no containers yet."""
    described = pod({}, None, PodScheduled="False")
    described["status"].pop("containerStatuses")

    assert likely_reason(described) == "no node takes it: 0/1 nodes are available"


def test_a_ready_pod_has_no_fault() -> None:
    """However often it was restarted before."""
    assert likely_reason(pod({"running": {}}, {"terminated": {"reason": "OOMKilled"}}, Ready="True")) is None


def test_a_pod_that_has_ended_well_is_not_wrong() -> None:
    """As the one of a Job is afterwards, which is not ready any more; one that ended badly is told."""
    done = pod({"terminated": {"reason": "Completed", "exitCode": 0}}, Ready="False")
    done["status"]["phase"] = "Succeeded"
    failed = pod({"terminated": {"reason": "Error", "exitCode": 1}}, Ready="False")
    failed["status"]["phase"] = "Failed"

    assert likely_reason(done) is None
    assert "ended with an error" in str(likely_reason(failed))
