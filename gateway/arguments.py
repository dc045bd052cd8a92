"""The arguments of the command."""

import argparse
import itertools
import math
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def parsed() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="Serve every model behind one address. Settings come from the file; GATEWAY_… variables override "
        "them, for example GATEWAY_PORT or GATEWAY_BACKENDS__DIAGNOSIS__URL.",
    )
    config = {"type": Path, "metavar": "FILE", "help": "default: gateway.yaml"}
    parser.add_argument("--config", default=Path("gateway.yaml"), **config)  # type: ignore[arg-type]
    commands = parser.add_subparsers(dest="command", title="commands")
    check = commands.add_parser("check", help="say what a file holds, whether that can be, and what differs from it")
    check.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: that of --config")
    check.add_argument("--config", default=argparse.SUPPRESS, **config)  # type: ignore[arg-type]
    check.add_argument("--against", type=address, metavar="URL", help="a gateway, by whose models it is checked")
    report = commands.add_parser(
        "report", help="say of a prediction log how well models answer, by the truth that callers told"
    )
    report.add_argument("--html", type=Path, metavar="FILE", help="write it as a page too")
    replay = commands.add_parser(
        "replay", help="ask another server what a prediction log holds, and compare the answers"
    )
    replay.add_argument(
        "--against", type=address, required=True, metavar="URL", help="a gateway, or the service of one model"
    )
    replay.add_argument("--model", help="only this one; without it all of the log")
    replay.add_argument("--rows", type=positive, default=1000, help="the newest of each model (default: 1000)")
    replay.add_argument("--callers", type=positive, default=4, help="requests at once (default: 4)")
    replay.add_argument("--max-changed", type=share, default=0.01, help="share of decisions (default: 0.01)")
    replay.add_argument("--max-difference", type=limit, help="of any score; without it none is too large")
    replay.add_argument("--max-p99-ms", type=limit, help="of a request; without it none is too slow")
    add_canary(commands)
    for one in (report, replay):
        one.add_argument("--log", type=Path, metavar="FOLDER", help="without it, that of the settings")
    found = parser.parse_args()
    if found.command == "canary" and not (found.admin or found.admin_dns or found.roll_back):
        parser.error("name the admin side of each replica, such as --admin http://127.0.0.1:8081, or --admin-dns")
    return found


def add_canary(commands: Any) -> None:
    """Add the arguments of the command that moves a split."""
    canary = commands.add_parser("canary", help="move a split to its candidate step by step, or roll it back")
    canary.add_argument("route", help="the split, which has two sides")
    canary.add_argument("--candidate", metavar="SIDE", help="without it the second side")
    place = canary.add_mutually_exclusive_group()
    place.add_argument("--config", type=Path, default=argparse.SUPPRESS, metavar="FILE", help="where the weights are")
    place.add_argument("--configmap", metavar="NAME", help="the weights are there; asked by kubectl, or in a pod")
    canary.add_argument("--namespace", help="of the ConfigMap; without it that of kubectl, or of the pod")
    canary.add_argument("--key", default="gateway.yaml", help="in the ConfigMap (default: gateway.yaml)")
    canary.add_argument(
        "--admin", type=address, action="append", default=[], metavar="URL", help="the admin side of a replica"
    )
    canary.add_argument("--admin-dns", type=host, metavar="HOST:PORT", help="a name with an address for each replica")
    canary.add_argument("--steps", type=steps, default=(1, 5, 25, 100), help="in percent (default: 1,5,25,100)")
    canary.add_argument(
        "--min-rows", type=positive, default=2500, help="that the candidate answers in each step (default: 2500)"
    )
    canary.add_argument(
        "--step-timeout", type=seconds, default=3600, metavar="S", help="then there is no verdict (default: 3600)"
    )
    canary.add_argument("--every", type=seconds, default=5, metavar="S", help="between two looks (default: 5)")
    canary.add_argument("--max-failures", type=ratio, default=1.5, help="times the other side's share (default: 1.5)")
    canary.add_argument("--max-latency", type=ratio, default=1.5, help="times the other side's (default: 1.5)")
    canary.add_argument(
        "--latency-slack", type=limit, default=1, metavar="MS", help="that it may take longer besides (default: 1)"
    )
    canary.add_argument("--max-shift", type=limit, default=0, help="of means, in standard deviations (default: 0)")
    canary.add_argument(
        "--error", type=chance, default=0.01, help="probability of rolling back for nothing (default: 0.01)"
    )
    instead = canary.add_mutually_exclusive_group()
    instead.add_argument("--dry-run", action="store_true", help="say what would be set, and which replicas report")
    instead.add_argument("--roll-back", action="store_true", help="give the candidate nothing any more, and end")


def positive(text: str) -> int:
    """Read an argument that counts something."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


def share(text: str) -> float:
    """Read an argument that is a share."""
    if not 0 <= (number := float(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text} is no share: from 0 to 1")
    return number


def limit(text: str) -> float:
    """Read an argument that something is held to."""
    if not (number := float(text)) >= 0:
        raise argparse.ArgumentTypeError(f"{text} is no limit: 0 or more")
    return number


def address(text: str) -> str:
    """Read an argument that is the address of a server."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no address such as http://127.0.0.1:8001")
    return text


def host(text: str) -> str:
    """Read an argument that is a name and a port."""
    name, _, port = text.rpartition(":")
    if not name or not port.isdecimal() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no name with a port such as gateway-admin:8081")
    return text


def steps(text: str) -> tuple[float, ...]:
    """Read an argument that lists percentages in ascending order."""
    wrong = argparse.ArgumentTypeError(f"{text!r} are no steps such as 1,5,25,100: ascending, over 0 and up to 100")
    try:
        found = tuple(map(float, text.split(",")))
    except ValueError:
        raise wrong from None
    if not all(0 < one <= 100 for one in found) or any(a >= b for a, b in itertools.pairwise(found)):
        raise wrong
    return found


def seconds(text: str) -> float:
    """Read an argument that is a time."""
    if not 0 < (number := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"must be more than 0 seconds, not {text}")
    return number


def ratio(text: str) -> float:
    """Read an argument that says how many times as much something may be."""
    if not 1 <= (number := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return number


def chance(text: str) -> float:
    """Read an argument that is a probability, neither 0 nor 1."""
    if not 0 < (number := float(text)) < 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, not {text}")
    return number
