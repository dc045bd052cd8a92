"""The command: python -m gateway, which serves, and its parts, of which `--help` has a list."""

import sys

from gateway.arguments import parsed
from gateway.server import run
from gateway.settings import SettingsError, read_settings


def main() -> int:
    """Do what the arguments say; gives the exit code."""
    arguments = parsed()
    try:
        if arguments.command is None:
            run(read_settings(arguments.config), arguments.config)
            return 0
        if arguments.command == "check":
            from gateway.checking import check

            return check(arguments.file or arguments.config, arguments.against)
        if arguments.command == "canary":
            from gateway.canary.command import canary

            return canary(arguments)
        from gateway.predictions.commands import folder_of, replay, report

        folder = folder_of(arguments)
        return report(folder, arguments.html) if arguments.command == "report" else replay(folder, arguments)
    except SettingsError as exc:
        sys.stderr.writelines(f"error: {line}\n" for line in str(exc).splitlines())
        return 2


if __name__ == "__main__":
    sys.exit(main())
