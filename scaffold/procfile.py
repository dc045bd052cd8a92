"""One more process in the Procfile, known to the gateway."""

import re

from scaffold.errors import ScaffoldError
from scaffold.places import PROCFILE

FIRST_PORT = 8002
TLS_PORT = 8443
"""The gateway's own by default, which no line of the Procfile gives."""

GATEWAY = re.compile(r"^(gateway:.*?)( python -m gateway\b.*)$", re.MULTILINE)
LINE = "{name}: exec bentoml serve --arg model={name} --host 127.0.0.1 --port ${{{variable}:-{port}}}\n"
ADDRESS = " GATEWAY_BACKENDS__{upper}__URL=http://127.0.0.1:${{{variable}:-{port}}}"


def free_port(text: str) -> int:
    """Give the first port of a model that no process of the Procfile has."""
    taken = {TLS_PORT, *map(int, re.findall(r":-(\d+)\}", text))}
    return next(port for port in range(FIRST_PORT, 2**16) if port not in taken)


def with_process(text: str, name: str, port: int) -> str:
    """Put the line of a model before the gateway's, and its address into that; raises ScaffoldError without one."""
    gateway = GATEWAY.search(text)
    if gateway is None:
        raise ScaffoldError(
            f"{PROCFILE}: write a line `gateway: exec env … python -m gateway`, so that a model fits in"
        )
    names = {"name": name, "upper": name.upper(), "variable": f"{name.upper()}_PORT", "port": port}
    line = LINE.format(**names) + gateway[1] + ADDRESS.format(**names) + gateway[2]
    return text[: gateway.start()] + line + text[gateway.end() :]
