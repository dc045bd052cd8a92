"""Doors to knock at: the gateway and a model service, and the environments of those who knock."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.ports import free_ports
from contract import Feature, Value, pack, tensors_of_table
from tests.clients.environments import ENVIRONMENTS, python_of, run_in
from tests.clients.scripts.said import Column, Told
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.serving import model_app, running_gateway, served


def pytest_sessionstart() -> None:
    """Refuse to start without every environment: a skipped test would look like a passed one."""
    missing = [name for name in ENVIRONMENTS if not python_of(name).exists()]
    if missing:
        pytest.exit(f"these tests need {', '.join(f'.venv/{name}' for name in missing)} (make .venv/.clients)", 2)


@dataclass(frozen=True)
class Door:
    """Hold what a client is told, what the answers are, and where the wrong record is wrong."""

    told: Told
    expected: dict[str, list[Value]]
    pointer: str
    is_service: bool = False

    def at(self, port: int) -> "Door":
        """Give a door to the same at another port."""
        return replace(self, told=replace(self.told, address=f"127.0.0.1:{port}"))

    def converse(self, client: str) -> dict[str, Any]:
        """Let a client ask; gives what it saw."""
        said: dict[str, Any] = json.loads(run_in("clients", client, json.dumps(asdict(self.told))))
        return said


def columns(features: tuple[Feature, ...], records: list[dict[str, Any]]) -> list[Column]:
    """Write records as one column per feature, with None for NaN."""
    table = pack(features, {f.name: [record[f.name] for record in records] for f in features})
    return [
        Column(name, datatype, [None if value != value else value for value in array.tolist()])  # noqa: PLR0124
        for name, datatype, array in tensors_of_table(table, as_matrix=False)
    ]


RECORDS: list[dict[str, Any]] = [{**PLAIN, **MIXED}, {**PLAIN, **MIXED, "income": None, "region": None, "owner": False}]
WRONG = {**RECORDS[0], "age": -5}


@pytest.fixture(scope="session")
def doors(
    tmp_path_factory: pytest.TempPathFactory, stored_plain: Path, stored_mixed: Path
) -> Iterator[dict[str, Door]]:
    """Serve the model of mixed columns by itself, and behind a gateway alone and in an ensemble."""
    with served(model_app(stored_plain)) as plain, served(model_app(stored_mixed)) as mixed:
        (grpc,) = free_ports(1)
        settings = settings_of({"plain": plain, "mixed": mixed}, grpc_port=grpc)
        with running_gateway(tmp_path_factory.mktemp("clients"), settings) as client:
            alone, joined = door(client, "mixed"), door(client, "both")
            yield {
                "gateway": alone,
                "ensemble": joined,
                "service": replace(alone.at(mixed), is_service=True),
                "gateway over grpc": alone.at(grpc),
                "ensemble over grpc": joined.at(grpc),
            }


def door(client: httpx.Client, model: str) -> Door:
    """Ask the gateway itself on `/v1` for what clients of `/v2` must get."""
    features = tuple(Feature(**feature) for feature in client.get(f"/v1/models/{model}").json()["features"])
    names = [feature.name for feature in features]
    records = [{name: record[name] for name in names} for record in RECORDS]
    answer = client.post(f"/v1/models/{model}:predict", json={"instances": records})
    rows = [flat(prediction) for prediction in answer.json()["predictions"]]
    told = Told(
        address=client.base_url.netloc.decode(),
        model=model,
        columns=columns(features, records),
        wrong=columns(features, [WRONG]),
        outputs=list(rows[0]),
    )
    expected = {name: [row[name] for row in rows] for name in rows[0]}
    return Door(told, expected, f"/inputs/{names.index('age')}/data/0")


def flat(prediction: dict[str, Any]) -> dict[str, Value]:
    """Name the outputs of an ensemble as `/v2` does."""
    found: dict[str, Value] = {}
    for name, value in prediction.items():
        found |= (
            {f"{name}.{output}": part for output, part in value.items()} if isinstance(value, dict) else {name: value}
        )
    return found
