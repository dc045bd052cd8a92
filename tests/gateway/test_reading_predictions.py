"""What is made of a prediction log: the report, the replay against a candidate, and what the documentation shows."""

import math
import re
import sys
from pathlib import Path

import httpx
import msgspec
import numpy as np
import pytest
from starlette.types import ASGIApp

from bentos.artifact import Model, load, read_contract
from bentos.protocol import Protocol
from bentos.served import Served
from gateway.predictions.candidate import Refused, column_of
from gateway.predictions.compared import Outcome, Thresholds
from gateway.predictions.judged import interval, judged
from gateway.predictions.reading import files_of, read_files
from gateway.predictions.replay import requests_of
from oip import Tensor
from tests.conftest import ROOT, run
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.serving import running_gateway, served

OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


@pytest.fixture(scope="module", name="log")
def its_log(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Path:
    """Fill a log: forty requests of different records, of which thirty are told the truth, two wrongly answered."""
    folder = tmp_path_factory.mktemp("filled")
    log = folder / "log"
    with running_gateway(folder, settings_of(ports, prediction_log={"folder": str(log)})) as client:
        fill(client)
    return log


def fill(client: httpx.Client) -> None:
    """Ask, and tell the truth."""
    generator = np.random.default_rng(0)
    for number in range(40):
        records = [
            {**PLAIN, **MIXED, "income": float(income), "age": int(age), "region": region}
            for income, age, region in zip(
                generator.uniform(10, 60, 3), generator.integers(20, 80, 3), ["east", "west", None], strict=True
            )
        ]
        answer = client.post("/v1/predict", json={"instances": records}, headers={"x-request-id": f"r{number}"}).json()
        if number < 30:
            label = answer["predictions"][1]["mixed"]["label"]
            other = {"yes": "no", "no": "yes"}[label]
            told = other if number < 2 else label
            # The first is told twice: what was told last counts.
            for truth in (other, told):
                sent = {"id": f"r{number}", "instance": 1, "label": truth, "model": "mixed"}
                assert client.post("/v1/feedback", json=sent).status_code == 202


def command(*words: str, check: bool = True) -> tuple[int, str]:
    """Run a command of the gateway; gives its exit code and what it wrote."""
    done = run(sys.executable, "-m", "gateway", *words, check=check)
    return done.returncode, done.stdout + done.stderr


def test_the_report_counts_what_was_right(log: Path, tmp_path: Path) -> None:
    """Accuracy with its interval, precision and recall of each value, calibration, as text and as a page."""
    _, text = command("report", "--log", str(log), "--html", str(tmp_path / "report.html"))
    page = (tmp_path / "report.html").read_text()
    (mixed,) = [one for one in judged(log) if one.contract.name == "mixed"]

    assert (mixed.rows, sum(mixed.pairs["label"].values())) == (120, 30)
    assert f"mixed {mixed.contract.version}: 120 rows, the truth is known of 30" in text
    assert "label: accuracy 0.933 (95 %: 0.787 to 0.982)" in text
    assert re.search(r"^ +yes +[\d.-]+ +[\d.-]+ +\d+$", text, re.MULTILINE)
    assert "expected calibration error" in text
    for part in ("label: accuracy 0.933", "<svg", "<table"):
        assert part in page
    assert "http" not in page


def test_a_record_counts_once_however_many_ways_lead_to_the_model(tmp_path: Path, ports: dict[str, int]) -> None:
    """An ensemble asks the model, and a split that asks it too; asked again, a record is another, whatever its id."""
    routes = {"side": {"split": {"weights": {"plain": 1}}}, "twice": {"ensemble": ["plain", "side"]}}
    given = settings_of(ports, routes=routes, default="twice", prediction_log={"folder": str(tmp_path / "log")})
    with running_gateway(tmp_path, given) as client:
        for _ in range(2):
            sent = {"instances": [PLAIN, {**PLAIN, "width": 7}]}
            client.post("/v1/predict", json=sent, headers={"x-request-id": "one"}).raise_for_status()
        client.post("/v1/feedback", json={"id": "one", "instance": 1, "label": "high"}).raise_for_status()
    (plain,) = judged(tmp_path / "log")

    assert sum(one.rows for one in read_files(files_of(tmp_path / "log"), features=False)) == 8
    assert (plain.rows, sum(plain.pairs["label"].values())) == (4, 2)


def test_an_interval_is_wilson_s() -> None:
    """As a table has it, and never beyond 0 and 1."""
    assert interval(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)
    assert interval(10, 10)[1] == pytest.approx(1)


def test_the_same_models_answer_a_replay_as_they_did(log: Path, ports: dict[str, int], tmp_path: Path) -> None:
    """Through a gateway: nothing changed, exit code 0."""
    with running_gateway(tmp_path, settings_of(ports)) as client:
        code, text = command("replay", "--log", str(log), "--against", str(client.base_url))

    assert code == 0, text
    assert "label: 0 changed, 0.00%" in text
    assert "120 rows in 40 requests" in text
    assert "p99" in text


def test_a_candidate_that_decides_otherwise_is_found(log: Path, stored_mixed: Path) -> None:
    """The service of a model whose threshold is another: exit code 1, and the worst rows are named."""
    with served(always_above(stored_mixed)) as port:
        words = ("replay", "--log", str(log), "--model", "mixed", "--against", f"http://127.0.0.1:{port}")
        code, text = command(*words, check=False)
        lenient, _ = command(*words, "--max-changed", "1")

    assert code == 1
    assert re.search(r"label: \d+ changed", text)
    assert "too much: " in text
    assert re.search(r"r\d+, instance \d: label was \w+, now \w+", text)
    assert lenient == 0


def always_above(stored: Path) -> ASGIApp:
    """Give the service of a model whose threshold every score reaches."""
    contract, model = read_contract(stored), load(stored)
    (decision,) = contract.decisions
    other = msgspec.structs.replace(contract, decisions=(msgspec.structs.replace(decision, threshold=0.0),))
    return Protocol(Served(other, stored, Model(other, model.runtime))).app()


def test_a_replay_asks_what_plans_asked(tmp_path: Path, ports: dict[str, int]) -> None:
    """A model has some records of a request where a split sends others elsewhere, and some twice in an ensemble."""
    log = tmp_path / "log"
    backends = {**settings_of(ports)["backends"], "candidate": {"url": f"http://127.0.0.1:{ports['plain']}"}}
    routes = {
        "halves": {"split": {"weights": {"plain": 1, "candidate": 1}, "by": "feature width"}},
        "twice": {"ensemble": ["halves", "plain"]},
    }
    backends["candidate"]["model"] = "plain"
    settings = settings_of(ports, backends=backends, routes=routes, default="halves")
    records = [{**PLAIN, "width": 1 + number / 4} for number in range(12)]
    with running_gateway(tmp_path, {**settings, "prediction_log": {"folder": str(log)}}) as client:
        halves = client.post("/v1/predict", json={"instances": records}).json()
        sides = [row["halves"] for row in halves["predictions"]]
        records.sort(key=lambda record: sides[round(4 * record["width"] - 4)])  # the candidate's come first
        for name in ("halves", "twice"):
            client.post(f"/v1/models/{name}:predict", json={"instances": records}, headers={"x-request-id": name})

    (logged,) = read_files(list(log.glob("plain/*.parquet")), features=True)
    found = [(request.id, request.instances) for request in requests_of(logged)]
    here = list(range(sides.count("candidate"), 12))
    assert 0 < len(here) < 12
    assert found[1] == ("halves", here)
    assert sorted(found[2:]) == sorted([("twice", here), ("twice", list(range(12)))])
    words = ("replay", "--log", str(log), "--model", "plain", "--against", f"http://127.0.0.1:{ports['plain']}")
    assert f"{sides.count('plain') + 2 * len(here) + 12} rows in 4 requests" in command(*words)[1]


def test_nobody_who_answers_is_no_good_candidate(log: Path) -> None:
    """Exit code 1, and why."""
    code, text = command("replay", "--log", str(log), "--against", "http://127.0.0.1:9", check=False)

    assert code == 1
    assert "40 requests were not answered, the first with no answer" in text


def test_a_log_that_is_none_is_told(tmp_path: Path) -> None:
    """Exit code 2."""
    (tmp_path / "plain").mkdir()
    for words in (
        ("report", "--log", str(tmp_path / "nowhere")),
        ("replay", "--log", str(tmp_path), "--against", "http://127.0.0.1:9"),
        ("report",),
    ):
        code, text = command(*words, check=False)
        assert (code, text[:6]) == (2, "error:"), words

    (tmp_path / "plain" / "a.parquet").write_bytes(b"none")
    code, text = command("report", "--log", str(tmp_path), check=False)

    assert code == 2
    assert "no Parquet file" in text


@pytest.mark.parametrize("damaged", [slice(4, 40), slice(-40, -8), slice(-8, -4), slice(4, -4)])
def test_a_damaged_file_is_named(log: Path, tmp_path: Path, damaged: slice) -> None:
    """Exit code 2, wherever the damage is: the library's panics end no command with a traceback of Python's."""
    (whole, *_) = sorted(log.glob("plain/*.parquet"))
    content = bytearray(whole.read_bytes())
    content[damaged] = b"\xff" * len(content[damaged])
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "damaged.parquet").write_bytes(content)
    code, text = command("report", "--log", str(tmp_path), check=False)

    assert code == 2, text
    assert f"error: {tmp_path}/plain/damaged.parquet cannot be read: " in text
    assert "Traceback" not in text


def test_a_file_that_was_deleted_meanwhile_is_passed_over(log: Path, tmp_path: Path) -> None:
    """A gateway that goes on deletes the oldest while the log is read."""
    paths = [tmp_path / "gone.parquet", *log.glob("plain/*.parquet")]

    assert sum(logged.rows for logged in read_files(paths, features=False)) == 120


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--callers", "0"), "at least 1"),
        (("--rows", "-1"), "at least 1"),
        (("--max-changed", "2"), "from 0 to 1"),
        (("--max-changed", "nan"), "from 0 to 1"),
        (("--max-difference", "-0.1"), "0 or more"),
        (("--against", "127.0.0.1:8001"), "no address such as http://"),
        (("--against", "http://127.0.0.1:port"), "invalid"),
    ],
)
def test_an_argument_that_cannot_be_is_told(words: tuple[str, str], told: str) -> None:
    """By its name, with exit code 2."""
    code, text = command("replay", "--against", "http://127.0.0.1:9", "--log", "nowhere", *words, check=False)

    assert code == 2
    assert f"error: argument {words[0]}: " in text
    assert told in text


def test_an_output_of_another_type_is_no_answer(log: Path) -> None:
    """Nor is one that is missing: a candidate with another contract is refused, request by request, not compared."""
    contract = next(one.contract for one in judged(log) if one.contract.name == "mixed")
    number, text = (next(one for one in contract.outputs if one.type == kind) for kind in ("number", "category"))
    values, words = Tensor("a", "FP64", np.zeros(2)), Tensor("a", "BYTES", np.array(["yes", "no"], dtype=object))
    for output, tensor in ((number, words), (text, values), (number, None), (number, Tensor("a", "FP64", np.zeros(3)))):
        with pytest.raises(Refused, match=f"the output {output.name} is "):
            column_of(output, tensor, 2)

    assert column_of(number, values, 2).tolist() == [0, 0]


def test_a_score_that_is_no_number_is_beyond_every_threshold(log: Path) -> None:
    """It would else be near enough to anything."""
    contract = next(one.contract for one in judged(log) if one.contract.name == "mixed")
    outcome = Outcome(contract)
    outcome.add("a", 0, {"label": "no", "probability": 0.5}, {"label": "no", "probability": math.nan})
    outcome.add("b", 0, {"label": "no", "probability": 0.5}, {"label": "no", "probability": 0.5})

    assert Thresholds(0, 1.0, None).broken(outcome) == ["a score differs by inf, at most 1"]


SHOWN = re.findall(
    r"^```(python|sql)\n(.*?)^```",
    OPERATIONS.split("## The prediction log")[1].split("\n## ")[0],
    re.MULTILINE | re.DOTALL,
)


@pytest.mark.parametrize(("language", "code"), SHOWN)
def test_what_the_page_shows_reads_the_log(language: str, code: str, log: Path) -> None:
    """The queries of docs/operations.md, in DuckDB and pandas, find rows."""
    import duckdb

    code = code.replace("diagnosis", "mixed").replace("predictions/", f"{log}/").replace("mean_radius", "income")
    if language == "sql":
        assert duckdb.execute(code).fetchall()
        return
    names: dict[str, object] = {}
    exec(code, names)  # the text of the page

    assert len(names["frame"])  # type: ignore[arg-type]


def test_the_page_shows_both() -> None:
    """DuckDB's queries and pandas'."""
    assert {language for language, _ in SHOWN} == {"python", "sql"}
