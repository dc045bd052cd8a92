"""Applying an overlay and following it until it answers; taking it away; how it stands."""

import json
from typing import Any

from rich.markup import escape

from deploy.ask import forwarded, show_answer
from deploy.commands import DeployError, console, output, reach, step
from deploy.overlay import Applied, folder_of, prepare, render
from deploy.reasons import likely_reason

OURS = ("-l", "app.kubernetes.io/part-of=bentogate")
KINDS = "deployments,services,configmaps,serviceaccounts,horizontalpodautoscalers,poddisruptionbudgets"
PATIENCE_S = 180
LAST_LINES = 15


def deploy(overlay: str) -> None:
    """Apply an overlay, wait until every pod is ready, and ask the gateway for a prediction.

    Raises DeployError, after what is wrong with the pods was printed.
    """
    folder = prepare(overlay)
    applied = render(folder)
    reach()
    console.print(output("kubectl", "apply", "-k", str(folder)).strip(), markup=False)
    for name in applied.deployments:
        wait = ("rollout", "status", f"deployment/{name}", f"--timeout={PATIENCE_S}s")
        try:
            step(f"roll out {name}", "kubectl", *applied.namespace, *wait)
        except DeployError as exc:
            show_faults(applied)
            raise DeployError(f"{name} is not rolled out") from exc
    with forwarded(applied.namespace) as base:
        show_answer(base)


def show_faults(applied: Applied) -> None:
    """Print, for each pod that is not ready, the likely reason and its last lines."""
    for pod in pods(applied):
        reason = likely_reason(pod)
        if reason is None:
            continue
        name = pod["metadata"]["name"]
        console.print(f"[bold red]{name}[/]: {escape(reason)}")
        for previous in ((), ("--previous",)):
            try:
                logs = output("kubectl", *applied.namespace, "logs", name, f"--tail={LAST_LINES}", *previous)
            except DeployError:  # not started yet, or never restarted
                continue
            console.print(logs.rstrip(), markup=False)


def pods(applied: Applied) -> list[dict[str, Any]]:
    """Give our pods as the cluster describes them."""
    found: list[dict[str, Any]] = json.loads(output("kubectl", *applied.namespace, "get", "pods", *OURS, "-o", "json"))[
        "items"
    ]
    return found


def undeploy(overlay: str) -> None:
    """Delete what an overlay made, but not its namespace, where others may keep certificates."""
    applied = render(folder_of(overlay))  # by name, whatever images run
    reach()
    gone = output("kubectl", "delete", "--ignore-not-found", "-f", "-", feed=applied.what_may_go)
    # What an earlier gateway.yaml or a model that is gone left behind has another name than anything rendered now.
    gone += output("kubectl", *applied.namespace, "delete", "--ignore-not-found", KINDS, *OURS)
    console.print(gone.strip(), markup=False)


def status(overlay: str) -> None:
    """Print what runs, what is wrong with what does not, and a prediction."""
    applied = render(folder_of(overlay))
    reach()
    console.print(output("kubectl", *applied.namespace, "get", f"pods,{KINDS}", *OURS).strip(), markup=False)
    show_faults(applied)
    with forwarded(applied.namespace) as base:
        show_answer(base)
