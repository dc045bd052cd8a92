"""The prediction log: what is kept of a request, what is not, and that nothing about it holds a request up."""

import gzip
import json
import os
import resource
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import httpx
import jsonschema
import msgspec
import numpy as np
import pytest
from arro3.io import read_parquet

from contract import Interface, pack
from gateway.batching import Leaf, Prediction
from gateway.batching.prediction import Joint
from gateway.predictions import PredictionLog
from gateway.predictions.feedback import Line
from gateway.predictions.files import Folder
from gateway.predictions.growing import MOST_BATCHES, Growing
from gateway.predictions.kept import Kept
from gateway.predictions.log import MOST_ROWS, MOST_VALUES
from gateway.predictions.reading import read_truth
from gateway.routes.feedback import MOST_BYTES
from gateway.settings import PredictionLogSettings
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.serving import running_gateway, wait_until

BOTH = {"instances": [{**PLAIN, **MIXED}, {**PLAIN, **MIXED, "region": None}]}


def logged(folder: Path, model: str) -> list[dict[str, Any]]:
    """Wait for the rows of a model, and give them."""
    pattern = str(folder / model / "*.parquet")
    wait_until(lambda: list(folder.glob(f"{model}/*.parquet")))
    found = duckdb.execute(f"select * from read_parquet('{pattern}') order by id, instance")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def keeping(folder: Path, **more: Any) -> dict[str, Any]:
    """Give the setting of a log that completes its files soon."""
    return {"prediction_log": {"folder": str(folder), "rotate_s": 0.2, **more}}


def metric(client: httpx.Client, name: str) -> float:
    """Read a metric without labels."""
    text = httpx.get(f"{client.headers['x-admin']}/metrics").text
    (value,) = [line.split()[-1] for line in text.splitlines() if line.startswith(f"{name} ")]
    return float(value)


def test_each_model_s_answer_is_kept_with_the_record(tmp_path: Path, ports: dict[str, int]) -> None:
    """Id, route, version, features and outputs of each row, with null for what is missing; whoever asks how."""
    folder = tmp_path / "log"
    with running_gateway(tmp_path, settings_of(ports, **keeping(folder))) as client:
        answer = client.post("/v1/predict", json=BOTH, headers={"x-request-id": "kept"}).json()
        plain, mixed = logged(folder, "plain"), logged(folder, "mixed")
        wait_until(lambda: metric(client, "bentogate_prediction_log_rows_total") == 4)

    assert [(row["id"], row["instance"], row["route"], row["model"]) for row in plain] == [
        ("kept", 0, "both", "plain"),
        ("kept", 1, "both", "plain"),
    ]
    assert {row["version"] for row in mixed} == {answer["models"]["mixed"]["version"]}
    assert [row["feature_region"] for row in mixed] == ["east", None]
    for index, prediction in enumerate(answer["predictions"]):
        row = mixed[index]
        assert {f"output_{name}": value for name, value in prediction["mixed"].items()}.items() <= row.items()
        assert {f"feature_{name}": row[f"feature_{name}"] for name in MIXED} == {
            f"feature_{name}": value for name, value in BOTH["instances"][index].items() if name in MIXED
        }


def test_a_file_names_the_contract_of_its_rows(tmp_path: Path, ports: dict[str, int]) -> None:
    """So it can be read by itself, when the model is long gone."""
    folder = tmp_path / "log"
    with running_gateway(tmp_path, settings_of(ports, **keeping(folder))) as client:
        client.post("/v1/models/plain:predict", json={"instances": [PLAIN]})
        wait_until(lambda: list(folder.glob("plain/*.parquet")))
        version = client.get("/v1/models/plain").json()["version"]
    (path,) = folder.glob("plain/*.parquet")
    found = duckdb.execute(
        f"select decode(value) from parquet_kv_metadata('{path}') where decode(key) = 'bentogate.contract'"
    ).fetchall()

    assert json.loads(found[0][0])["version"] == version


def test_what_is_to_be_left_out_is_in_no_file(tmp_path: Path, ports: dict[str, int]) -> None:
    """Neither the value nor the column."""
    folder = tmp_path / "log"
    with running_gateway(tmp_path, settings_of(ports, **keeping(folder, leave_out=["age", "region"]))) as client:
        client.post("/v1/models/mixed:predict", json={"instances": [MIXED]})
        (row,) = logged(folder, "mixed")

    assert [name for name in row if name.startswith("feature_")] == ["feature_income", "feature_owner"]


def test_a_name_that_leaves_nothing_out_is_told(tmp_path: Path, ports: dict[str, int]) -> None:
    """Who misspells it would find the value in the files."""
    with running_gateway(tmp_path, settings_of(ports, **keeping(tmp_path / "log", leave_out=["age", "regoin"]))):
        wait_until(lambda: "leaves nothing out" in (tmp_path / "gateway.log").read_text())
    (line,) = [line for line in (tmp_path / "gateway.log").read_text().splitlines() if "leaves nothing out" in line]

    assert json.loads(line)["names"] == ["regoin"]


def test_the_end_completes_what_was_begun(tmp_path: Path, ports: dict[str, int]) -> None:
    """A gateway that ends leaves nothing unfinished behind."""
    folder = tmp_path / "log"
    with running_gateway(tmp_path, settings_of(ports, **keeping(folder, rotate_s=3600))) as client:
        client.post("/v1/models/plain:predict", json={"instances": [PLAIN]})

    assert len(logged(folder, "plain")) == 1
    assert not list(folder.glob("*/.*"))


def test_a_folder_that_cannot_be_written_costs_no_answer(tmp_path: Path, ports: dict[str, int]) -> None:
    """The rows are lost, and counted."""
    (tmp_path / "log").write_text("no folder")
    with running_gateway(tmp_path, settings_of(ports, **keeping(tmp_path / "log"))) as client:
        answer = client.post("/v1/predict", json=BOTH)
        wait_until(lambda: 'lost_total{reason="disk"} 4.0' in httpx.get(f"{client.headers['x-admin']}/metrics").text)
        feedback = client.post("/v1/feedback", json={"id": "a", "label": True})

    assert answer.status_code == 200
    assert (feedback.status_code, feedback.json()["reason"]) == (500, "internal")


def test_feedback_is_in_the_file_when_it_is_answered(tmp_path: Path, ports: dict[str, int]) -> None:
    """A line each, with the time it came."""
    folder = tmp_path / "log"
    with running_gateway(tmp_path, settings_of(ports, **keeping(folder))) as client:
        answer = client.post("/v1/feedback", json={"id": "kept", "instance": 1, "label": "yes", "model": "mixed"})
        other = client.post("/v1/feedback", json={"id": "kept", "label": 2.5})
        (path,) = folder.glob("feedback/*.jsonl")
        first, second = map(json.loads, path.read_text().splitlines())

    assert (answer.status_code, answer.json()) == (202, {"id": "kept", "instance": 1})
    assert other.status_code == 202
    assert first.pop("time")
    assert first == {"id": "kept", "instance": 1, "model": "mixed", "label": "yes"}
    assert (second["instance"], second["model"], second["label"]) == (0, None, 2.5)


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "{",
        '{"id": "a"}',
        '{"id": "", "label": 1}',
        '{"id": "a", "label": null}',
        '{"id": "a", "label": ""}',
        '{"id": "a", "label": 1, "instance": -1}',
        '{"id": "a", "label": 1, "model": "../x"}',
        '{"id": "a", "label": 1, "lable": 1}',
    ],
)
def test_feedback_that_cannot_be_is_refused(keeper: httpx.Client, body: str) -> None:
    """With 400, and nothing is written."""
    answer = keeper.post("/v1/feedback", content=body)

    assert (answer.status_code, answer.json()["reason"]) == (400, "malformed")


@pytest.fixture(scope="module", name="keeper")
def its_keeper(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Any:
    """Run a gateway with a log."""
    folder = tmp_path_factory.mktemp("keeper")
    with running_gateway(folder, settings_of(ports, **keeping(folder / "log"))) as client:
        yield client


def test_feedback_is_read_as_inference_is(keeper: httpx.Client) -> None:
    """Packed as its encoding says, and no more of it than feedback can have."""
    body = b'{"id": "packed", "label": 1}'
    packed = keeper.post("/v1/feedback", content=gzip.compress(body), headers={"content-encoding": "gzip"})
    unknown = keeper.post("/v1/feedback", content=body, headers={"content-encoding": "br"})
    large = keeper.post("/v1/feedback", content=body + b" " * MOST_BYTES)
    pieces = keeper.post("/v1/feedback", content=iter([body, b" " * MOST_BYTES]))
    longest = {"id": "\U0001f600" * 128, "label": "\U0001f600" * 1000, "instance": 2**31 - 1, "model": "m" * 40}

    assert packed.status_code == 202
    assert [answer.json()["reason"] for answer in (unknown, large, pieces)] == [
        "unknown_encoding",
        "too_large",
        "too_large",
    ]
    assert keeper.post("/v1/feedback", content=json.dumps(longest)).status_code == 202


def test_the_description_has_feedback_where_there_is_a_log(keeper: httpx.Client) -> None:
    """With what it takes and all that it may answer."""
    document = keeper.get("/openapi.json").json()
    operation = document["paths"]["/v1/feedback"]["post"]
    taken = jsonschema.Draft202012Validator(operation["requestBody"]["content"]["application/json"]["schema"])

    assert taken.is_valid({"id": "a", "instance": 1, "label": True, "model": "mixed"})
    assert not taken.is_valid({"id": "a"})
    assert not taken.is_valid({"id": "a", "label": True, "model": "../x"})
    assert sorted(operation["responses"]) == ["202", "400", "413", "415", "500", "503", "504"]


def test_feedback_is_a_post(keeper: httpx.Client) -> None:
    """And says so."""
    answer = keeper.get("/v1/feedback")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_without_a_log_there_is_no_feedback(tmp_path: Path, ports: dict[str, int]) -> None:
    """Off by default: the path is not there."""
    with running_gateway(tmp_path, settings_of(ports)) as client:
        answer = client.post("/v1/feedback", json={"id": "a", "label": True})
        paths = client.get("/openapi.json").json()["paths"]

    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_name")
    assert "/v1/feedback" not in paths


def unwritten(folder: Path, **more: Any) -> tuple[PredictionLog, list[tuple[str, int]]]:
    """Make a log whose thread does not run, so that each work is the last of all, and the list of what it loses."""
    lost: list[tuple[str, int]] = []
    settings = PredictionLogSettings(folder=folder, rotate_s=0.1, **more)
    log = PredictionLog(settings, folder, lambda _: None, lambda *one: lost.append(one))
    log.ended = True
    return log, lost


@pytest.fixture(name="contract")
def of_plain(stored_plain: Path) -> Interface:
    """Give the contract of the plain model."""
    return Interface.from_json((stored_plain / "contract.json").read_bytes())


def answered(contract: Interface, rows: int) -> list[Leaf]:
    """Give records, and what could have been answered to them."""
    table = pack(contract.features, {name: [value] * rows for name, value in PLAIN.items()})
    values: dict[str, Any] = {"number": 0.5, "integer": 1, "boolean": True}
    outputs = {}
    for output in contract.outputs:
        value = output.categories[0] if output.type == "category" else values[output.type]
        outputs[output.name] = np.array([value] * rows, dtype=object if output.type == "category" else None)
    return [Leaf(table, [Prediction(Joint(contract, outputs, "call", 1.0, None), 0, rows, 0.0)], None)]


def test_a_full_queue_loses_what_comes_and_counts_it(tmp_path: Path, contract: Interface) -> None:
    """Whatever waits is kept; one request that is larger than the queue is taken where nothing waits."""
    log, lost = unwritten(tmp_path)
    log.add("large", "plain", answered(contract, MOST_ROWS + 1))
    log.add("late", "plain", answered(contract, 2))
    log.work()
    log.add("next", "plain", answered(contract, 2))
    log.work()

    assert lost == [("queue", 2)]
    assert {row["id"] for row in logged(tmp_path, "plain")} == {"large", "next"}


def test_a_panic_of_the_library_is_counted_and_ends_nothing(tmp_path: Path, contract: Interface) -> None:
    """It is no Exception: without care the thread would end, and all that comes later would wait for nobody."""
    log, lost = unwritten(tmp_path)

    class Panicking(Growing):
        def parquet(self) -> bytes:
            read_parquet(BytesIO(b"PAR1" + bytes(100) + b"PAR1"))
            raise AssertionError

    log.make = Panicking
    log.add("lost", "plain", answered(contract, 3))
    log.work()
    log.make = Growing
    log.add("kept", "plain", answered(contract, 2))
    log.work()

    assert lost == [("fault", 3)]
    assert {row["id"] for row in logged(tmp_path, "plain")} == {"kept"}


def test_records_without_what_the_answer_s_contract_reads_are_counted(tmp_path: Path, contract: Interface) -> None:
    """As what they are: a model changed between reading a record and answering it. What fits is kept."""
    log, lost = unwritten(tmp_path)
    (leaf,) = answered(contract, 3)
    narrower = pack(contract.features[1:], leaf.table.columns)
    log.add("changed", "plain", [leaf._replace(table=narrower)])
    log.add("same", "plain", [leaf])
    log.work()

    assert lost == [("contract", 3)]
    assert {row["id"] for row in logged(tmp_path, "plain")} == {"same"}


def test_many_small_batches_are_put_together(tmp_path: Path, contract: Interface) -> None:
    """Ten come a second, and each takes a thousand times what its row does; no row is lost by it."""
    growing = Growing(contract, (), 0.0)
    for number in range(200):
        (leaf,) = answered(contract, 1)
        growing.add([(Kept(number, str(number), "plain", *leaf), leaf.predictions[0])])
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "a.parquet").write_bytes(growing.parquet())

    assert len(growing.batches) < MOST_BATCHES
    assert sorted(int(row["id"]) for row in logged(tmp_path, "plain")) == list(range(200))


def test_a_file_is_complete_when_it_is_large(tmp_path: Path, contract: Interface) -> None:
    """By its values, so that rows of many features take no more memory; the small one waits on."""
    log, lost = unwritten(tmp_path)
    log.ended, log.settings = False, log.settings.model_copy(update={"rotate_s": 3600.0})
    other = msgspec.structs.replace(contract, version="other")
    log.add("small", "plain", answered(other, 1))
    log.work()
    log.add("large", "plain", answered(contract, MOST_VALUES // 10))
    log.work()

    assert not lost
    assert {row["version"] for row in logged(tmp_path, "plain")} == {contract.version}
    assert [growing.rows for growing in log.growing.values()] == [1]


def test_feedback_over_a_disk_that_hangs_holds_up_nothing_else(tmp_path: Path, ports: dict[str, int]) -> None:
    """It is refused, changed settings are taken, and the gateway ends: none of that waits for the disk."""
    folder = tmp_path / "log"
    with running_gateway(tmp_path, settings_of(ports, **keeping(folder))) as client:
        sent = {"id": "a", "label": True}
        assert client.post("/v1/feedback", json=sent).status_code == 202
        (path,) = folder.glob("feedback/*.jsonl")
        path.unlink()
        os.mkfifo(path)  # to open it for writing waits for a reader, as a disk may that is out of reach
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.post("/v1/feedback", json=sent), range(8)))
        settings = tmp_path / "gateway.yaml"
        settings.write_text(json.dumps({**json.loads(settings.read_text()), "max_rows": 1}))
        wait_until(lambda: client.post("/v1/predict", json=BOTH).status_code == 413)

    assert {(answer.status_code, answer.json()["reason"]) for answer in answers} == {(503, "overloaded")}


def test_a_line_that_a_full_disk_cut_off_takes_no_other_with_it(tmp_path: Path) -> None:
    """The next one begins anew."""
    folder, limits = Folder(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="only 10 of the 38 bytes"):
            folder.append("20261126", b'{"id": "cut off", "label": "no room"}')
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    line = Line(time=datetime(2026, 11, 26, tzinfo=UTC), id="a", instance=0, model=None, label=True)
    folder.append("20261126", msgspec.json.encode(line))

    assert read_truth(tmp_path) == {("a", 0): {None: True}}


def test_others_cannot_read_the_files(tmp_path: Path) -> None:
    """They hold what callers sent."""
    folder = Folder(tmp_path)
    folder.write("plain", "now", b"rows")
    folder.append("today", b"{}")

    assert {path.stat().st_mode & 0o007 for path in tmp_path.glob("*/*")} == {0}


def test_a_sample_is_a_share_of_the_requests(tmp_path: Path, contract: Interface) -> None:
    """With all of their records."""
    log, lost = unwritten(tmp_path, sample=0.5)
    for number in range(400):
        log.add(str(number), "plain", answered(contract, 2))
    log.work()
    rows = logged(tmp_path, "plain")

    assert not lost
    assert 120 < len(rows) / 2 < 280
    assert len({row["id"] for row in rows}) == len(rows) / 2


def test_the_oldest_files_go_when_they_are_too_old_or_too_many(tmp_path: Path) -> None:
    """And what a process that died left unfinished; nothing else that lies there."""
    folder = Folder(tmp_path)
    for age, name in enumerate(["c.parquet", "b.jsonl", "a.parquet", ".dead.tmp", "other.txt"]):
        path = tmp_path / "plain" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 10)
        os.utime(path, (10_000 - 2000 * age, 10_000 - 2000 * age))

    assert [path.name for path in folder.prune(10_000, 100, 3000)] == [".dead.tmp", "a.parquet"]
    assert [path.name for path in folder.prune(10_000, 15, 3000)] == ["b.jsonl"]
    assert sorted(path.name for path in (tmp_path / "plain").iterdir()) == ["c.parquet", "other.txt"]
