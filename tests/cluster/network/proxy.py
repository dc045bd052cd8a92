"""Services as kube-proxy writes them with nftables: ClusterIPs, NodePorts, hairpin, and no endpoint."""

from dataclasses import dataclass

MASQUERADE = "0x4000"


@dataclass(frozen=True)
class Port:
    """Hold one port of a Service, and the addresses of the ready pods behind it."""

    name: str
    cluster_ip: str
    port: int
    node_port: int | None
    endpoints: tuple[tuple[str, int], ...]


def ruleset(ports: list[Port]) -> str:
    """Write the whole table, which replaces the one before in one step.

    A connection that is still on its way to a ClusterIP after translation has no endpoint, or names no port of it.
    """
    open_ports = [port for port in ports if port.endpoints]
    by_ip = [f"{one.cluster_ip} . tcp . {one.port} : goto service-{one.name}" for one in open_ports]
    by_node_port = [f"tcp . {one.node_port} : goto external-{one.name}" for one in open_ports if one.node_port]
    return f"""
table ip kube-proxy
delete table ip kube-proxy
table ip kube-proxy {{
  set cluster-ips {{ type ipv4_addr; {elements(sorted({one.cluster_ip for one in ports}))} }}
  map service-ips {{ type ipv4_addr . inet_proto . inet_service : verdict; {elements(by_ip)} }}
  map service-nodeports {{ type inet_proto . inet_service : verdict; {elements(by_node_port)} }}
  {"".join(chains(one) for one in open_ports)}
  chain services {{
    ip daddr . meta l4proto . th dport vmap @service-ips
    fib daddr type local meta l4proto . th dport vmap @service-nodeports
  }}
  chain reject-the-rest {{ ip daddr @cluster-ips reject; }}
  chain nat-prerouting {{ type nat hook prerouting priority dstnat; jump services; }}
  chain nat-output {{ type nat hook output priority -100; jump services; }}
  chain nat-postrouting {{ type nat hook postrouting priority srcnat; meta mark & {MASQUERADE} != 0 masquerade; }}
  chain filter-forward {{ type filter hook forward priority filter; jump reject-the-rest; }}
  chain filter-output {{ type filter hook output priority filter; jump reject-the-rest; }}
}}
"""


def chains(port: Port) -> str:
    """Write the chains of a port: a random endpoint for each connection, masqueraded where it must come back here."""
    text, choices = "", []
    for index, (address, number) in enumerate(port.endpoints):
        name = f"endpoint-{port.name}-{index}"
        choices.append(f"{index} : goto {name}")
        text += f"""
  chain {name} {{
    ip saddr {address} meta mark set meta mark | {MASQUERADE}
    ip protocol tcp dnat to {address}:{number}
  }}"""
    return f"""{text}
  chain service-{port.name} {{ numgen random mod {len(choices)} vmap {{ {", ".join(choices)} }}; }}
  chain external-{port.name} {{
    meta mark set meta mark | {MASQUERADE}
    goto service-{port.name}
  }}
"""


def elements(some: list[str]) -> str:
    """Write what a set or map holds; nft knows no empty list."""
    return f"elements = {{ {', '.join(some)} }}" if some else ""
