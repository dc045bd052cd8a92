"""Models of random plans: real backends, whose calls are answered in this process."""

from binascii import crc32
from collections.abc import Mapping
from typing import Any

from contract import ByThreshold, Feature, Interface, Output, Table, columns_to_records
from contract.table import pack_rows
from gateway.backends import Backend
from gateway.batching import Heard
from gateway.errors import BackendUnavailable
from gateway.metrics import Metrics
from gateway.settings import BackendSettings
from oip import InferResponse

OUTPUTS = (
    Output(name="probability", type="number", description="A share", minimum=0, maximum=1, column=0),
    Output(name="label", type="category", description="Whether it is half at least", categories=("low", "high")),
    Output(name="flag", type="boolean", description="True or not"),
    Output(name="kind", type="category", description="One of three", categories=("a", "b", "c")),
    Output(name="count", type="integer", description="How many", minimum=0, maximum=4),
)
DECISION = ByThreshold(output="label", score="probability", threshold=0.5, at_or_above="high", below="low")


def said(model: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a model says of a record: something else for each, with many ties at the threshold."""
    drawn = crc32(repr((model, sorted(record.items()))).encode())
    probability = drawn % 9 / 8
    return {
        "probability": probability,
        "label": "high" if probability >= 0.5 else "low",
        "flag": drawn >> 8 & 3 == 0,
        "kind": "abc"[(drawn >> 12) % 3],
        "count": (drawn >> 16) % 5,
    }


def backend(name: str, features: tuple[Feature, ...], outputs: frozenset[str], *, ill: bool) -> Backend:
    """Make a backend whose model reads some features and gives some outputs, or fails; inside an event loop."""
    given = tuple(output for output in OUTPUTS if output.name in outputs)
    decisions = (DECISION,) if {"probability", "label"} <= outputs else ()
    contract = Interface(
        name=name, description="Drawn", features=features, outputs=given, decisions=decisions, version="1"
    )
    settings = BackendSettings.model_validate({"url": "http://127.0.0.1:9", "breaker": {"failures": 1000}})
    made = Backend(name, settings, Metrics())
    made.known, made.current = {"1": contract}, contract

    async def ask(table: Table, call_id: str, again: bool) -> Heard:  # noqa: ARG001 (as a backend is asked)
        if ill:
            raise BackendUnavailable(f"{name} cannot answer now", model=name)
        rows = [said(name, record) for record in columns_to_records(table.columns, table.features)]
        columns = {
            output.name: pack_rows((as_feature(output),), [[row[output.name]] for row in rows]).columns[output.name]
            for output in given
        }
        return Heard(InferResponse(name, "1", []), contract, lambda *_: columns, table.rows, call_id, 0.0, None)

    made.batcher.calls.ask = ask
    return made


def as_feature(output: Output) -> Feature:
    """Give a feature whose column is like that of an output."""
    return Feature(name=output.name, type=output.type, description="", example=None, categories=output.categories)
