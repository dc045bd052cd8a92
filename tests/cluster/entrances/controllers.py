"""Traefik as each of two controllers: over the objects of a component, and what a cluster adds to them."""

import base64
import contextlib
import hashlib
import ssl
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.ports import free_ports
from stack.certificate import make_certificate
from tests.cluster.entrances.apiserver import ApiServer
from tests.cluster.entrances.entrance import ADA, BEN, Entrance
from tests.cluster.entrances.pods import running_pod, variables_of
from tests.cluster.entrances.traefik import running_traefik
from tests.cluster.rendered import Manifest, combination, of_kind
from tests.conftest import run
from tests.serving import model_app, served


@dataclass(frozen=True)
class Controller:
    """Say how Traefik reads a component, and what it needs of the cluster for that."""

    component: str
    users_key: str
    provided_class: Manifest
    providers: tuple[str, ...]
    arguments: tuple[str, ...] = ()


INGRESS = Controller(
    component="ingress",
    users_key="auth",
    provided_class={
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "nginx"},
        "spec": {"controller": "k8s.io/ingress-nginx"},
    },
    providers=("kubernetesingressnginx",),
    arguments=(
        "--providers.kubernetesingressnginx.httpentrypoint=web",
        "--providers.kubernetesingressnginx.httpsentrypoint=websecure",
    ),
)
GATEWAY_API = Controller(
    component="gateway-api",
    users_key="users",
    provided_class={
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "traefik"},
        "spec": {"controllerName": "traefik.io/gateway-controller"},
    },
    providers=("kubernetesgateway", "kubernetescrd"),  # the latter reads what is Traefik's own
)


def secret(name: str, data: dict[str, bytes]) -> Manifest:
    """Give a Secret."""
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}


def users(key: str) -> Manifest:
    """Give the Secret that says who may ask, a line in each of two forms that nginx reads too."""
    apr1 = run("openssl", "passwd", "-apr1", ADA[1]).stdout.strip()
    sha1 = base64.b64encode(hashlib.sha1(BEN[1].encode()).digest()).decode()
    return secret("ml-inference-users", {key: f"{ADA[0]}:{apr1}\n{BEN[0]}:{{SHA}}{sha1}\n".encode()})


@contextlib.contextmanager
def running_entrance(controller: Controller, folder: Path, stored: Path) -> Iterator[Entrance]:
    """Run the objects of a component, unchanged but for a port, in front of two pods with a real model."""
    make_certificate(folder / "tls")
    pair = {name: (folder / "tls" / name).read_bytes() for name in ("tls.crt", "tls.key")}
    trust = ssl.create_default_context(cafile=folder / "tls" / "ca.crt")
    web, websecure = free_ports(2)
    manifests = deepcopy(combination((controller.component,)))
    for gateway in of_kind(manifests, "Gateway"):
        gateway["spec"]["listeners"][0]["port"] = websecure  # that of an entry point, and 8443 may be taken here
    of_component = dict(variables_of(manifests).items() - variables_of(combination(())).items())
    with contextlib.ExitStack() as stack:
        model = stack.enter_context(served(model_app(stored)))
        pods = [
            stack.enter_context(running_pod(folder / address, address, model, of_component))
            for address in ("127.0.0.2", "127.0.0.3")
        ]
        manifests += [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}},
            controller.provided_class,
            secret("ml-inference-tls", pair),
            users(controller.users_key),
            *(pod.listed() for pod in pods),
        ]
        api = ApiServer(manifests)
        url = f"http://127.0.0.1:{stack.enter_context(served(api.app()))}"
        arguments = [f"--providers.{name}.endpoint={url}" for name in controller.providers]
        arguments += controller.arguments
        entrance = Entrance(
            api, f"https://localhost:{websecure}", f"http://localhost:{web}", trust, pods, model, of_component
        )
        entry_points = {"web": web, "websecure": websecure}
        stack.enter_context(running_traefik(entry_points, *arguments, ready=lambda: is_open(entrance)))
        yield entrance


def is_open(entrance: Entrance) -> bool:
    """Say whether the controller has the routes, and the certificate for them."""
    try:
        return entrance.newcomers(1) == [200]
    except httpx.TransportError:
        return False
