"""Our own rules across objects: each takes all manifests of one rendering and gives sentences about what is wrong."""

from collections.abc import Callable

from tests.cluster.manifests.rules import (
    access,
    environment,
    lifecycle,
    monitoring,
    pods,
    policies,
    references,
    scaling,
    services,
    variants,
    ways_in,
)
from tests.cluster.rendered import Manifest

Rule = Callable[[list[Manifest]], list[str]]

ONLY: dict[Rule, str] = {
    variants.base_has_no_namespace: "base*",
    variants.production_has_one_namespace: "production",
    variants.production_keeps_serving: "production",
    variants.local_fits_one_machine: "local",
}
"""Rules of some renderings, with the pattern of the names of these."""

ALL: tuple[Rule, ...] = (
    services.services_select_one_deployment,
    services.services_name_ports_of_their_pods,
    services.services_are_as_documented,
    services.headless_services_name_ready_pods,
    services.port_numbers_are_in_range,
    services.node_ports_are_possible,
    services.ports_are_unique,
    ways_in.ways_in_lead_to_services,
    ways_in.backends_are_services_of_models,
    policies.policies_allow_the_edges_that_exist,
    policies.policies_name_real_ports,
    scaling.autoscalers_have_targets,
    scaling.autoscalers_have_a_range,
    scaling.only_autoscalers_set_replicas,
    scaling.budgets_select_one_deployment,
    scaling.budgets_leave_room,
    monitoring.monitors_scrape_each_pod_once,
    monitoring.triggers_ask_for_their_model,
    references.references_resolve,
    references.pods_start_without_the_user,
    references.mounts_name_volumes,
    references.labels_are_complete,
    references.deployments_select_their_own_pods,
    pods.workloads_are_readable,
    pods.containers_have_images,
    pods.words_are_known,
    pods.resources_are_bounded,
    lifecycle.drains_add_up,
    lifecycle.probes_are_there,
    lifecycle.probes_ask_what_is_there,
    lifecycle.probes_ask_the_right_thing,
    lifecycle.rollouts_lose_no_pod,
    environment.variables_stand_once,
    environment.variables_are_settings,
    environment.grpc_is_on_where_it_has_a_port,
    environment.pods_get_no_links,
    access.tokens_are_where_rights_are,
    access.roles_are_bound,
    access.roles_are_no_larger_than_needed,
    access.canaries_change_what_gateways_read,
    *ONLY,
)

__all__ = ["ALL", "ONLY", "Rule"]
