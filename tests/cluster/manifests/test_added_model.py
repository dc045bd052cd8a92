"""A model that `make model` added is deployed by both overlays, and balanced over."""

import json
from pathlib import Path

import pytest

from scaffold.additions import add
from tests.cluster.manifests.rules.ways_in import backends, backends_are_services_of_models
from tests.cluster.rendered import OVERLAYS, Manifest, named, of_kind, rendered
from tests.scaffold.copied import NAME, copied, next_port


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Manifest]]:
    """Render each overlay of a copy of the project with a model more."""
    copy = copied(tmp_path_factory.mktemp("added"))
    add(copy, NAME)
    return {name: rendered(copy / "k8s" / "overlays" / name) for name in OVERLAYS}


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_deployment_runs_its_image_behind_its_service(manifests: dict[str, list[Manifest]], name: str) -> None:
    """The Service leads to the pods of the Deployment of the same name, which run the model's image on its own port."""
    deployment, service = (named(manifests[name], kind, f"ml-{NAME}") for kind in ("Deployment", "Service"))
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]

    assert container["image"] == NAME
    assert container["ports"] == [{"name": "http", "containerPort": next_port()}]
    assert {"name": "BENTOML_PORT", "value": str(next_port())} in container["env"]
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert service["spec"]["selector"]["app.kubernetes.io/name"] == NAME


def test_production_scales_it_and_keeps_it_while_nodes_are_drained(manifests: dict[str, list[Manifest]]) -> None:
    """The autoscaler's target and the budget's pods are the model's own."""
    scaler, budget, deployment = (
        named(manifests["production"], kind, f"ml-{NAME}")
        for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget", "Deployment")
    )

    assert scaler["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": f"ml-{NAME}"}
    labels, chosen = deployment["spec"]["template"]["metadata"]["labels"], budget["spec"]["selector"]["matchLabels"]
    assert chosen.items() <= labels.items()
    assert chosen["app.kubernetes.io/name"] == NAME


def test_the_gateway_knows_where_it_is(manifests: dict[str, list[Manifest]]) -> None:
    """The ConfigMap of each overlay holds the new backend."""
    for objects in manifests.values():
        (settings,) = [one["data"]["gateway.yaml"] for one in of_kind(objects, "ConfigMap")]
        assert f"  {NAME}: {{url: http://ml-{NAME}}}\n" in settings


def test_the_gateway_can_balance_over_its_pods(tmp_path: Path) -> None:
    """With `headless` the gateway looks for it at a Service without an address, whose port is that of its pods."""
    copy = copied(tmp_path)
    add(copy, NAME)
    folder = copy / "k8s" / "overlays" / "balanced"
    folder.mkdir()
    wanted = {"resources": ["../local"], "components": ["../../components/headless"]}
    (folder / "kustomization.yaml").write_text(json.dumps(wanted))
    balanced = rendered(folder)

    assert named(balanced, "Service", f"ml-{NAME}-pods")["spec"]["clusterIP"] == "None"
    assert not backends_are_services_of_models(balanced)
    assert backends(balanced)[NAME] == {
        "name": NAME,
        "url": f"http://ml-{NAME}-pods:{next_port()}",
        "endpoints": "dns",
    }
