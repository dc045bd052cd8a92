"""What is rendered has the fields that Kubernetes and the extensions know, and no others."""

from copy import deepcopy

import pytest
from jsonschema import Draft202012Validator

from tests.cluster.manifests.schemas import CUSTOM, faults, read
from tests.cluster.rendered import COMPONENTS, RENDERINGS, Manifest, combination, named, of_kind, overlay

VERSIONS = ("1.34", "1.37")
"""The oldest and the newest version of Kubernetes that are supported."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("rendering", RENDERINGS)
def test_every_object_is_known(rendering: str, version: str) -> None:
    """Each overlay and each combination of components holds objects of known kinds with known fields only."""
    manifests = RENDERINGS[rendering]()

    found = {f"{one['kind']} {one['metadata']['name']}": faults(one, version) for one in manifests}

    assert len(manifests) >= 11
    assert not {name: what for name, what in found.items() if what}


@pytest.mark.parametrize("name", sorted({*CUSTOM.values(), "metadata.yaml"}))
def test_our_schemas_are_schemas(name: str) -> None:
    """Each hand-written schema is valid itself, for a wrong keyword in one would check nothing."""
    Draft202012Validator.check_schema(read(name))


def test_our_schemas_are_used() -> None:
    """Each kind that Kubernetes does not know is in the manifests, and so its schema is needed."""
    everything = combination(tuple(COMPONENTS))

    assert set(CUSTOM) <= {(one["apiVersion"], one["kind"]) for one in everything}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_field_deep_inside_is_a_fault(version: str) -> None:
    """A misspelt field of a probe is found, five levels down."""
    deployment = the("Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]["httpGet"]["pth"] = "/livez"

    (fault,) = faults(deployment, version)

    assert fault.startswith("$.spec.template.spec.containers[0].livenessProbe.httpGet: ")
    assert "'pth' was unexpected" in fault


@pytest.mark.parametrize("version", VERSIONS)
def test_a_missing_selector_is_a_fault(version: str) -> None:
    """A Deployment without a selector is refused."""
    deployment = the("Deployment")
    del deployment["spec"]["selector"]

    assert faults(deployment, version) == ["$.spec: 'selector' is a required property"]


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler"),  # removed from Kubernetes in 1.26
        ("gateway.networking.k8s.io/v1beta1", "HTTPRoute"),
        ("traefik.io/v1alpha1", "IngressRoute"),
    ],
)
def test_an_unknown_kind_is_a_fault(api_version: str, kind: str) -> None:
    """A kind is refused when neither Kubernetes nor a schema of ours has it in this version."""
    (fault,) = faults({"apiVersion": api_version, "kind": kind, "metadata": {"name": "any"}}, VERSIONS[-1])

    assert fault.startswith(f"Couldn't find schema for kind {kind} with api version {api_version}")


def test_a_version_without_schemas_is_a_fault() -> None:
    """The library falls back to an older version without a word, and that is told."""
    assert faults(the("Deployment"), "1.37.1") == ["there is no schema of 1.37.1, only of 1.37"]


def test_a_wrong_field_of_an_extension_is_a_fault() -> None:
    """Unknown fields, wrong values and members of another type of filter are found in an HTTPRoute."""
    unknown, unnamed, mixed = (the("HTTPRoute") for _ in range(3))
    unknown["spec"]["rules"][0]["sessionPersistence"] = {"type": "Cookie"}
    unnamed["spec"]["rules"][0]["backendRefs"][0] = {"name": "ml-inference-service", "port": "http"}
    mixed["spec"]["rules"][0]["filters"][1]["type"] = "ExtensionRef"

    assert "'sessionPersistence' was unexpected" in faults(unknown, VERSIONS[-1])[0]
    assert faults(unnamed, VERSIONS[-1]) == ["$.spec.rules[0].backendRefs[0].port: 'http' is not of type 'integer'"]
    assert faults(mixed, VERSIONS[-1])[0].startswith("$.spec.rules[0].filters[1]")


def test_a_listener_of_https_needs_a_certificate() -> None:
    """A Gateway whose HTTPS listener names no certificate is refused, and so is a Middleware without its Secret."""
    gateway = the("Gateway")
    middleware = deepcopy(named(combination(("gateway-api",)), "Middleware", "ml-inference-users"))
    del gateway["spec"]["listeners"][0]["tls"]
    del middleware["spec"]["basicAuth"]["secret"]

    assert faults(gateway, VERSIONS[-1]) == ["$.spec.listeners[0]: 'tls' is a required property"]
    assert faults(middleware, VERSIONS[-1]) == ["$.spec.basicAuth: 'secret' is a required property"]


def test_a_cookie_that_keeps_no_pod_is_a_fault() -> None:
    """Beside `services` it would choose between Services; an unknown attribute and a backend with a port are found."""
    misplaced, unknown, route = the("TraefikService"), the("TraefikService"), the("HTTPRoute")
    misplaced["spec"]["weighted"]["sticky"] = misplaced["spec"]["weighted"]["services"][0].pop("sticky")
    unknown["spec"]["weighted"]["services"][0]["sticky"]["cookie"]["sameSite"] = "Lax"
    route["spec"]["rules"][0]["backendRefs"][0]["port"] = 80

    assert "'sticky' was unexpected" in faults(misplaced, VERSIONS[-1])[0]
    assert faults(unknown, VERSIONS[-1])[0].startswith("$.spec.weighted.services[0].sticky.cookie.sameSite: 'Lax'")
    assert "'port' was unexpected" in faults(route, VERSIONS[-1])[0]


def the(kind: str) -> Manifest:
    """Copy the first object of a kind that is valid as it stands."""
    return deepcopy(of_kind([*overlay("production"), *combination(tuple(COMPONENTS))], kind)[0])
