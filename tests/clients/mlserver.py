"""MLServer as a process: a server of the protocol that this project did not make."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.ports import free_ports
from tests.clients.environments import python_of, run_in
from tests.serving import answers, wait_until


@dataclass(frozen=True)
class Fitted:
    """Hold a folder of models, and by their names rows with what scikit-learn says of them."""

    folder: Path
    said: dict[str, Any]


def fitted(folder: Path) -> Fitted:
    """Fit the models."""
    return Fitted(folder, json.loads(run_in("mlserver", "fit", str(folder))))


@contextlib.contextmanager
def running_mlserver(fitted: Fitted, port: int = 0) -> Iterator[int]:
    """Serve the models; gives the port."""
    rest, grpc, metrics = free_ports(3)
    ports = {"http_port": port or rest, "grpc_port": grpc, "metrics_port": metrics}
    settings = {"host": "127.0.0.1", "parallel_workers": 0, "debug": False, **ports}
    (fitted.folder / "settings.json").write_text(json.dumps(settings))
    command = [str(python_of("mlserver").with_name("mlserver")), "start", "."]
    with (fitted.folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=fitted.folder, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{ports['http_port']}"
            models = ("masses", "churn-classifier")
            ready = [f"{url}/v2/models/{name}/ready" for name in models]
            wait_until(lambda: process.poll() is not None or all(map(answers, ready)), 180)
            assert process.poll() is None, (fitted.folder / "log").read_text()
            yield ports["http_port"]
        finally:
            process.kill()
            process.wait(60)
