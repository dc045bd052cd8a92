"""What the gateway says of itself: models, documentation, health and metrics."""

import re
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from gateway.errors import GatewayError
from tests.gateway.conftest import MIXED, PLAIN, settings_of
from tests.serving import running_gateway

HOSTS = re.compile(r"""(?:src|href|url)\s*[=:(]\s*["']?(?:https?:)?//""")


def test_every_model_and_route_is_listed(client: httpx.Client, stored_plain: Path) -> None:
    """Features, outputs, version, metrics with their bars, and what serves."""
    body = client.get("/v1/models").json()
    models = {model["name"]: model for model in body["models"]}

    assert body["default"] == "both"
    assert set(models) == {"plain", "mixed", "both"}
    assert models["plain"]["version"] == stored_plain.name
    assert models["plain"]["metrics"]["roc_auc"]["at_least"] == 0.9
    assert models["both"]["members"] == ["plain", "mixed"]
    assert [feature["name"] for feature in models["both"]["features"]] == [*PLAIN, *MIXED]


def test_one_model_says_whether_it_is_ready(client: httpx.Client) -> None:
    """The question reaches the model itself."""
    assert client.get("/v1/models/plain").json()["ready"] is True
    assert client.get("/v1/models/nope").status_code == 404


def test_the_documentation_asks_no_other_host(client: httpx.Client) -> None:
    """The page and all that it loads come from the gateway."""
    page = client.get("/docs")
    assert page.status_code == 200
    assert not HOSTS.search(page.text)
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)

    assert loaded
    for path in loaded:
        assert client.get(path).status_code == 200


def test_the_inference_paths_are_in_the_openapi_document(client: httpx.Client) -> None:
    """With the schema of the records and examples that are good requests."""
    document = client.get("/openapi.json").json()
    for path, name in (("/v1/predict", "both"), ("/v1/models/plain:predict", "plain")):
        operation = document["paths"][path]["post"]
        content = operation["requestBody"]["content"]["application/json"]
        answer = client.post(path, json=content["example"])
        assert answer.status_code == 200
        schema = {"$ref": f"#/components/schemas/{name}_response", "components": document["components"]}
        jsonschema.validate(answer.json(), schema)
        jsonschema.validate(content["example"], {**content["schema"], "components": document["components"]})
        assert {str(kind.status) for kind in GatewayError.__subclasses__()} <= set(operation["responses"])
    infer = document["paths"]["/v2/models/mixed/infer"]["post"]
    example = infer["requestBody"]["content"]["application/json"]["example"]
    assert client.post("/v2/models/mixed/infer", json=example).status_code == 200
    record = document["components"]["schemas"]["mixed_request"]["properties"]["instances"]["items"]
    assert record["properties"]["region"]["enum"] == ["south", "east", "west", "north", None]


def test_a_problem_fits_its_schema(client: httpx.Client) -> None:
    """Every reason is a word of the list."""
    document = client.get("/openapi.json").json()
    problem = client.post("/v1/predict", json={"instances": [{}]}).json()
    jsonschema.validate(problem, {"$ref": "#/components/schemas/Problem", "components": document["components"]})

    assert problem["reason"] in document["components"]["schemas"]["Problem"]["properties"]["reason"]["enum"]


def test_both_listeners_tell_their_health(client: httpx.Client) -> None:
    """Probes may ask either."""
    for base in ("", client.headers["x-admin"]):
        assert client.get(f"{base}/livez").json() == {"live": True}
        assert client.get(f"{base}/readyz").json() == {"ready": True, "waiting_for": []}
    assert client.get("/metrics").status_code == 404


def metrics(client: httpx.Client) -> dict[str, float]:
    """Read the metrics of the admin side."""
    lines = client.get(f"{client.headers['x-admin']}/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_requests_rows_and_refusals_are_counted(client: httpx.Client, stored_plain: Path) -> None:
    """Under the names of the documentation, with labels that callers cannot invent."""
    before = metrics(client)
    client.post("/v1/models/plain:predict", json={"instances": [PLAIN] * 3})
    client.post("/v1/models/plain:predict", json={"instances": [{}]})
    client.post("/v1/models/made-up:predict", json={"instances": [PLAIN]})
    after = metrics(client)

    def grown(name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grown('bentogate_requests_total{code="200",route="plain"}') == 1
    assert grown('bentogate_requests_total{code="422",route="plain"}') == 1
    assert grown('bentogate_requests_total{code="404",route="unknown"}') == 1
    assert grown('bentogate_rows_total{model="plain"}') == 3
    assert grown('bentogate_refused_total{reason="invalid_record"}') == 1
    assert grown('bentogate_request_seconds_count{phase="total",route="plain"}') == 2
    assert after[f'bentogate_model_info{{model="plain",version="{stored_plain.name}"}}'] == 1
    assert not any("made-up" in name for name in after)


@pytest.mark.parametrize("origins", [[], ["https://app.example"]])
def test_cors_is_off_unless_set(tmp_path: Path, ports: dict[str, int], origins: list[str]) -> None:
    """A browser of another origin is let in only by name, and then its page may read the headers of the answer."""
    more: dict[str, Any] = {"cors_origins": origins} if origins else {}
    headers = {"origin": "https://app.example", "access-control-request-method": "POST"}
    with running_gateway(tmp_path, settings_of(ports, **more)) as client:
        allowed = client.options("/v1/predict", headers=headers).headers.get("access-control-allow-origin")
        answered = client.post("/v1/models/plain:predict", json={"instances": [PLAIN]}, headers=headers)

    assert allowed == (origins[0] if origins else None)
    assert answered.headers.get("access-control-allow-origin") == (origins[0] if origins else None)
    assert answered.headers.get("access-control-expose-headers") == (
        "x-request-id, server-timing, inference-header-content-length, retry-after" if origins else None
    )


def test_links_know_the_prefix_of_a_proxy(tmp_path: Path, ports: dict[str, int]) -> None:
    """Behind `/ml` the page asks for its files and its document under `/ml`, where a proxy finds them."""
    with running_gateway(tmp_path, settings_of(ports, root_path="/ml")) as client:
        page = client.get("/docs").text
        links = re.findall(r"""(?:src=|href=|url: )["']([^"']+)["']""", page)
        statuses = {link: client.get(link.removeprefix("/ml")).status_code for link in links}

    assert "/ml/openapi.json" in links
    assert all(link.startswith("/ml/") for link in links)
    assert set(statuses.values()) == {200}, statuses


@pytest.mark.parametrize("prefix", ["", "/ml"])
def test_failures_name_the_path_without_the_prefix(tmp_path: Path, ports: dict[str, int], prefix: str) -> None:
    """Each has the form of its half of the interface, whatever the prefix is."""
    with running_gateway(tmp_path, settings_of(ports, root_path=prefix)) as client:
        v1, v2, file = (client.get(path) for path in ("/v1/nothing", "/v2/nothing", "/static-offline-docs/nothing"))

    assert v1.json()["detail"] == "there is no path /v1/nothing"
    assert v2.json() == {"error": "there is no path /v2/nothing"}
    assert file.json()["detail"] == "there is no path /static-offline-docs/nothing"
