"""The settings in a ConfigMap, for which the API server is asked: in a pod with its own token, elsewhere by kubectl."""

import json
import os
import ssl
import subprocess
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from gateway.canary.weights import PlaceError

ASKED_S = 30

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet puts what a pod knows the API server by, and is known to it."""


class Api(Protocol):
    """A way to the ConfigMaps of a namespace; both raise PlaceError with what the API server says."""

    def get(self, name: str) -> Any:
        """Give one."""

    def patch(self, name: str, patch: Mapping[str, Any]) -> None:
        """Change one by a merge patch (RFC 7386)."""


class Kubectl:
    """Have kubectl ask, in its namespace unless one is given."""

    def __init__(self, namespace: str | None) -> None:
        self.options = ["--namespace", namespace] if namespace else []

    def get(self, name: str) -> Any:
        """Give a ConfigMap."""
        return json.loads(self.ask("get", "configmap", name, "--output", "json"))

    def patch(self, name: str, patch: Mapping[str, Any]) -> None:
        """Change it."""
        self.ask("patch", "configmap", name, "--type", "merge", "--patch", json.dumps(patch))

    def ask(self, *arguments: str) -> str:
        """Run it; raises PlaceError with what it says."""
        command = ["kubectl", *self.options, *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=ASKED_S, check=True)  # noqa: S603
        except subprocess.CalledProcessError as exc:
            raise PlaceError(f"kubectl {arguments[0]}: {exc.stderr.strip()}") from exc
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise PlaceError(f"kubectl cannot be asked: {exc}") from exc
        return done.stdout


class InPod:
    """Ask as the service account of this pod, in its namespace unless one is given.

    https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
    """

    def __init__(self, namespace: str | None, account: Path = ACCOUNT) -> None:
        self.namespace = namespace
        self.account = account

    def get(self, name: str) -> Any:
        """Give a ConfigMap."""
        return self.ask("GET", name)

    def patch(self, name: str, patch: Mapping[str, Any]) -> None:
        """Change it."""
        self.ask("PATCH", name, json.dumps(patch))

    def ask(self, method: str, name: str, body: str | None = None) -> Any:
        """Ask for one, and give the answer; raises PlaceError with what it says."""
        try:
            namespace = self.namespace or (self.account / "namespace").read_text()
            headers = {
                "Authorization": f"Bearer {(self.account / 'token').read_text()}",  # another one each hour
                "Accept": "application/json",
                "Content-Type": "application/merge-patch+json",
            }
            with closing(self.connection()) as connection:
                connection.request(method, f"/api/v1/namespaces/{namespace}/configmaps/{quote(name)}", body, headers)
                response = connection.getresponse()
                status, document = response.status, json.loads(response.read())
        except (OSError, HTTPException, LookupError, ValueError) as exc:
            raise PlaceError(f"the API server cannot be asked: {exc}") from exc
        if status != 200:
            raise PlaceError(f"the API server answers {status}: {document.get('message')}")
        return document

    def connection(self) -> HTTPSConnection:
        """Give a connection to the API server, trusted by the cluster's own authority; close it."""
        context = ssl.create_default_context(cafile=self.account / "ca.crt")
        # Authorities of many clusters lack what Python 3.13 and newer wants (kubernetes-client/python, issue 2394).
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"])
        return HTTPSConnection(host, port, timeout=ASKED_S, context=context)


class ConfigMap:
    """Hold the settings in a key of a ConfigMap; the API server refuses a patch of a version that is not the last."""

    def __init__(self, name: str, key: str, api: Api) -> None:
        self.name = name
        self.key = key
        self.api = api
        self.version = ""

    def __str__(self) -> str:
        return f"ConfigMap {self.name}"

    def read(self) -> str:
        """Ask for it."""
        document = self.api.get(self.name)
        data = document.get("data") or {}
        text = data.get(self.key)
        if text is None:
            raise PlaceError(f"ConfigMap {self.name} has no key {self.key}, only {', '.join(data) or 'none'}")
        self.version = document["metadata"]["resourceVersion"]
        return str(text)

    def write(self, text: str) -> None:
        """Patch it."""
        self.api.patch(self.name, {"metadata": {"resourceVersion": self.version}, "data": {self.key: text}})


def api(namespace: str | None) -> Api:
    """Give the way that there is from here."""
    return InPod(namespace) if (ACCOUNT / "token").exists() else Kubectl(namespace)
