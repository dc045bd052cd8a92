"""Inference by tensors, whatever brings them: the protocol's rules, the plan, and the tensors that go back."""

from contract import InvalidRecords, Terms, table_from_tensors
from gateway.account import Account
from gateway.errors import BackendUnavailable, InvalidRecord, UnknownName
from gateway.plans import Answer, Plan
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
        decoder = plan.decoder
        table = table_from_tensors(decoder.features, request.tensors, others=decoder.others)
    except InvalidRecords as exc:
        raise InvalidRecord(str(exc), exc.faults) from exc
    answer = await account.ask(plan, table, terms_of(plan, request))
    if version is not None and answer.version != version:
        raise UnknownName(f"{plan.name} has the version {answer.version} only")
    tensors = tensors_by_name(answer)
    if missing := [output.name for output in request.outputs or () if output.name not in tensors]:
        raise BackendUnavailable(f"{plan.name} has just changed its outputs: {missing[0]} is missing")
    wanted = request.chosen(list(tensors))
    found = [tensors[output.name] for output in wanted]
    return response_of(plan, answer, found, request.id), wanted


def terms_of(plan: Plan, request: InferRequest) -> Terms | None:
    """Give how complete the answer must be, None where neither the request nor the route says anything of it.

    Who asks for outputs by name requires their models.
    """
    said = request.parameters
    if plan.terms is None and said.partial is None and said.require is None and said.quorum is None:
        return None
    names = [name.strip() for name in said.require.split(",")] if said.require else []
    if plan.models != [plan.name]:  # an aggregate gives outputs that are of no member, and have no dot
        names += [output.name.partition(".")[0] for output in request.outputs or () if "." in output.name]
    return Terms(said.partial is not False, tuple(names), said.quorum or 1)


def check_version(plan: Plan, version: str | None) -> None:
    """Raise UnknownName for a version that is not served."""
    served = plan.contracts[0].version if not plan.branches else None
    if version is not None and version != served:
        raise UnknownName(f"{plan.name} has the version {served} only" if served else f"{plan.name} has no versions")


def output_names(plan: Plan) -> list[str]:
    """Name the outputs of a plan."""
    return [output.name for output in plan.outputs]


def tensors_by_name(answer: Answer) -> dict[str, Tensor]:
    """Give the outputs as tensors `[rows]`, by their public names; those of who is missing are left out."""
    columns = answer.columns
    return {
        output.name: Tensor(output.name, output.datatype, columns[output.name], output.nullable)
        for output in answer.outputs
        if output.name in columns
    }


def response_of(plan: Plan, answer: Answer, tensors: list[Tensor], request_id: str | None) -> InferResponse:
    """Put the answer together: the version of the one model, or in the parameters each one's and who is missing."""
    parameters: dict[str, str | float | bool] = {}
    if (missing := answer.missing) is not None:
        parameters["complete"] = not missing
        parameters |= {f"{model}.error": f"{error.reason}: {error_text(error)}" for model, error in missing.items()}
    if answer.version is None:
        parameters |= {f"{one.model}.version": one.version for one in answer.predictions}
    return InferResponse(plan.name, answer.version, tensors, request_id, parameters)
