"""The console's JSON: what is served and how it is, live figures, the last requests, and a record that is tried."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from benchmarks.ports import free_ports
from gateway.account.access import ENCODER, AccessRecord
from gateway.account.recent import MOST, Recent
from gateway.console import Live
from gateway.console.figures import quantile_ms
from gateway.console.live import MOST_READERS
from gateway.console.router import router
from gateway.gateway import Gateway, open_gateway
from gateway.settings import Settings
from tests.conftest import ROOT
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.serving import running_gateway, wait_until

BOTH = {"instances": [{**PLAIN, **MIXED}] * 2}
PATHS = ("/", "/console/state", "/console/stream", "/console/models/plain", "/console/requests", "/console/try/plain")


@pytest.fixture(name="admin")
def its_admin(client: httpx.Client) -> Iterator[httpx.Client]:
    """Give a client of the admin side."""
    with admin_of(client) as admin:
        yield admin


def admin_of(client: httpx.Client) -> httpx.Client:
    """Make a client of a gateway's admin side."""
    return httpx.Client(base_url=client.headers["x-admin"], timeout=20)


def events(admin: httpx.Client) -> Iterator[dict[str, Any]]:
    """Read the stream, for at most ten events."""
    with admin.stream("GET", "/console/stream") as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        number = 0
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))
                number += 1
            if number == 10:
                return


def of_id(admin: httpx.Client, request_id: str) -> dict[str, Any]:
    """Give a request of the last ones."""
    (found,) = [one for one in admin.get("/console/requests").json()["requests"] if one["id"] == request_id]
    return dict(found)


def test_the_state_names_the_replica_its_routes_and_its_models(client: httpx.Client, admin: httpx.Client) -> None:
    """Whoever looks knows whose figures these are, what is served, and by which versions."""
    state = admin.get("/console/state").json()
    versions = {model["name"]: model["version"] for model in state["models"]}

    assert state["replica"]
    assert (state["ready"], state["draining"], state["default"]) == (True, False, "both")
    assert [route["name"] for route in state["routes"]] == ["plain", "mixed", "both"]
    assert {model["name"]: model["ready"] for model in state["models"]} == {"plain": True, "mixed": True}
    assert versions == {name: client.get(f"/v1/models/{name}").json()["version"] for name in versions}


def test_the_stream_tells_rates_and_the_requests_that_came(client: httpx.Client, admin: httpx.Client) -> None:
    """A request while somebody looks is in the figures of its route and its models, and in one event as a record."""
    told: list[dict[str, Any]] = []
    records: list[str] = []
    for event in events(admin):
        records += [record["id"] for record in event["records"]]
        told.append(event)
        if event["routes"]["both"]["rate"] and "streamed" in records:
            break
        client.post("/v1/predict", json=BOTH, headers={"x-request-id": "streamed"})
    last = told[-1]

    assert last["routes"]["both"]["p50_ms"] > 0
    assert last["routes"]["both"]["failed"] == 0
    assert last["models"]["plain"]["rows"] > 0
    assert last["models"]["plain"]["call_ms"] > 0
    assert last["models"]["plain"]["ready"] is True
    assert told[0]["records"] == []


def test_refusals_are_told_apart_from_failures(client: httpx.Client, admin: httpx.Client) -> None:
    """What callers did wrong is no failure of the route."""
    for event in events(admin):
        if event["routes"]["plain"]["refused"]:
            break
        client.post("/v1/models/plain:predict", json={"instances": [{}]})

    assert (event["routes"]["plain"]["refused"], event["routes"]["plain"]["failed"]) == (1, 0)


def test_a_request_tells_the_way_that_it_took(client: httpx.Client, admin: httpx.Client) -> None:
    """Each call with its rows and its milliseconds, and what was left of the deadline; no body, no answer."""
    headers = {"x-request-id": "its-way", "x-request-timeout-ms": "5000"}
    client.post("/v1/predict", json=BOTH, headers=headers)
    told = of_id(admin, "its-way")

    assert [(call["model"], call["rows"], call["requests"]) for call in told["calls"]] == [
        ("plain", 2, 1),
        ("mixed", 2, 1),
    ]
    assert all(0 < call["compute_ms"] < call["call_ms"] for call in told["calls"])
    assert told["deadline_ms"] == pytest.approx(5000, abs=1)
    assert told["left_ms"] == pytest.approx(5000 - told["ms"]["total"], abs=1)
    assert not {"instances", "predictions", "body"} & told.keys()


def test_a_request_tells_whether_the_prediction_log_keeps_it(client: httpx.Client, admin: httpx.Client) -> None:
    """So its records and answers can be found by its id; what was refused is not kept."""
    client.post("/v1/predict", json=BOTH, headers={"x-request-id": "in-the-log"})
    client.post("/v1/models/plain:predict", json={"instances": [{}]}, headers={"x-request-id": "not-in-it"})

    assert admin.get("/console/state").json()["keeps"] is True
    assert of_id(admin, "in-the-log")["kept"] is True
    assert of_id(admin, "not-in-it")["kept"] is False


def test_a_refused_request_tells_why(client: httpx.Client, admin: httpx.Client) -> None:
    """A record that breaks the contract, a model that is not there."""
    client.post("/v1/models/plain:predict", json={"instances": [{}]}, headers={"x-request-id": "refused"})
    told = of_id(admin, "refused")

    assert (told["status"], told["reason"], told["calls"]) == (422, "invalid_record", [])


def test_probes_are_no_requests_to_look_at(client: httpx.Client, admin: httpx.Client) -> None:
    """Only what names a model or a route is kept."""
    client.get("/v1/models")
    admin.get("/readyz")

    assert not [one for one in admin.get("/console/requests").json()["requests"] if one["route"].startswith("/")]


def test_what_is_tried_is_answered_as_on_the_public_side(client: httpx.Client, admin: httpx.Client) -> None:
    """The same predictions, the same pointers, the same header of times."""
    tried = admin.post("/console/try/both", json=BOTH)
    wrong = admin.post("/console/try/plain", json={"instances": [{**PLAIN, "width": "wide"}]})

    assert tried.json()["predictions"] == client.post("/v1/predict", json=BOTH).json()["predictions"]
    assert "call.plain;dur=" in tried.headers["server-timing"]
    assert wrong.status_code == 422
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["/instances/0/width"]
    assert admin.post("/console/try/nope", json=BOTH).json()["reason"] == "unknown_name"
    assert admin.get("/console/try/both").status_code == 405


def test_a_model_tells_its_contract_its_profile_and_its_report(admin: httpx.Client, stored_mixed: Path) -> None:
    """What training stored; a report is shown as a page that may do nothing."""
    model = admin.get("/console/models/mixed").json()
    report = admin.get("/console/models/mixed/report")

    assert model["contract"] == json.loads((stored_mixed / "contract.json").read_text())
    assert model["profile"] == json.loads((stored_mixed / "profile.json").read_text())
    assert report.text == (stored_mixed / "report.html").read_text()
    assert report.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert admin.get("/console/models/both").json()["reason"] == "unknown_name"


@pytest.mark.parametrize("name", ["nothing.js", "..%2frouter.py", "router.py", "%2e%2e", "index.html%00.js"])
def test_only_files_of_the_page_are_given(admin: httpx.Client, name: str) -> None:
    """Whatever is asked for."""
    assert admin.get(f"/console/page/{name}").status_code == 404


def test_the_page_may_ask_nobody_else(admin: httpx.Client) -> None:
    """Its policy allows its own origin only, and nothing inline."""
    policy = admin.get("/").headers["content-security-policy"]

    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy


FOREIGN = [
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "origin": "http://127.0.0.1:1"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
    {"origin": "https://elsewhere.example"},
    {"origin": "null"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=["cross-site", "same-site", "form", "origin", "sandbox"])
def test_the_page_of_another_site_may_not_ask(admin: httpx.Client, headers: dict[str, str]) -> None:
    """Whoever can reach the admin side may look at other pages too; no model is asked for those."""
    refused = admin.post("/console/try/plain", json={"instances": [PLAIN]}, headers={**headers, "x-request-id": "csrf"})

    assert (refused.status_code, refused.json()["reason"]) == (403, "foreign_page")
    assert not [one for one in admin.get("/console/requests").json()["requests"] if one["id"] == "csrf"]


def test_the_page_of_another_site_takes_no_place_of_a_reader(admin: httpx.Client) -> None:
    """Its streams would be all that there may be."""
    refused = admin.get("/console/stream", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"})

    assert refused.status_code == 403


def test_its_own_page_a_link_and_programs_may_ask(admin: httpx.Client) -> None:
    """What browsers send of the page itself, of an address that is typed, and of a link; programs send nothing."""
    origin = str(admin.base_url).rstrip("/")
    record = {"instances": [PLAIN]}
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}

    assert admin.post("/console/try/plain", json=record, headers={"origin": origin}).status_code == 200
    own = {"sec-fetch-site": "same-origin", "origin": "https://a-proxy.example"}
    assert admin.post("/console/try/plain", json=record, headers=own).status_code == 200
    assert admin.get("/", headers={"sec-fetch-site": "none"}).status_code == 200
    assert admin.get("/", headers=link).status_code == 200
    assert admin.get("/metrics").status_code == 200


def test_switched_off_there_is_no_console(tmp_path: Path, ports: dict[str, int]) -> None:
    """Every path is unknown; health and metrics stay."""
    with running_gateway(tmp_path, settings_of(ports), GATEWAY_CONSOLE="false") as client:
        admin = client.headers["x-admin"]
        statuses = {path: httpx.get(f"{admin}{path}").status_code for path in PATHS}
        posted = httpx.post(f"{admin}/console/try/plain", json={"instances": [PLAIN]}).status_code

        assert set(statuses.values()) == {404}
        assert posted in (404, 405)
        assert httpx.get(f"{admin}/metrics").status_code == 200


def test_a_model_that_goes_is_seen_within_seconds(tmp_path: Path, ports: dict[str, int]) -> None:
    """It is not ready any more, and a request that failed by it says so."""
    (gone,) = free_ports(1)
    settings = settings_of({**ports, "plain": gone}, ready_after_s=0)
    with running_gateway(tmp_path, settings) as client, admin_of(client) as admin:
        wait_until(lambda: client.get("/v1/models/mixed").status_code == 200)
        client.post("/v1/models/plain:predict", json={"instances": [PLAIN]}, headers={"x-request-id": "gone"})
        told = of_id(admin, "gone")
        seen = ({name: model["ready"] for name, model in event["models"].items()} for event in events(admin))
        ready = next(one for one in seen if None not in one.values())

    assert (told["reason"], told["failed"]) == ("backend_unknown", "plain")
    assert ready == {"plain": False, "mixed": True}


def test_a_stream_does_not_hold_up_the_end(tmp_path: Path, ports: dict[str, int]) -> None:
    """The gateway ends at once, and well, though somebody looks: `running_gateway` waits ten seconds of thirty."""
    with contextlib.ExitStack() as after, running_gateway(tmp_path, settings_of(ports)) as client:
        answer = after.enter_context(httpx.stream("GET", f"{client.headers['x-admin']}/console/stream", timeout=20))
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith("data: "))

    assert answer.is_closed


def test_a_reader_that_leaves_ends_the_work(admin: httpx.Client) -> None:
    """The task that made events for it is gone, with its own."""

    def tasks() -> float:
        (told,) = re.findall(r"^bentogate_tasks (\S+)$", admin.get("/metrics").text, re.MULTILINE)
        return float(told)

    before = tasks()
    with admin.stream("GET", "/console/stream") as answer:
        lines = answer.iter_lines()  # which ends with the last who holds it
        assert next(line for line in lines if line.startswith("data: "))
        assert wait_until(lambda: tasks() >= before + 2)

    assert wait_until(lambda: tasks() <= before)


@contextlib.asynccontextmanager
async def opened(ports: dict[str, int]) -> AsyncIterator[Gateway]:
    """Open a gateway in this process."""
    settings = Settings(**settings_of(ports), access_log=False)
    async with open_gateway(settings) as gateway:
        yield gateway


@pytest.mark.anyio
async def test_without_a_reader_nothing_is_done(ports: dict[str, int]) -> None:
    """The first reader begins it, the last one ends it, and there are only so many."""
    async with opened(ports) as gateway:
        live = Live(lambda: gateway)
        assert live.task is None
        with contextlib.ExitStack() as stack:
            for _ in range(MOST_READERS):
                stack.enter_context(live.reading())
            with pytest.raises(Exception, match="look at the console"):
                stack.enter_context(live.reading())
            event = await asyncio.wait_for(live.next(), 30)
            assert event is not None
            assert json.loads(event)["models"].keys() == ports.keys()
        assert live.task is None
        assert live.readers == 0


def test_only_the_last_requests_are_kept() -> None:
    """Memory is bounded, and numbers go on."""
    recent = Recent()
    for _ in range(MOST + 10):
        recent.add((ENCODER.encode(seen()), [], 1.0, False))

    assert recent.number == MOST + 10
    assert len(recent.after(0)) == MOST
    assert [one["number"] for one in recent.after(MOST + 7)] == [MOST + 10, MOST + 9, MOST + 8]
    assert len(recent.after(0, 5)) == 5


def seen() -> AccessRecord:
    """Give a record."""
    return AccessRecord(datetime(2026, 1, 1, tzinfo=UTC), "a", "plain", "", 200, None, 1, {"total": 2.0}, {}, {})


@pytest.mark.parametrize(
    ("buckets", "which", "expected"),
    [([0] * 19, 0.5, None), ([4, 0], 0.5, 0.25), ([0, 10], 0.5, 0.75), ([1] * 18 + [0], 1.0, 30_000.0)],
)
def test_quantiles_are_those_of_prometheus(buckets: list[int], which: float, expected: float | None) -> None:
    """Linear within a bucket, and nothing of nothing."""
    assert quantile_ms(buckets, which) == expected


def test_every_path_of_the_console_is_listed() -> None:
    """docs/operations.md names each."""
    text = (ROOT / "docs" / "operations.md").read_text()
    listed = set(re.findall(r"`(?:GET|POST) (/(?:console[^`]*)?)`", text))
    own = {getattr(route, "path", "") for route in router.routes} - {"/console/page/{name}"}

    assert listed >= own | {"/console/stream", "/console/try/{route}"}


def test_a_gateway_without_a_console_keeps_no_requests(ports: dict[str, int]) -> None:
    """What nobody can look at is not kept."""

    async def kept() -> Any:
        async with open_gateway(Settings(**settings_of(ports), access_log=False, console=False)) as gateway:
            assert isinstance(gateway, Gateway)
            return gateway.process.recent

    assert asyncio.run(kept()) is None
