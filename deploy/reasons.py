"""Why a pod does not run, in plain words with the fix, from what the cluster says of it."""

from collections.abc import Iterator
from typing import Any

HINTS = {
    "ErrImageNeverPull": "the image is not in the cluster: make load CLUSTER=minikube (or kind, k3d)",
    "ErrImagePull": "the image cannot be pulled: is it pushed (make push), and may this cluster read the registry?",
    "ImagePullBackOff": "the image cannot be pulled: is it pushed (make push), and may this cluster read the registry?",
    "InvalidImageName": "the image has no valid name: make push REGISTRY=… writes it",
    "CreateContainerConfigError": "a ConfigMap or Secret that the pod names is missing",
    "OOMKilled": "it needed more memory than its limit: docs/operations.md, Memory and processor time",
    "CrashLoopBackOff": "it ends soon after its start; its last lines say why",
    "Error": "it ended with an error; its last lines say why",
}


def likely_reason(pod: dict[str, Any]) -> str | None:
    """Give the likely reason why a pod (as `kubectl get -o json` has it) is not ready; None when it is or ended well.

    A pod that runs and is not ready is still starting, or its probe fails.
    """
    status = pod.get("status", {})
    if status.get("phase") == "Succeeded":  # a Job's, such as a canary's
        return None
    if any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", ())):
        return None
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"no node takes it: {condition.get('message', 'the cluster does not say why')}"
    for word, message in words(status):
        if word in HINTS:
            return f"{word}: {HINTS[word]}" + (f" ({message})" if message else "")
    return "it runs but is not ready yet: it is still starting, or its probe gets no answer"


def words(status: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what the containers wait for or ended with, the most telling first."""
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    for container in containers:
        for state in (container.get("lastState", {}), container.get("state", {})):
            if state.get("terminated", {}).get("reason") == "OOMKilled":
                yield "OOMKilled", ""
    for container in containers:
        for kind in ("waiting", "terminated"):
            found = container.get("state", {}).get(kind)
            if found and found.get("reason"):
                yield found["reason"], found.get("message", "").strip()
