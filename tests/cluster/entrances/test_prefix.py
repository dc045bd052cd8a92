"""The prefix at either entrance: what the gateway shows under /inference, and nothing outside it."""

import json
import re

import pytest

from tests.cluster.entrances.entrance import BODY, PREDICT, Entrance

LINK = re.compile(r"""(?:href|src|url)\s*[=:]\s*["']([^"']+)""")


def test_every_link_of_the_page_leads_somewhere(entrance: Entrance) -> None:
    """The page under /inference/docs, its files and its description are found through the prefix, on this host only."""
    with entrance.caller() as caller:
        page = caller.get("/inference/docs")
        links = [page.url.join(link) for link in LINK.findall(page.text)]
        statuses = {str(link): caller.get(link).status_code for link in links}

    assert page.status_code == 200
    assert len(links) >= 4
    assert set(statuses.values()) == {200}, statuses
    assert {link.netloc for link in links} == {page.url.netloc}
    assert "/inference/openapi.json" in {link.path for link in links}


def test_the_description_describes_what_answers(entrance: Entrance) -> None:
    """Its server is the prefix, and each example that it gives is answered under that."""
    with entrance.caller() as caller:
        document = caller.get("/inference/openapi.json").json()
        (server,) = document["servers"]
        posts = {path: item["post"] for path, item in document["paths"].items() if "post" in item}
        answers = {
            path: caller.post(server["url"] + path, json=post["requestBody"]["content"]["application/json"]["example"])
            for path, post in posts.items()
        }

    assert server == {"url": "/inference"}
    assert set(posts) == {"/v1/predict", "/v1/models/plain:predict", "/v2/models/plain/infer"}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(posts, 200)


@pytest.mark.parametrize("path", ["/inference", "/inference/", "/inference/metrics", "/inference/v1/nothing"])
def test_a_path_that_the_gateway_has_not_is_its_problem_document(entrance: Entrance, path: str) -> None:
    """The bare prefix too is answered by the gateway; the admin side's paths are not shown."""
    with entrance.caller() as caller:
        answer = caller.get(path)

    assert (answer.status_code, answer.json()["reason"]) == (404, "unknown_name")
    assert answer.json()["detail"] == f"there is no path {path.removeprefix('/inference') or '/'}"


def test_the_protocol_s_failures_keep_its_form(entrance: Entrance) -> None:
    """Below /inference/v2 an error is the protocol's, as it is without the prefix."""
    with entrance.caller() as caller:
        answer = caller.get("/inference/v2/models/none")

    assert (answer.status_code, list(answer.json())) == (404, ["error"])


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/models", "/inferences/v1/models", "/readyz"])
def test_outside_the_prefix_there_is_nothing(entrance: Entrance, path: str) -> None:
    """Other paths are 404 of the controller, for callers with a password too."""
    with entrance.caller() as caller:
        answer = caller.get(path)

    assert answer.status_code == 404
    assert "json" not in answer.headers["content-type"]


def test_too_large_a_body_is_413_through_the_entrance(entrance: Entrance) -> None:
    """A body beyond max_body_mb gets the gateway's own answer, and one below it passes whole."""
    below, beyond = (json.dumps(BODY).encode() + b" " * (size * 2**20) for size in (15, 17))
    headers = {"content-type": "application/json"}
    with entrance.caller() as caller:
        passed = caller.post(PREDICT, content=below, headers=headers)
        refused = caller.post(PREDICT, content=beyond, headers=headers)

    assert passed.status_code == 200
    assert (refused.status_code, refused.json()["reason"]) == (413, "too_large")
