"""The cluster's DNS: dnsmasq knows the Services and nothing else, and pods ask it as the kubelet tells them to."""

from collections.abc import Mapping

DOMAIN = "cluster.local"


def dnsmasq(addresses: Mapping[str, str], namespace: str) -> list[str]:
    """Give the command that answers `<service>.<namespace>.svc.cluster.local`; no other name exists."""
    records = [f"--host-record={name}.{namespace}.svc.{DOMAIN},{address}" for name, address in addresses.items()]
    nothing_else = ["--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--address=/#/"]
    return ["dnsmasq", "--keep-in-foreground", "--user=root", "--pid-file=", *nothing_else, *records]


def files(nameserver: str, namespace: str) -> dict[str, str]:
    """Give a pod's files: as the kubelet writes them, and as Debian's images order the sources of names."""
    search = f"{namespace}.svc.{DOMAIN} svc.{DOMAIN} {DOMAIN}"
    return {
        "/etc/resolv.conf": f"search {search}\nnameserver {nameserver}\noptions ndots:5\n",
        "/etc/nsswitch.conf": "hosts: files dns\n",  # a desktop may leave names that end in .local to mDNS
    }
