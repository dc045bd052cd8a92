"""The entrance of a cluster as a caller sees it, and the pods behind it."""

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.cluster.entrances.apiserver import ApiServer
from tests.cluster.entrances.pods import Pod, running_pod
from tests.gateway.conftest import PLAIN
from tests.serving import wait_until

PREDICT = "/inference/v1/predict"
BODY = {"instances": [PLAIN]}
ADA, BEN = ("ada", "with an apr1 hash"), ("ben", "with a SHA-1 hash")


@dataclass(frozen=True)
class Entrance:
    """Hold a controller's addresses, and the API server that tells it where the pods are."""

    api: ApiServer
    url: str
    plain_url: str
    trust: ssl.SSLContext
    pods: list[Pod]
    model_port: int
    variables: dict[str, str]

    def caller(self, auth: tuple[str, str] | None = ADA) -> httpx.Client:
        """Give a client that trusts only the certificate in the Secret, and keeps its cookies."""
        return httpx.Client(base_url=self.url, verify=self.trust, auth=auth, timeout=20)

    def newcomers(self, count: int) -> list[int]:
        """Let as many callers without a cookie ask for a prediction; gives the statuses."""
        statuses = []
        for _ in range(count):
            with self.caller() as caller:
                statuses.append(predict(caller))
        return statuses

    def reaches(self, pod: Pod) -> bool:
        """Say whether one of four newcomers reaches a pod."""
        before = pod.answered()
        self.newcomers(4)
        return pod.answered() > before

    @contextlib.contextmanager
    def out_of_service(self, pod: Pod, *, serving: bool) -> Iterator[None]:
        """List a pod as not ready (as ending, if it still serves) until the end, and wait for the controller."""
        self.api.apply(pod.listed(ready=False, serving=serving, terminating=serving))
        try:
            wait_until(lambda: not self.reaches(pod))
            yield
        finally:
            self.api.apply(pod.listed())
            wait_until(lambda: self.reaches(pod))

    @contextlib.contextmanager
    def third_pod(self, folder: Path) -> Iterator[tuple[Pod, contextlib.ExitStack]]:
        """List one more pod until the end; its process ends when the stack is closed."""
        with contextlib.ExitStack() as process:
            pod = process.enter_context(running_pod(folder, "127.0.0.4", self.model_port, self.variables))
            self.api.apply(pod.listed())
            try:
                wait_until(lambda: self.reaches(pod))
                yield pod, process
            finally:
                self.api.delete(pod.listed())


def predict(caller: httpx.Client) -> int:
    """Ask for a prediction; gives the status."""
    return caller.post(PREDICT, json=BODY).status_code
