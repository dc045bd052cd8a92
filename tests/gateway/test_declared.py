"""A server that tells no contract is asked in its own words, by the contract that the settings declare."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse

from gateway.backends import Backend
from gateway.metrics import Metrics
from gateway.settings import BackendSettings
from oip import HEADER_LENGTH, InferResponse, read_request
from tests.gateway.poor import HIGH, LOW, RECORD, Poor, ask, documented
from tests.serving import running_gateway, served, wait_until


@pytest.fixture(scope="module")
def poor() -> Poor:
    """Make the server."""
    return Poor()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the gateway's file and log."""
    return tmp_path_factory.mktemp("declared")


@pytest.fixture(scope="module")
def client(poor: Poor, folder: Path) -> Iterator[httpx.Client]:
    """Run a gateway with the documented settings in front of the server, whose address the environment gives."""
    with (
        served(poor.app()) as port,
        running_gateway(
            folder,
            {**documented(), "refresh_s": 0.2},
            GATEWAY_BACKENDS__CHURN__URL=f"http://127.0.0.1:{port}",
            GATEWAY_BACKENDS__CHURN__BREAKER__FAILURES="1000",
        ) as client,
    ):
        yield client


def test_the_outputs_follow_from_the_scores(poor: Poor, client: httpx.Client) -> None:
    """As at a service of ours: the probability is the declared column, the label is decided by the threshold."""
    poor.gives(LOW, HIGH)
    body = ask(client, RECORD, {**RECORD, "spend": 20.0}).json()

    assert body["predictions"] == [{"label": "stays", "probability": 0.1}, {"label": "leaves", "probability": 0.8}]
    assert body["models"] == {"churn": {"version": "1"}}


def test_a_server_without_binary_tensors_is_asked_in_json(poor: Poor, client: httpx.Client) -> None:
    """One tensor per column as for a data frame, null for a missing number, and the output by name."""
    poor.gives(LOW)
    ask(client)
    body, headers = poor.sent

    assert headers["content-type"] == "application/json"
    assert HEADER_LENGTH not in headers
    assert json.loads(body) == {
        "inputs": [
            {"name": "months", "datatype": "INT64", "shape": [1], "data": [12]},
            {"name": "spend", "datatype": "FP64", "shape": [1], "data": [None]},
            {"name": "plan", "datatype": "BYTES", "shape": [1], "data": ["basic"]},
        ],
        "parameters": {"content_type": "pd"},
        "outputs": [{"name": "predict_proba"}],
    }


def test_a_server_with_binary_tensors_is_asked_so(poor: Poor, client: httpx.Client) -> None:
    """It says so among its extensions; the gateway looks again and again."""
    poor.gives(LOW)
    poor.extensions = ["binary_tensor_data"]
    wait_until(lambda: ask(client) and HEADER_LENGTH in poor.sent[1])
    body, headers = poor.sent
    poor.extensions = []
    wait_until(lambda: ask(client) and HEADER_LENGTH not in poor.sent[1])
    read = read_request(body, headers[HEADER_LENGTH])

    assert [tensor.array.tolist() for tensor in read.tensors][::2] == [[12], ["basic"]]
    assert [output.name for output in read.outputs or ()] == ["predict_proba"]


def test_a_version_that_the_answer_names_is_that_of_the_model(poor: Poor, client: httpx.Client) -> None:
    """In every answer, in the list of models and in the path; the declared one holds until then."""
    poor.gives(LOW, model_version="v7")
    asked = ask(client).json()
    listed = client.get("/v1/models/churn").json()["version"]
    inputs = [{"name": "months", "shape": [1], "datatype": "INT64", "data": [1]}]
    inputs += [{"name": "spend", "shape": [1], "datatype": "FP64", "data": [1.0]}]
    inputs += [{"name": "plan", "shape": [1], "datatype": "BYTES", "data": ["plus"]}]
    served = client.post("/v2/models/churn/versions/v7/infer", json={"inputs": inputs})
    poor.gives(LOW, model_version="1")
    ask(client)

    assert (asked["models"], listed) == ({"churn": {"version": "v7"}}, "v7")
    assert served.json()["model_version"] == "v7"


@pytest.mark.anyio
async def test_ever_new_versions_do_not_fill_the_memory(poor: Poor) -> None:
    """A server that names another one each time costs no more than a few contracts."""
    with served(poor.app()) as port:
        settings = {**documented()["backends"]["churn"], "url": f"http://127.0.0.1:{port}"}
        backend = Backend("churn", BackendSettings(**settings), Metrics())
        for number in range(20):
            answer = InferResponse("churn-classifier", f"v{number}", [])
            assert (await backend.contract_of(answer)).version == f"v{number}"
        await backend.close()

    assert list(backend.known)[-1] == backend.contract.version == "v19"
    assert len(backend.known) == 8


def test_the_contract_is_never_asked_for(poor: Poor, client: httpx.Client) -> None:
    """Only the protocol's own documents are, and readiness by the name that the model has there."""
    assert client.get("/v2/models/churn/ready").status_code == 200
    assert poor.paths == {"/v2", "/v2/models/churn-classifier", "/v2/models/churn-classifier/ready"}


def test_a_bad_record_never_reaches_the_server(poor: Poor, client: httpx.Client) -> None:
    """The declared contract is checked like any other."""
    poor.sent = (b"", httpx.Headers())
    answer = ask(client, {**RECORD, "plan": "gold"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/instances/0/plan")
    assert poor.sent[0] == b""


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"name": "predict"}, "the output predict_proba is missing"),
        ({"data": [0.5], "shape": [1, 1]}, "the output probability is missing: there are 1 scores"),
        ({"data": [0.5, None]}, "the output probability is no finite number within its bounds in row 0"),
        ({"data": [0.5, 1.5]}, "the output probability is no finite number within its bounds in row 0"),
        ({"data": [0.5, 0.5], "shape": [2]}, "the output predict_proba is FP64 of the shape [2], no scores of 1 rows"),
        ({"data": ["a", "b"], "datatype": "BYTES"}, "the output predict_proba is BYTES"),
    ],
)
def test_scores_that_are_none_are_502(poor: Poor, client: httpx.Client, answer: dict[str, Any], text: str) -> None:
    """With the name of the model and of the output."""
    output = {"name": "predict_proba", "shape": [1, 2], "datatype": "FP64", "data": LOW, **answer}
    poor.answer = JSONResponse({"model_name": "churn-classifier", "outputs": [output]})
    problem = ask(client)

    assert (problem.status_code, problem.json()["reason"], problem.json()["model"]) == (502, "backend_fault", "churn")
    assert text in problem.json()["detail"]


def test_a_refusal_names_what_was_asked_for(poor: Poor, client: httpx.Client) -> None:
    """A server that does not know an output refuses the request: its own words stay inside."""
    poor.answer = JSONResponse({"error": "/srv/models: no predict_proba"}, 400)
    problem = ask(client)

    assert problem.status_code == 502
    assert problem.json()["detail"] == "churn refused a checked record, or a request for predict_proba (status 400)"


def test_metadata_that_contradicts_the_contract_is_logged(poor: Poor, client: httpx.Client, folder: Path) -> None:
    """Once, with each difference; the model is served all the same, as is what was declared."""
    poor.gives(LOW)
    poor.metadata = {
        **poor.metadata,
        "inputs": [
            {"name": "months", "datatype": "FP32", "shape": [-1]},
            {"name": "spend", "datatype": "FP64", "shape": [-1]},
            {"name": "city", "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [{"name": "predict", "datatype": "INT64", "shape": [-1]}],
    }
    wait_until(lambda: "contradicts" in (folder / "gateway.log").read_text())
    (line,) = [line for line in (folder / "gateway.log").read_text().splitlines() if "contradicts" in line]

    assert json.loads(line)["contradictions"] == [
        "the input months is FP32, not INT64",
        "the input plan is not listed",
        "the input city is not declared",
        "the output predict_proba is not listed",
    ]
    assert ask(client).status_code == 200


def test_a_declared_model_is_described_without_card_and_metrics(client: httpx.Client) -> None:
    """What is known of it stands in every list; what only a stored model has is left out."""
    listed = client.get("/v1/models/churn").json()
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    tensors = client.get("/v2/models/churn").json()

    assert (listed["known"], listed["ready"]) == (True, True)
    assert [feature["name"] for feature in listed["features"]] == list(RECORD)
    assert not {"card", "metrics", "provenance", "runtime"} & set(listed)
    assert schemas["churn_request"]["properties"]["instances"]["items"]["required"] == list(RECORD)
    assert [tensor["datatype"] for tensor in tensors["inputs"]] == ["INT64", "FP64", "BYTES"]
    assert tensors["properties"] == {"description": "Whether a customer leaves within the quarter"}


def test_outputs_without_scores_are_taken_by_name(tmp_path: Path, poor: Poor) -> None:
    """Judged by the declared types and bounds; columns of one datatype go as one matrix."""
    number = {"type": "number", "description": "A number"}
    contract = {
        "version": "1",
        "description": "Adds",
        "features": [{"name": name, "example": 1.0, **number} for name in ("a", "b")],
        "outputs": [{"name": "total", **number}],
    }
    poor.metadata = {"inputs": [], "outputs": []}
    with served(poor.app()) as port:
        backend = {"url": f"http://127.0.0.1:{port}", "model": "churn-classifier", "contract": contract}
        with running_gateway(tmp_path, {"backends": {"sum": backend}, "default": "sum"}) as client:
            poor.gives([3.0], name="total")
            right = ask(client, {"a": 1, "b": 2})
            body = json.loads(poor.sent[0])
            poor.gives([3.0], name="sum")
            wrong = ask(client, {"a": 1, "b": 2})

    assert right.json()["predictions"] == [{"total": 3.0}]
    assert body == {
        "inputs": [{"name": "features", "datatype": "FP64", "shape": [1, 2], "data": [1.0, 2.0]}],
        "outputs": [{"name": "total"}],
    }
    assert (wrong.status_code, wrong.json()["detail"]) == (502, "sum gave no valid answer: the output total is missing")


def test_a_server_without_the_model_is_waited_for(tmp_path: Path, poor: Poor) -> None:
    """The log says which model it was asked for."""
    settings = documented()
    settings["backends"]["churn"]["model"] = "other"
    with served(poor.app()) as port:
        settings["backends"]["churn"]["url"] = f"http://127.0.0.1:{port}"
        with running_gateway(tmp_path, settings, wait="/livez") as client:
            wait_until(lambda: "has no model 'other'" in (tmp_path / "gateway.log").read_text())
            assert ask(client).json()["reason"] == "backend_unknown"


def test_there_is_no_drift_without_a_profile(poor: Poor, client: httpx.Client) -> None:
    """Of a server that has none nothing is told, and none is asked for."""
    poor.gives(LOW)
    ask(client)

    assert httpx.get(f"{client.headers['x-admin']}/console/drift").json() == {"models": {}}
    assert "bentogate_drift_psi{" not in httpx.get(f"{client.headers['x-admin']}/metrics").text
    assert not any("artifact" in path for path in poor.paths)
