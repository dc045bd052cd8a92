"""Who scrapes what, and whose rows an autoscaler asks for."""

import re
from typing import Any

from tests.cluster.manifests.rules.objects import NAME, deployments, matches, pod_labels, selected, title
from tests.cluster.manifests.rules.scaling import pairs
from tests.cluster.rendered import Manifest, of_kind


def monitors_scrape_each_pod_once(manifests: list[Manifest]) -> list[str]:
    """Where there are ServiceMonitors, each Deployment is scraped by one, through one Service."""
    monitors = of_kind(manifests, "ServiceMonitor")
    faults = []
    for one in deployments(manifests) if monitors else ():
        found = sorted(
            f"{monitor['metadata']['name']} at {service['metadata']['name']}"
            for monitor in monitors
            for service in scraped(monitor, manifests)
            if one in selected(manifests, service["spec"].get("selector", {}))
        )
        if len(found) != 1:
            faults.append(f"{title(one)}: is scraped by {', '.join(found) or 'nobody'}")
    return faults


def scraped(monitor: Manifest, manifests: list[Manifest]) -> list[Manifest]:
    """Give the Services that a ServiceMonitor finds by its labels, with a port of its name, and does not drop."""
    return [
        service
        for service in of_kind(manifests, "Service")
        for endpoint in monitor["spec"]["endpoints"]
        if matches(monitor["spec"]["selector"], service["metadata"].get("labels", {}))
        and endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
        and not dropped(endpoint, service["metadata"]["name"])
    ]


def dropped(endpoint: dict[str, Any], name: str) -> bool:
    """Say whether a relabelling leaves a Service of this name out."""
    return any(
        one["action"] == "drop"
        and one["sourceLabels"] == ["__meta_kubernetes_service_name"]
        and re.fullmatch(one["regex"], name)
        for one in endpoint.get("relabelings", ())
    )


def triggers_ask_for_their_model(manifests: list[Manifest]) -> list[str]:
    """Each query of a ScaledObject asks for the rows that wait for the model that it scales."""
    faults = []
    for scaler, target in pairs(manifests):
        for trigger in scaler["spec"].get("triggers", ()) if target else ():
            query = trigger["metadata"].get("query")
            models = re.findall(r'bentogate_queued_rows\{model="([^"]+)"\}', query or "")
            if target and query and models != [pod_labels(target)[NAME]]:
                faults.append(f"{title(scaler)}: asks for the rows of {models}, and scales {title(target)}")
    return faults
