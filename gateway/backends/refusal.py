"""What it means to callers that a model refuses records which were checked."""

import msgspec

from contract import Feature, Interface
from gateway.backends.connection import Answer
from gateway.backends.judge import output_refused
from gateway.backends.known import Known
from gateway.errors import (
    BackendBusy,
    BackendChanged,
    BackendCorrupt,
    BackendFault,
    BackendUnavailable,
    GatewayError,
)
from oip import MODEL_VERSION

OF_A_RECORD = (400, 413, 422, 500)
"""A server that refuses records, or fails with one, says one of these."""


async def refusal(model: Known, answer: Answer, asked: tuple[Feature, ...], again: bool) -> GatewayError:
    """Say what a model's refusal of records that were checked by the features `asked` means to the callers."""
    name, status = model.name, answer.status
    if status in (502, 503):
        return BackendBusy(f"{name} cannot answer now", model=name)
    if status in (429, 504):  # BentoML says 429 for its own overload
        return BackendUnavailable(f"{name} cannot answer now", model=name)
    if status not in OF_A_RECORD:
        return BackendCorrupt(f"{name} gave no valid answer: status {status}", model=name)
    if output := output_blamed(answer.body, model.contract):
        return output_refused(name, output, "is no prediction")
    if await reads_others(model, answer.header(MODEL_VERSION), asked, again):
        return BackendChanged(f"{name} has just changed its features", model=name)
    return BackendFault(f"{name} refused {model.dialect.demand} (status {status})", model=name)


async def reads_others(model: Known, version: str | None, asked: tuple[Feature, ...], again: bool) -> bool:
    """Say whether a refusal is of a version that reads other features than those by which records were checked.

    While two versions live behind one address the newest may be the right one, and still the other has refused.
    """
    if version is None:  # other servers do not say who refuses
        return not again and await model.look_up(lambda: model.contract.features != asked)
    await model.look_up(lambda: version in model.known)
    return version not in model.known or model.known[version].features != asked


def output_blamed(body: bytes, contract: Interface) -> str | None:
    """Name the output that a model service says to be no prediction, or None where it says something else.

    Nothing else of what it says may reach a caller.
    """
    try:
        named = msgspec.json.decode(body, type=Blame).output
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return named if any(named == output.name for output in contract.outputs) else None


class Blame(msgspec.Struct):
    """Read the one member of an error that is looked at."""

    output: str
