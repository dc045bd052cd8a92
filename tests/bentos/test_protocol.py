"""The model service speaks the protocol and shows its artifact, whatever runtime serves."""

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import httpx
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from bentos.artifact import ArtifactError, load, verify
from bentos.protocol import Protocol
from bentos.served import Served
from models import catalog
from oip import HEADER_LENGTH, Tensor, read_response, write_request
from tests.conftest import TINY
from tests.serving import model_app, served
from training.run import train


@pytest.fixture(scope="module")
def client(stored_mixed: Path) -> Iterator[httpx.Client]:
    """Serve the mixed model and give a client of it."""
    with served(model_app(stored_mixed)) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


def columns(rows: int = 1) -> list[Tensor]:
    """Make the inputs of the mixed model."""
    return [
        Tensor("income", "FP64", np.full(rows, 30.0)),
        Tensor("age", "INT64", np.full(rows, 40)),
        Tensor("owner", "BOOL", np.full(rows, True)),
        Tensor("region", "BYTES", np.full(rows, "east", dtype=object)),
    ]


def test_a_refusal_names_the_version_that_refused(client: httpx.Client, stored_mixed: Path) -> None:
    """So that whoever checked the records knows whether another version's contract was asked for."""
    body, length = write_request(columns()[1:])
    answer = client.post("/v2/models/mixed/infer", content=body, headers={HEADER_LENGTH: str(length)})

    assert (answer.status_code, answer.headers["x-model-version"]) == (400, stored_mixed.name)


def test_many_rows_in_one_binary_request(client: httpx.Client) -> None:
    """Ten thousand rows, each answered alike."""
    body, length = write_request(columns(10_000))
    answer = client.post("/v2/models/mixed/infer", content=body, headers={HEADER_LENGTH: str(length)}, timeout=30)
    label, probability = read_response(answer.content, answer.headers[HEADER_LENGTH]).tensors

    assert (label.array.shape, set(label.array)) == ((10_000,), {label.array[0]})
    assert np.unique(probability.array).size == 1


def test_every_path_of_a_model_answers_alike(client: httpx.Client, stored_mixed: Path) -> None:
    """With and without its version, and a slash at the end."""
    body, length = write_request(columns())
    asked = {"content": body, "headers": {HEADER_LENGTH: str(length), "x-request-id": "mine"}}
    answers = [
        client.post(f"/v2/models/mixed{version}/infer{end}", **asked)  # type: ignore[arg-type]
        for version in ("", f"/versions/{stored_mixed.name}")
        for end in ("", "/")
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["x-request-id"] for answer in answers} == {"mine"}
    assert all("compute;dur=" in answer.headers["server-timing"] for answer in answers)


def test_the_artifact_is_shown(client: httpx.Client, stored_mixed: Path) -> None:
    """Contract, golden rows, profile and report, as they are stored."""
    for name in ("contract.json", "golden.json", "profile.json", "report.html"):
        answer = client.get(f"/artifact/{name.split('.')[0]}")
        assert answer.content == (stored_mixed / name).read_bytes()
        assert answer.headers["content-type"].startswith("text/html" if "html" in name else "application/json")
    assert client.get("/artifact/estimator").status_code == 404
    assert client.get("/artifact/..%2Fcontract.json").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/nope", 404),
        ("GET", "/v2/models/mixed/versions/1", 404),
        ("POST", "/v2/models/nope/infer", 404),
        ("POST", "/v2/models/mixed/versions/1/infer", 404),
        ("POST", "/v2/models/mixed/infer", 400),
        ("GET", "/v2/models/mixed/infer", 405),
        ("DELETE", "/v2/models/mixed", 405),
        ("GET", "/v2/repository/index", 404),
    ],
)
def test_failures_are_errors_of_the_protocol(client: httpx.Client, method: str, path: str, status: int) -> None:
    """Always `{"error": text}`."""
    answer = client.request(method, path)

    assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert answer.headers["content-type"] == "application/json"


def test_readiness_has_its_bodies(client: httpx.Client, stored_mixed: Path) -> None:
    """For the server, the model, and the model's version."""
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get(f"/v2/models/mixed/versions/{stored_mixed.name}/ready").json() == {"name": "mixed", "ready": True}
    assert client.get("/v2/models/mixed").json()["platform"] == "bentogate_onnx"


def test_an_estimator_that_does_not_convert_is_served_by_scikit_learn() -> None:
    """Histogram boosting answers its golden rows through skops, and the contract says why."""
    plain = catalog(TINY, ["plain"])["plain"]
    outcome = train(dataclasses.replace(plain, name="boosted", estimator=HistGradientBoostingClassifier))
    model = load(outcome.report.parent)

    assert model.contract.runtime == "scikit-learn"
    assert "does not convert" in model.contract.runtime_reason
    assert not (outcome.report.parent / "model.onnx").exists()


def test_an_output_that_is_no_number_is_a_fault_of_the_model(stored_plain: Path) -> None:
    """500 with the output's name, never a silent null."""
    model = load(stored_plain)
    broken = dataclasses.replace(model, runtime=lambda inputs: np.full((len(inputs["features"]), 2), np.nan))
    body, length = write_request(
        [
            Tensor("width", "FP64", np.ones(1)),
            Tensor("height", "FP64", np.ones(1)),
            Tensor("count", "INT64", np.ones(1, int)),
        ]
    )
    with served(Protocol(Served(model.contract, stored_plain, broken)).app()) as port:
        url = f"http://127.0.0.1:{port}/v2/models/plain/infer"
        answer = httpx.post(url, content=body, headers={HEADER_LENGTH: str(length)})

    assert (answer.status_code, answer.json()) == (
        500,
        {
            "error": "plain: the output probability is no finite number within its bounds in row 0",
            "output": "probability",
        },
    )


def test_verify_names_what_differs(stored_plain: Path, tmp_path: Path) -> None:
    """A label and a number, with their rows."""
    model = load(stored_plain)
    other = dataclasses.replace(model, runtime=lambda inputs: 1 - model.runtime(inputs))
    with pytest.raises(
        ArtifactError, match=r"row 0, output label: expected '\w+', got '\w+'; row 0, output probability"
    ):
        verify(other, stored_plain / "golden.json")
    (tmp_path / "golden.json").write_text("{}")
    with pytest.raises(ArtifactError, match="the golden rows cannot be asked"):
        verify(model, tmp_path / "golden.json")


@pytest.mark.parametrize("file", ["estimator.skops", "profile.json", "report.html"])
def test_a_file_that_changes_no_answer_is_still_noticed(stored_plain: Path, tmp_path: Path, file: str) -> None:
    """Every file has its SHA-256 beside it."""
    folder = shutil.copytree(stored_plain, tmp_path / stored_plain.name)
    (folder / file).write_bytes(b"other")
    with pytest.raises(ArtifactError, match=rf"{file} is not as it was stored; train again with --force"):
        load(folder)


def test_a_version_that_is_not_its_own_is_noticed(stored_plain: Path, tmp_path: Path) -> None:
    """Answers must not name a version that is another's."""
    folder = shutil.copytree(stored_plain, tmp_path / "aaaaaaaaaaaa")
    with pytest.raises(ArtifactError, match="it is stored as aaaaaaaaaaaa"):
        load(folder)


def test_an_unexpected_failure_is_an_error_of_the_protocol(stored_plain: Path) -> None:
    """Whatever the runtime raises, the caller gets `{"error": text}` and nothing internal."""

    def fail(_: object) -> NoReturn:
        raise RuntimeError("secret")

    model = dataclasses.replace(load(stored_plain), runtime=fail)
    body, length = write_request(
        [
            Tensor(n, d, np.ones(1, t))
            for n, d, t in (("width", "FP64", float), ("height", "FP64", float), ("count", "INT64", int))
        ]
    )
    with served(Protocol(Served(model.contract, stored_plain, model)).app()) as port:
        url = f"http://127.0.0.1:{port}/v2/models/plain/infer"
        answer = httpx.post(url, content=body, headers={HEADER_LENGTH: str(length)})

    assert (answer.status_code, answer.json()) == (500, {"error": "the model failed; its log says why"})


def test_a_contract_that_is_damaged_is_named(tmp_path: Path) -> None:
    """The first thing that is read."""
    (tmp_path / "contract.json").write_text("{")
    with pytest.raises(ArtifactError, match=r"contract\.json cannot be read"):
        load(tmp_path)
