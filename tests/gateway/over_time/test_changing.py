"""The file of the settings changes while the gateway runs: a good change costs no request, a bad one nothing at all."""

import contextlib
import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from open_inference.grpc import protocol

from benchmarks.ports import free_ports
from gateway.settings import Settings, SettingsError
from gateway.settings.change import changed_keys
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.gateway.grpc_client import connected
from tests.gateway.test_joining import Gated
from tests.serving import model_app, running_gateway, served, wait_until

RECORDS = [{**PLAIN, "width": 1.0 + caller, "height": 8.0 - caller / 2} for caller in range(8)]
"""One for each caller, so that no answer can be taken for another's."""


PAUSE_S = 0.01
"""Between two requests of a caller: the load is to be steady, and not the most that there can be."""


class Load:
    """Ask one model from several callers, each over a connection of its own, and keep what is not right."""

    def __init__(self, client: httpx.Client) -> None:
        self.url = client.base_url
        self.right = [client.post("/v1/models/plain:predict", json={"instances": [one]}).json() for one in RECORDS]
        self.answers = [0] * len(RECORDS)
        self.wrong: list[str] = []
        self.ended = threading.Event()

    def ask(self, caller: int) -> None:
        """Ask on and on with one record."""
        body, expected = {"instances": [RECORDS[caller]]}, self.right[caller]["predictions"]
        with httpx.Client(base_url=self.url, timeout=20) as client:
            while not self.ended.wait(PAUSE_S):
                try:
                    answer = client.post("/v1/models/plain:predict", json=body)
                except httpx.HTTPError as exc:
                    self.wrong.append(repr(exc))
                    continue
                if answer.status_code != 200 or answer.json()["predictions"] != expected:
                    self.wrong.append(answer.text)
                self.answers[caller] += 1

    def go_on(self) -> None:
        """Wait until each caller has had ten more answers."""
        before = list(self.answers)
        wait_until(lambda: all(now >= then + 10 for now, then in zip(self.answers, before, strict=True)), 60)


@contextlib.contextmanager
def load(client: httpx.Client) -> Iterator[Load]:
    """Run a load; at its end every answer was right."""
    asked = Load(client)
    threads = [threading.Thread(target=asked.ask, args=(caller,)) for caller in range(len(RECORDS))]
    for thread in threads:
        thread.start()
    try:
        asked.go_on()
        yield asked
        asked.go_on()
    finally:
        asked.ended.set()
        for thread in threads:
            thread.join()
    assert asked.wrong == []


def put(folder: Path, **changes: Any) -> None:
    """Change keys of the file, in one step as an editor does."""
    path = folder / "gateway.yaml"
    put_text(folder, json.dumps({**json.loads(path.read_text()), **changes}))


def put_text(folder: Path, text: str) -> None:
    """Put another file in its place."""
    (folder / "new").write_text(text)
    (folder / "new").replace(folder / "gateway.yaml")


def served_names(client: httpx.Client) -> set[str]:
    """Give the names of models and routes."""
    return {model["name"] for model in client.get("/v1/models").json()["models"]}


def metrics(client: httpx.Client) -> str:
    """Give the metrics."""
    return httpx.get(f"{client.headers['x-admin']}/metrics").text


REFUSED = "a change of the settings is refused, the old ones stay"


def wait_for(client: httpx.Client, outcome: str, times: int) -> None:
    """Wait until so many changes were taken, or refused."""
    line = f'bentogate_reloads_total{{file="settings",outcome="{outcome}"}} {times}.0'
    wait_until(lambda: line in metrics(client))


def told(folder: Path, event: str) -> list[dict[str, Any]]:
    """Give the lines of the log that tell of an event."""
    lines = (folder / "gateway.log").read_text().splitlines()
    return [json.loads(line) for line in lines if f'"event": "{event}' in line]


def refusals(folder: Path) -> list[str]:
    """Give the reasons of the changes that were refused."""
    return [line["reason"] for line in told(folder, "a change of the settings is refused, the old ones stay")]


def backend(port: int) -> dict[str, Any]:
    """Give the settings of a backend."""
    return {"url": f"http://127.0.0.1:{port}"}


def ask(client: httpx.Client, name: str, *records: dict[str, Any]) -> int:
    """Ask and give the status."""
    return client.post(f"/v1/models/{name}:predict", json={"instances": records}).status_code


def test_every_kind_of_change_is_taken_under_load(tmp_path: Path, ports: dict[str, int], stored_plain: Path) -> None:
    """A backend and a route come, a limit changes, a backend moves, a backend and a route go: no request is lost."""
    one, two = backend(ports["plain"]), backend(ports["mixed"])
    with running_gateway(tmp_path, {"backends": {"plain": one}, "default": "plain"}) as client, load(client) as asked:
        assert ask(client, "both", {**PLAIN, **MIXED}) == 404

        put(tmp_path, backends={"plain": one, "mixed": two}, routes={"both": {"ensemble": ["plain", "mixed"]}})
        wait_until(lambda: served_names(client) == {"plain", "mixed", "both"})
        assert ask(client, "mixed", MIXED) == ask(client, "both", {**PLAIN, **MIXED}) == 200
        paths = client.get("/openapi.json").json()["paths"]
        assert {"/v1/models/both:predict", "/v2/models/mixed/infer"} <= paths.keys()
        assert 'bentogate_rows_total{model="mixed"} 2.0' in metrics(client)

        assert ask(client, "plain", PLAIN, PLAIN) == 200
        put(tmp_path, max_rows=1)
        wait_until(lambda: ask(client, "plain", PLAIN, PLAIN) == 413)
        asked.go_on()

        with served(model_app(stored_plain)) as elsewhere:
            moved = {"plain": backend(elsewhere), "mixed": two}
            put(tmp_path, backends=moved)
            wait_for(client, "taken", 3)
            asked.go_on()
            put(tmp_path, backends={**moved, "plain": one})
            wait_for(client, "taken", 4)
            asked.go_on()

        put(tmp_path, backends={"plain": one}, routes={})
        wait_until(lambda: served_names(client) == {"plain"})
        assert ask(client, "mixed", MIXED) == ask(client, "both", {**PLAIN, **MIXED}) == 404
        wait_until(lambda: '"mixed"' not in metrics(client) and '"both"' not in metrics(client))
        assert f'bentogate_model_info{{model="plain",version="{stored_plain.name}"}} 1.0' in metrics(client)
        assert 'bentogate_in_flight{model="plain"}' in metrics(client)

    assert [line["changed"] for line in told(tmp_path, "took over a change of the settings")] == [
        ["backends.mixed", "routes.both"],
        ["max_rows"],
        ["backends.plain.url"],
        ["backends.plain.url"],
        ["backends.mixed", "routes.both"],
    ]


def test_a_bad_change_is_refused_with_its_reason(tmp_path: Path, ports: dict[str, int]) -> None:
    """In log and metric, as at the start; the old one serves on, and when it is put back all is well."""
    with running_gateway(tmp_path, settings_of(ports)) as client, load(client) as asked:
        path = tmp_path / "gateway.yaml"
        good = json.loads(path.read_text())
        bad: list[tuple[str, str]] = [
            ('{"backends": [', "is not YAML"),
            ("", "must hold a mapping"),
            (json.dumps({**good, "prot": 1}, indent=0), "prot is unknown"),
            (json.dumps({**good, "default": "neither"}), "default names 'neither', but there are both, mixed, plain"),
            (json.dumps({**good, "port": good["port"] + 1}), "port cannot change while the gateway runs: restart it"),
        ]
        for refused, (text, reason) in enumerate(bad, 1):
            put_text(tmp_path, text)
            wait_for(client, "refused", refused)
            wait_until(lambda: len(refusals(tmp_path)) == refused)  # noqa: B023 (the log may come after the metrics)
            assert reason in refusals(tmp_path)[-1]
            assert 'bentogate_reload_refused{file="settings"} 1.0' in metrics(client)
            asked.go_on()
        path.unlink()
        wait_until(lambda: "gateway.yaml cannot be read: No such file" in (tmp_path / "gateway.log").read_text())

        put_text(tmp_path, json.dumps(good))
        wait_until(lambda: 'bentogate_reload_refused{file="settings"} 0.0' in metrics(client))
        assert ask(client, "both", {**PLAIN, **MIXED}) == 200


def test_a_config_map_changes_by_a_link(tmp_path: Path, ports: dict[str, int]) -> None:
    """The kubelet puts the new files into a new folder, and has `..data` lead there in one step."""
    old, new = tmp_path / "..2026_1", tmp_path / "..2026_2"
    old.mkdir()
    (tmp_path / "..data").symlink_to(old.name)
    (tmp_path / "gateway.yaml").symlink_to("..data/gateway.yaml")
    with running_gateway(tmp_path, settings_of(ports)) as client, load(client):
        assert (old / "gateway.yaml").is_file()

        new.mkdir()
        text = (old / "gateway.yaml").read_text()
        (new / "gateway.yaml").write_text(text.replace('"both"', '"pair"'))
        (tmp_path / "..data_tmp").symlink_to(new.name)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")
        shutil.rmtree(old)

        wait_until(lambda: served_names(client) == {"plain", "mixed", "pair"})


def test_a_change_waits_until_a_new_backend_answers(tmp_path: Path, ports: dict[str, int], stored_mixed: Path) -> None:
    """Nobody is sent to it before; for whom it waits is told."""
    (port,) = free_ports(1)
    one = backend(ports["plain"])
    with running_gateway(tmp_path, {"backends": {"plain": one}, "default": "plain"}) as client, load(client):
        put(tmp_path, backends={"plain": one, "mixed": backend(port)}, max_rows=1)
        wait_until(lambda: "no answer from mixed" in (tmp_path / "gateway.log").read_text())
        assert served_names(client) == {"plain"}
        assert ask(client, "plain", PLAIN, PLAIN) == 200
        assert 'bentogate_reload_refused{file="settings"} 1.0' in metrics(client)

        with served(model_app(stored_mixed), port):
            wait_until(lambda: served_names(client) == {"plain", "mixed"})
            assert ask(client, "mixed", MIXED) == 200
            assert ask(client, "plain", PLAIN, PLAIN) == 413
            assert 'bentogate_reload_refused{file="settings"} 0.0' in metrics(client)


def test_a_backend_that_never_answered_is_given_up_with_its_change(tmp_path: Path, ports: dict[str, int]) -> None:
    """When the file holds another one, nothing is left of it."""
    (port,) = free_ports(1)
    one = backend(ports["plain"])
    with running_gateway(tmp_path, {"backends": {"plain": one}, "default": "plain"}) as client:
        put(tmp_path, backends={"plain": one, "typo": backend(port)})
        wait_until(lambda: 'model="typo"' in metrics(client))

        put(tmp_path, backends={"plain": one})
        wait_until(lambda: 'model="typo"' not in metrics(client))
        assert served_names(client) == {"plain"}


def test_readiness_stays(tmp_path: Path, ports: dict[str, int]) -> None:
    """A gateway that is ready without one of its models is as old after a change as before."""
    (port,) = free_ports(1)
    settings = {**settings_of({**ports, "absent": port}), "ready_after_s": 2}
    with running_gateway(tmp_path, settings) as client:
        put(tmp_path, max_rows=1)
        wait_until(lambda: ask(client, "plain", PLAIN, PLAIN) == 413)
        assert client.get("/readyz").json() == {"ready": True, "waiting_for": ["absent"]}


def test_a_request_under_way_ends_where_it_began(tmp_path: Path, ports: dict[str, int], stored_plain: Path) -> None:
    """Its model goes while it waits: it is answered, and the metrics tell of the model until then."""
    gated = Gated(model_app(stored_plain))
    with (
        served(gated) as port,
        running_gateway(tmp_path, settings_of({**ports, "plain": port})) as client,
        ThreadPoolExecutor() as pool,
    ):
        slow = pool.submit(client.post, "/v1/models/plain:predict", json={"instances": [PLAIN]})
        wait_until(lambda: gated.now)
        put(tmp_path, backends={"mixed": backend(ports["mixed"])}, routes={}, default="mixed")
        wait_until(lambda: served_names(client) == {"mixed"})
        assert 'bentogate_rows_total{model="plain"}' in metrics(client)

        gated.opened.set()
        assert slow.result().status_code == 200
        wait_until(lambda: 'model="plain"' not in metrics(client))


def test_grpc_follows_too(tmp_path: Path, ports: dict[str, int]) -> None:
    """A call of gRPC asks the newest gateway."""
    (port,) = free_ports(1)
    one, two = backend(ports["plain"]), backend(ports["mixed"])
    settings = {"backends": {"plain": one}, "default": "plain", "grpc_port": port}
    with running_gateway(tmp_path, settings) as client, connected(port) as (_, stub):
        put(tmp_path, backends={"plain": one, "mixed": two})
        wait_until(lambda: served_names(client) == {"plain", "mixed"})
        assert stub.ModelReady(protocol.ModelReadyRequest(name="mixed")).ready


def settings(**more: Any) -> Settings:
    """Give settings of one backend."""
    return Settings(**{"backends": {"one": {"url": "http://one"}}, "default": "one", **more})


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ({}, []),
        ({"backends": {"one": {"url": "http://one/"}}}, []),
        ({"backends": {"one": {"url": "http://two"}}}, ["backends.one.url"]),
        ({"backends": {"one": {"url": "http://one", "retries": {"share": 0}}}}, ["backends.one.retries.share"]),
        ({"backends": {"one": {"url": "http://one"}, "two": {"url": "http://two"}}}, ["backends.two"]),
        ({"routes": {"all": {"ensemble": ["one"]}}, "default": "all"}, ["routes.all", "default"]),
        ({"cors_origins": ("https://a.example",), "timeout_s": 20}, ["cors_origins", "timeout_s"]),
    ],
)
def test_what_differs_is_named_by_its_key(more: dict[str, Any], keys: list[str]) -> None:
    """As deep as it differs."""
    assert sorted(changed_keys(settings(), settings(**more))) == sorted(keys)


@pytest.mark.parametrize(
    "more",
    [
        {"host": "::1"},
        {"admin_port": 1},
        {"tls_dir": "/tls"},
        {"grpc_port": 1},
        {"access_log": False},
        {"max_body_mb": 1},
        {"drain_s": 1},
    ],
)
def test_what_needs_a_new_process_is_refused_by_its_key(more: dict[str, Any]) -> None:
    """With all that changes beside it: half a change is none."""
    with pytest.raises(SettingsError, match=f"^{next(iter(more))} cannot change while the gateway runs: restart it$"):
        changed_keys(settings(), settings(**more, max_rows=1))
