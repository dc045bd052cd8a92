"""Which fields an object may have: Kubernetes' own schemas, and ours for the kinds of others."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.cluster.rendered import Manifest

FOLDER = Path(__file__).parent
CUSTOM = {
    ("gateway.networking.k8s.io/v1", "Gateway"): "gateway.yaml",
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): "httproute.yaml",
    ("keda.sh/v1alpha1", "ScaledObject"): "scaledobject.yaml",
    ("monitoring.coreos.com/v1", "PrometheusRule"): "prometheusrule.yaml",
    ("monitoring.coreos.com/v1", "ServiceMonitor"): "servicemonitor.yaml",
    ("traefik.io/v1alpha1", "Middleware"): "middleware.yaml",
    ("traefik.io/v1alpha1", "TraefikService"): "traefikservice.yaml",
}
"""The kinds that Kubernetes does not know, by name: any other is a fault."""


def faults(manifest: Manifest, version: str) -> list[str]:
    """Say what this version of Kubernetes, or the kind's own schema, refuses in a manifest."""
    known = CUSTOM.get((manifest["apiVersion"], manifest["kind"]))
    text = json.dumps(manifest, sort_keys=True)
    return custom_faults(text, known) if known else kubernetes_faults(text, version)


@cache
def kubernetes_faults(text: str, version: str) -> list[str]:
    """Validate with the strict schemas of one version, each different object once."""
    try:
        checked_against = kubernetes_validate.validate(json.loads(text), version, strict=True)
    except kubernetes_validate.SchemaNotFoundError as exc:
        return [exc.message]
    except kubernetes_validate.ValidationError as exc:
        return [f"{exc.json_path}: {exc.message}"]
    return [] if checked_against == version else [f"there is no schema of {version}, only of {checked_against}"]


@cache
def custom_faults(text: str, name: str) -> list[str]:
    """Validate with a schema of this folder; what is said is about the deepest place that fits nothing."""
    validator = Draft202012Validator(read(name), registry=registry())
    found = best_match(validator.iter_errors(json.loads(text)))
    return [f"{found.json_path}: {found.message}"] if found else []


def registry() -> Registry[Any]:
    """Let schemas refer to each other by file name."""
    names = [path.name for path in FOLDER.glob("*.yaml")]
    return Registry().with_resources([(name, DRAFT202012.create_resource(read(name))) for name in names])


def read(name: str) -> Any:
    """Read a schema."""
    return yaml.safe_load((FOLDER / name).read_text())
