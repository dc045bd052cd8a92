"""The command: python -m gateway, which serves, and its parts report and replay, which read a prediction log."""

import argparse
import sys
from pathlib import Path

from gateway.server import run
from gateway.settings import SettingsError
from gateway.settings_file import read_settings


def main() -> int:
    """Do what the arguments say; gives the exit code."""
    arguments = parsed()
    try:
        if arguments.command is None:
            run(read_settings(arguments.config), arguments.config)
            return 0
        from gateway.predictions.commands import folder_of, replay, report

        folder = folder_of(arguments)
        return report(folder, arguments.html) if arguments.command == "report" else replay(folder, arguments)
    except SettingsError as exc:
        sys.stderr.writelines(f"error: {line}\n" for line in str(exc).splitlines())
        return 2


def parsed() -> argparse.Namespace:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="Serve every model behind one address. Settings come from the file; GATEWAY_… variables override "
        "them, for example GATEWAY_PORT or GATEWAY_BACKENDS__DIAGNOSIS__URL.",
    )
    config = {"type": Path, "metavar": "FILE", "help": "default: gateway.yaml"}
    parser.add_argument("--config", default=Path("gateway.yaml"), **config)  # type: ignore[arg-type]
    commands = parser.add_subparsers(dest="command", title="commands that read a prediction log")
    report = commands.add_parser("report", help="say how well models answer, by the truth that callers told")
    report.add_argument("--html", type=Path, metavar="FILE", help="write it as a page too")
    replay = commands.add_parser("replay", help="ask another server what was asked here, and compare the answers")
    replay.add_argument("--against", required=True, metavar="URL", help="a gateway, or the service of one model")
    replay.add_argument("--model", help="only this one; without it all of the log")
    replay.add_argument("--rows", type=int, default=1000, help="the newest of each model (default: 1000)")
    replay.add_argument("--callers", type=int, default=4, help="requests at once (default: 4)")
    replay.add_argument("--max-changed", type=float, default=0.01, help="share of decisions (default: 0.01)")
    replay.add_argument("--max-difference", type=float, help="of any score; without it none is too large")
    replay.add_argument("--max-p99-ms", type=float, help="of a request; without it none is too slow")
    for one in (report, replay):
        one.add_argument("--log", type=Path, metavar="FOLDER", help="without it, that of the settings")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
