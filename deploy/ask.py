"""Asking the gateway of a cluster, through a port forwarded to it, for a prediction of its own examples."""

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx

from deploy.commands import DeployError, console

SERVICE = "service/ml-inference-service"


@contextlib.contextmanager
def forwarded(namespace: tuple[str, ...]) -> Iterator[str]:
    """Forward a free port of this machine to the gateway; gives its address."""
    command = ["kubectl", *namespace, "port-forward", SERVICE, ":80"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            line = process.stdout.readline() if process.stdout else ""
            port = re.search(r"127\.0\.0\.1:(\d+)", line)
            if port is None:
                raise DeployError((process.stderr.read() if process.stderr else "") or "kubectl forwards no port")
            yield f"http://127.0.0.1:{port[1]}"
        finally:
            process.terminate()


def ask(base: str) -> dict[str, Any]:
    """Send the default route the examples of its features; gives the answer.

    Raises DeployError with the gateway's own words.
    """
    try:
        with httpx.Client(base_url=base, timeout=15, trust_env=False) as client:
            served = client.get("/v1/models").raise_for_status().json()
            default = served["default"]
            model = client.get(f"/v1/models/{default}").raise_for_status().json()
            if not model["known"]:
                raise DeployError(f"the gateway is there, but {model['reason']}")
            record = {feature["name"]: feature["example"] for feature in model["features"]}
            answer = client.post("/v1/predict", json={"instances": [record]})
    except httpx.HTTPError as exc:
        raise DeployError(f"the gateway gives no answer: {exc}") from exc
    if answer.status_code != 200:
        raise DeployError(f"the gateway answered {answer.status_code}: {answer.text}")
    found: dict[str, Any] = answer.json()
    return found


def show_answer(base: str) -> None:
    """Ask, and print the answer."""
    console.print("the gateway predicts, for the examples of its features:")
    console.print_json(json.dumps(ask(base)))
