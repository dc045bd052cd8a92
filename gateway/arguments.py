"""The arguments of the command."""

import argparse
from pathlib import Path
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
    for one in (report, replay):
        one.add_argument("--log", type=Path, metavar="FOLDER", help="without it, that of the settings")
    return parser.parse_args()


def positive(text: str) -> int:
    """Read an argument that counts something."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number} is none: at least 1")
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
