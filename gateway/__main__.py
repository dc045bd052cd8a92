"""The command: python -m gateway."""

import argparse
import sys
from pathlib import Path

from gateway.server import run
from gateway.settings import SettingsError
from gateway.settings_file import read_settings


def main() -> int:
    """Read the settings and serve; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="Serve every model behind one address. Settings come from the file; GATEWAY_… variables override "
        "them, for example GATEWAY_PORT or GATEWAY_BACKENDS__DIAGNOSIS__URL.",
    )
    parser.add_argument(
        "--config", type=Path, default=Path("gateway.yaml"), metavar="FILE", help="default: gateway.yaml"
    )
    arguments = parser.parse_args()
    try:
        run(read_settings(arguments.config), arguments.config)
    except SettingsError as exc:
        sys.stderr.writelines(f"error: {line}\n" for line in str(exc).splitlines())
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
