"""The Procfile: one line per process, `name: command`, with its ports as `${NAME_PORT:-8002}`."""

import re
import socket
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"([a-z][a-z0-9]*):\s*(\S.*)")
PORT = re.compile(r"\$\{([A-Z0-9_]*PORT):-(\d+)\}")


class ProcfileError(ValueError):
    """Report a Procfile that cannot be read, or a port that cannot be had."""


@dataclass(frozen=True)
class Procfile:
    """Hold the commands by the name of the process, and the port of each variable by default."""

    commands: dict[str, str]
    ports: dict[str, int]


def read_procfile(path: Path) -> Procfile:
    """Read a Procfile; raises ProcfileError with the number of a line that is none."""
    commands = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if match is None:
            raise ProcfileError(f"{path.name}, line {number}: must be `name: command`")
        commands[match[1]] = match[2]
    ports = {name: int(port) for command in commands.values() for name, port in PORT.findall(command)}
    return Procfile(commands, ports)


def chosen_ports(procfile: Procfile, environment: dict[str, str]) -> dict[str, int]:
    """Give the port of each variable; raises ProcfileError for one that is no port or that is in use."""
    chosen = {}
    for variable, default in procfile.ports.items():
        text = environment.get(variable) or str(default)
        if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
            raise ProcfileError(f"{variable} is {text!r}, which is no port")
        chosen[variable] = int(text)
    for variable, port in chosen.items():
        if in_use(port):
            raise ProcfileError(f"port {port} is in use; set {variable} to another: {variable}={port + 100} make serve")
    doubles = [variable for variable, port in chosen.items() if list(chosen.values()).count(port) > 1]
    if doubles:
        raise ProcfileError(f"{' and '.join(doubles)} are the same port, {chosen[doubles[0]]}")
    return chosen


def in_use(port: int) -> bool:
    """Say whether a port of 127.0.0.1 is taken; one that a process left a moment ago is not."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
