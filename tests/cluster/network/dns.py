"""The cluster's DNS: dnsmasq knows the Services and nothing else, and pods ask it as the kubelet tells them to."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

DOMAIN = "cluster.local"


def dnsmasq(hosts: Path) -> list[str]:
    """Give the command that answers by a file of names, which it reads again at SIGHUP; no other name exists."""
    nothing_else = ["--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--address=/#/"]
    told = [f"--addn-hosts={os.fspath(hosts)}"]
    return ["dnsmasq", "--keep-in-foreground", "--user=root", "--pid-file=", *nothing_else, *told]


def names(addresses: Mapping[str, Sequence[str]], namespace: str) -> str:
    """Write the file: `<service>.<namespace>.svc.cluster.local` has each of these addresses."""
    return "".join(f"{one} {name}.{namespace}.svc.{DOMAIN}\n" for name, some in addresses.items() for one in some)


def files(nameserver: str, namespace: str) -> dict[str, str]:
    """Give a pod's files: as the kubelet writes them, and as Debian's images order the sources of names."""
    search = f"{namespace}.svc.{DOMAIN} svc.{DOMAIN} {DOMAIN}"
    return {
        "/etc/resolv.conf": f"search {search}\nnameserver {nameserver}\noptions ndots:5\n",
        "/etc/nsswitch.conf": "hosts: files dns\n",  # a desktop may leave names that end in .local to mDNS
    }
