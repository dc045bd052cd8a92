"""Inference by tensors, whatever brings them: the protocol's rules, the plan, and the tensors that go back."""

from contract import InvalidRecords, table_from_tensors
from gateway.account import Account
from gateway.batching import Prediction
from gateway.errors import BackendUnavailable, InvalidRecord, UnknownName
from gateway.plans import Ensemble, Plan
from oip import InferRequest, InferResponse, RequestedOutput, Steps, Tensor, in_turns


async def infer(
    account: Account, plan: Plan, version: str | None, reading: Steps[InferRequest]
) -> tuple[InferResponse, list[RequestedOutput]]:
    """Answer a request, which `reading` gives or refuses with a ProtocolError.

    Gives the response and, for each of its tensors, how it was asked for. Raises GatewayError and ProtocolError.
    """
    check_version(plan, version)
    try:
        request = await in_turns(reading)
        if request.timeout_us:
            account.within(request.timeout_us / 1e6)
        if request.outputs is not None:  # before the model is asked, a name is refused that it does not have
            request.chosen(output_names(plan))
        table = table_from_tensors(plan.features, request.tensors)
    except InvalidRecords as exc:
        raise InvalidRecord(str(exc), exc.faults) from exc
    predictions = await account.ask(plan, table)
    if version is not None and predictions[0].version != version:
        raise UnknownName(f"{plan.name} has the version {predictions[0].version} only")
    tensors = tensors_by_name(plan, predictions)
    if missing := [output.name for output in request.outputs or () if output.name not in tensors]:
        raise BackendUnavailable(f"{plan.name} has just changed its outputs: {missing[0]} is missing")
    wanted = request.chosen(list(tensors))
    return response_of(plan, predictions, [tensors[output.name] for output in wanted], request.id), wanted


def check_version(plan: Plan, version: str | None) -> None:
    """Raise UnknownName for a version that is not served."""
    served = plan.contracts[0].version if not isinstance(plan, Ensemble) else None
    if version is not None and version != served:
        raise UnknownName(f"{plan.name} has the version {served} only" if served else f"{plan.name} has no versions")


def output_names(plan: Plan) -> list[str]:
    """Name the outputs of a plan."""
    return [prefix(plan, contract.name) + output.name for contract in plan.contracts for output in contract.outputs]


def prefix(plan: Plan, model: str) -> str:
    """Give what stands before the public name of a model's outputs."""
    return f"{model}." if isinstance(plan, Ensemble) else ""


def tensors_by_name(plan: Plan, predictions: list[Prediction]) -> dict[str, Tensor]:
    """Give the outputs of the versions that answered as tensors `[rows]`, by their public names."""
    tensors = {}
    for prediction in predictions:
        before, columns = prefix(plan, prediction.model), prediction.columns
        for output in prediction.outputs:
            name = before + output.name
            tensors[name] = Tensor(name, output.datatype, columns[output.name])
    return tensors


def response_of(
    plan: Plan, predictions: list[Prediction], tensors: list[Tensor], request_id: str | None
) -> InferResponse:
    """Put the answer together: the version of the one model, or of each member in the parameters."""
    if not isinstance(plan, Ensemble):
        return InferResponse(plan.name, predictions[0].version, tensors, request_id)
    versions: dict[str, str | float | bool] = {f"{p.model}.version": p.version for p in predictions}
    return InferResponse(plan.name, None, tensors, request_id, versions)
