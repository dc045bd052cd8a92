"""Gateways as the pods of a Service: each has an address of its own and counts what it answered."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.cluster.rendered import Manifest, named
from tests.serving import running_gateway

SERVICE = "ml-inference-service"
COUNT = "bentogate_requests_total"


@dataclass(frozen=True)
class Pod:
    """Hold where a gateway listens."""

    address: str
    port: int
    admin: str

    def answered(self) -> float:
        """Count the predictions that this pod was asked for."""
        families = text_string_to_metric_families(httpx.get(f"{self.admin}/metrics").text)
        counts = (sample for family in families for sample in family.samples if sample.name == COUNT)
        return sum(count.value for count in counts if count.labels["route"] != "other")

    def listed(self, *, ready: bool = True, serving: bool = True, terminating: bool = False) -> Manifest:
        """Give the EndpointSlice that lists this pod; a pod that ends is not ready, and serves while it can."""
        return endpoint_slice(self.address, self.port, {"ready": ready, "serving": serving, "terminating": terminating})


def endpoint_slice(address: str, port: int, conditions: dict[str, bool]) -> Manifest:
    """Give an EndpointSlice of one pod, so that each pod can have a port of its own."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"pod-{address}", "labels": {"kubernetes.io/service-name": SERVICE}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
        "endpoints": [{"addresses": [address], "conditions": conditions}],
    }


@contextlib.contextmanager
def running_pod(folder: Path, address: str, model_port: int, variables: dict[str, str]) -> Iterator[Pod]:
    """Run a gateway as the pod with this address, in front of one model, with variables of its Deployment."""
    folder.mkdir()
    backends = {"plain": {"url": f"http://127.0.0.1:{model_port}"}}
    settings = {"host": address, "backends": backends, "default": "plain"}
    with running_gateway(folder, settings, **variables) as client:
        yield Pod(address, client.base_url.port or 0, client.headers["x-admin"])


def variables_of(manifests: list[Manifest]) -> dict[str, str]:
    """Give the variables of the gateway's Deployment."""
    (container,) = named(manifests, "Deployment", "gateway")["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable["value"] for variable in container["env"]}
