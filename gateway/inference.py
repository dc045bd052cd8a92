"""Inference by tensors, whatever brings them: the protocol's rules, the plan, and the tensors that go back."""

from collections.abc import Mapping

from contract import InvalidRecords, Terms, table_from_tensors
from gateway.account import Account
from gateway.batching import Prediction
from gateway.errors import BackendUnavailable, GatewayError, InvalidRecord, UnknownName
from gateway.plans import Ensemble, Plan
from gateway.problems import error_text
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
        if request.parameters.timeout:
            account.within(request.parameters.timeout / 1e6)
        if request.outputs is not None:  # before the model is asked, a name is refused that it does not have
            request.chosen(output_names(plan))
        table = table_from_tensors(plan.features, request.tensors)
    except InvalidRecords as exc:
        raise InvalidRecord(str(exc), exc.faults) from exc
    predictions = await account.ask(plan, table, terms_of(plan, request))
    if version is not None and predictions[0].version != version:
        raise UnknownName(f"{plan.name} has the version {predictions[0].version} only")
    tensors = tensors_by_name(plan, predictions)
    if missing := [output.name for output in request.outputs or () if output.name not in tensors]:
        raise BackendUnavailable(f"{plan.name} has just changed its outputs: {missing[0]} is missing")
    wanted = request.chosen(list(tensors))
    found = [tensors[output.name] for output in wanted]
    return response_of(plan, predictions, found, request.id, account.missing), wanted


def terms_of(plan: Plan, request: InferRequest) -> Terms | None:
    """Give how complete the answer must be, None where neither the request nor the route says anything of it.

    Who asks for outputs by name requires their models.
    """
    said = request.parameters
    if plan.terms is None and said.partial is None and said.require is None and said.quorum is None:
        return None
    names = [name.strip() for name in said.require.split(",")] if said.require else []
    if isinstance(plan, Ensemble):
        names += [output.name.partition(".")[0] for output in request.outputs or ()]
    return Terms(said.partial is not False, tuple(names), said.quorum or 1)


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
    plan: Plan,
    predictions: list[Prediction],
    tensors: list[Tensor],
    request_id: str | None,
    missing: Mapping[str, GatewayError] | None,
) -> InferResponse:
    """Put the answer together: the version of the one model, or in the parameters each member's and who is missing."""
    parameters: dict[str, str | float | bool] = {}
    if missing is not None:
        parameters["complete"] = not missing
        parameters |= {f"{model}.error": f"{error.reason}: {error_text(error)}" for model, error in missing.items()}
    if not isinstance(plan, Ensemble):
        return InferResponse(plan.name, predictions[0].version, tensors, request_id, parameters)
    parameters |= {f"{one.model}.version": one.version for one in predictions}
    return InferResponse(plan.name, None, tensors, request_id, parameters)
