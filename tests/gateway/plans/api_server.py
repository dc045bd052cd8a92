"""The part of the Kubernetes API server that a canary asks: one ConfigMap, for whom a Role lets.

It lives in a folder, with the account by which a pod asks for it: token, namespace and authority, as the kubelet mounts
them. `python -m tests.gateway.plans.api_server FOLDER HOST PORT` serves it until it is ended.
"""

import json
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import trustme

NAMESPACE, TOKEN = "bentogate", "of-the-canary"
VERBS = {"GET": "get", "PATCH": "patch"}
DISCOVERY: dict[str, dict[str, Any]] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {
                "name": "configmaps",
                "singularName": "configmap",
                "namespaced": True,
                "kind": "ConfigMap",
                "verbs": list(VERBS.values()),
            }
        ],
    },
}
"""What kubectl asks first."""


def prepare(folder: Path, host: str, config_map: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    """Make the folder of a server at this address, which lets the account do what a Role's `rules` say."""
    folder.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.crt"))
    authority.issue_cert(host).private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    (folder / "token").write_text(TOKEN)
    (folder / "namespace").write_text(NAMESPACE)
    (folder / "rules.json").write_text(json.dumps(rules))
    metadata = {**config_map["metadata"], "namespace": NAMESPACE, "resourceVersion": "1"}
    (folder / "object.json").write_text(json.dumps({**config_map, "metadata": metadata}))


def server(folder: Path, host: str, port: int) -> ThreadingHTTPServer:
    """Give the server of a folder, which does not serve yet; port 0 is any that is free."""
    made = ThreadingHTTPServer((host, port), partial(Handler, folder))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    made.socket = context.wrap_socket(made.socket, server_side=True)
    return made


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """Serve a folder on a thread; gives the port."""
    with server(folder, "127.0.0.1", 0) as made:
        thread = Thread(target=made.serve_forever, args=(0.05,))
        thread.start()
        yield made.server_address[1]
        made.shutdown()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answer a request."""

    def __init__(self, folder: Path, *others: Any) -> None:
        self.file = folder / "object.json"
        self.rules = json.loads((folder / "rules.json").read_text())
        super().__init__(*others)

    def do_GET(self) -> None:
        """Give what is asked for."""
        self.answer(*self.done("GET"))

    def do_PATCH(self) -> None:
        """Change it by a merge patch, of which metadata and data are read."""
        self.answer(*self.done("PATCH"))

    def done(self, method: str) -> tuple[int, dict[str, Any]]:
        """Give status and body."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return refused(401, "Unauthorized")
        if path in DISCOVERY:
            return 200, DISCOVERY[path]
        name = path.removeprefix(f"/api/v1/namespaces/{NAMESPACE}/configmaps/")
        if not self.allows(VERBS[method], name):
            return refused(403, f'configmaps "{name}" is forbidden')
        held = json.loads(self.file.read_text())
        if name != held["metadata"]["name"]:
            return refused(404, f'configmaps "{name}" not found')
        if method == "PATCH":
            if self.headers["Content-Type"] != "application/merge-patch+json":
                return refused(415, "the server does not understand the content type")
            patch = json.loads(body)
            if patch["metadata"]["resourceVersion"] != held["metadata"]["resourceVersion"]:
                return refused(409, "the object has been modified")
            held["data"] |= patch["data"]
            held["metadata"]["resourceVersion"] += "1"
            self.file.with_suffix(".new").write_text(json.dumps(held))
            self.file.with_suffix(".new").replace(self.file)
        return 200, held

    def allows(self, verb: str, name: str) -> bool:
        """Say whether a rule does, as the API's reference has it: without names a rule is about all."""
        return any(
            "" in rule["apiGroups"]
            and "configmaps" in rule["resources"]
            and verb in rule["verbs"]
            and name in rule.get("resourceNames", [name])
            for rule in self.rules
        )

    def answer(self, status: int, body: dict[str, Any]) -> None:
        """Send it."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def refused(status: int, message: str) -> tuple[int, dict[str, Any]]:
    """Say why something cannot be."""
    return status, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": status}


if __name__ == "__main__":
    server(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])).serve_forever()
