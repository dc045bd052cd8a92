"""What the documents say is what the servers do: schemathesis reads them and asks at least a hundred times a path.

All its checks are on, but those that are named here with their reason.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.conftest import settings_of
from tests.serving import running_gateway

SHAPES = "--exclude-checks=positive_data_acceptance"
"""A schema cannot say that a shape agrees with its data, nor that there is one tensor for each column, all of as many
rows: most of the tensors that it allows are refused."""

DETAILS = "--exclude-checks=response_schema_conformance,positive_data_acceptance"
"""BentoML describes the details of its 400 as a text and gives a list, and calls the body optional, which it is not."""

REFUSALS = '[checks]\nnegative_data_rejection.expected-statuses = ["400", "404", "405", "413", "415", "422"]\n'
"""With what wrong data is refused; 413, which schemathesis leaves out, comes first for a shape of too many rows."""

PHASES = "--phases=examples,coverage,fuzzing"

RUNS = {
    "the gateway": ("gateway", "/openapi.json", ("--exclude-path-regex=/infer$",)),
    "the gateway's tensors": ("gateway", "/openapi.json", ("--include-path-regex=/infer$", SHAPES)),
    "the bento": ("bento", "/docs.json", ("--include-path=/predict", DETAILS)),
}


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int], bento: str) -> Iterator[dict[str, str]]:
    """Give the addresses of a gateway, which takes feedback, and of a bento."""
    folder = tmp_path_factory.mktemp("described")
    with running_gateway(folder, settings_of(ports, prediction_log={"folder": str(folder / "log")})) as client:
        yield {"gateway": str(client.base_url).rstrip("/"), "bento": bento}


@pytest.mark.parametrize("name", RUNS)
def test_the_document_is_kept(addresses: dict[str, str], tmp_path: Path, name: str) -> None:
    """No 5xx, no status or content type or body that is not described, right data taken and wrong data refused."""
    door, document, options = RUNS[name]
    (tmp_path / "schemathesis.toml").write_text(REFUSALS)
    done = subprocess.run(
        [
            "schemathesis",
            "run",
            addresses[door] + document,
            "--max-examples=100",
            "--seed=1",
            "--no-color",
            PHASES,
            *options,
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("patience.py"))},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "generated" in done.stdout
