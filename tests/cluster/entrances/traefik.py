"""Traefik as the process that a cluster runs; what it logs is shown with a test that fails."""

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator

from tests.serving import wait_until


@contextlib.contextmanager
def running_traefik(entry_points: dict[str, int], *arguments: str, ready: Callable[[], bool]) -> Iterator[None]:
    """Run Traefik with entry points on these ports until it is told to end; gives when it is ready."""
    command = [
        "traefik",
        *(f"--entrypoints.{name}.address=127.0.0.1:{port}" for name, port in entry_points.items()),
        *arguments,
        "--providers.providersthrottleduration=50ms",  # two seconds of wait for each change otherwise
        "--accesslog=true",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]
    # Its settings, and the address of a real cluster, would be read from other variables.
    process = subprocess.Popen(command, env={"PATH": os.environ["PATH"]})
    try:
        wait_until(lambda: process.poll() is not None or ready())
        assert process.poll() is None, "Traefik ended at once"
        yield
    finally:
        process.terminate()
        process.wait(15)
