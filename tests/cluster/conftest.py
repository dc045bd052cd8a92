"""What these tests need beside Python; what is missing is named, and fails the run."""

import os
import shutil
import sys

import pytest

PYTHON_TOOLS = {"kubectl": "make .venv/.cluster", "traefik": "make .venv/.cluster"}
SYSTEM_TOOLS = {
    "ip": "iproute2",
    "nft": "nftables",
    "dnsmasq": "dnsmasq-base",
    "unshare": "util-linux",
    "openssl": "openssl",
    "curl": "curl",
}


def pytest_sessionstart() -> None:
    """Refuse to start without every tool: a skipped test would look like a passed one."""
    missing = [f"{tool} ({how})" for tool, how in PYTHON_TOOLS.items() if not shutil.which(tool)]
    missing += [
        f"{tool} (apt-get install {package})" for tool, package in SYSTEM_TOOLS.items() if not shutil.which(tool)
    ]
    if sys.platform != "linux" or os.geteuid() != 0:
        missing.append("root on Linux (network namespaces)")
    if missing:
        pytest.exit(f"these tests need {', '.join(missing)}", returncode=2)
