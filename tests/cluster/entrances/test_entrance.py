"""What holds at either entrance, the Ingress and the Gateway API: passwords, and pods that come and go."""

from pathlib import Path

import httpx
import pytest

from tests.cluster.entrances.entrance import ADA, BEN, BODY, PREDICT, Entrance, predict
from tests.cluster.rendered import named
from tests.serving import wait_until

WRONG = {
    "no password": None,
    "a wrong password": (ADA[0], "guessed"),
    "another's password": (ADA[0], BEN[1]),
    "an unknown name": ("eve", ADA[1]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_who_may_not_ask_is_401_on_every_path_and_reaches_no_pod(entrance: Entrance, wrong: str) -> None:
    """The challenge names the realm; a prediction, the page and the list of models are all behind it."""
    before = [pod.answered() for pod in entrance.pods]
    with entrance.caller(WRONG[wrong]) as caller:
        answers = [caller.post(PREDICT, json=BODY)]
        answers += [caller.get(f"/inference{path}") for path in ("/docs", "/v1/models", "/", "")]

    assert [answer.status_code for answer in answers] == [401] * 5
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Basic realm="inference"'}
    assert [pod.answered() for pod in entrance.pods] == before


@pytest.mark.parametrize("who", [ADA, BEN], ids=["apr1", "SHA-1"])
def test_who_may_ask_gets_predictions(entrance: Entrance, who: tuple[str, str]) -> None:
    """Each line of the Secret opens the door, over HTTPS with the certificate of the other Secret."""
    with entrance.caller(who) as caller:
        answer = caller.post(PREDICT, json=BODY)

    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["label"] in {"low", "high"}


def test_without_the_secret_nobody_gets_in(entrance: Entrance) -> None:
    """The entrance stays shut when the list of who may ask is gone, and opens again with it."""
    (secret,) = (
        one for one in entrance.api.listed("/api/v1/secrets") if one["metadata"]["name"] == "ml-inference-users"
    )
    entrance.api.delete(secret)
    try:
        wait_until(lambda: entrance.newcomers(1) != [200])
        before = [pod.answered() for pod in entrance.pods]
        with entrance.caller(None) as caller:
            shut = {predict(caller), *entrance.newcomers(4)}

        assert all(status >= 400 for status in shut)
        assert [pod.answered() for pod in entrance.pods] == before
    finally:
        entrance.api.apply(secret)
        wait_until(lambda: entrance.newcomers(1) == [200])


@pytest.mark.parametrize("serving", [False, True], ids=["not ready", "ending"])
def test_a_pod_that_is_not_ready_gets_no_newcomer(entrance: Entrance, serving: bool) -> None:
    """Neither a pod whose probe fails nor one that drains; all callers are answered by the other."""
    out, other = entrance.pods
    with entrance.out_of_service(out, serving=serving):
        before = out.answered(), other.answered()
        statuses = entrance.newcomers(10)

        assert statuses == [200] * 10
        assert (out.answered(), other.answered()) == (before[0], before[1] + 10)


def test_a_pod_that_died_costs_newcomers_nothing(entrance: Entrance, tmp_path: Path) -> None:
    """While it is still listed, a request that it refuses goes to another pod."""
    with entrance.third_pod(tmp_path / "pod") as (_, process):
        process.close()
        statuses = entrance.newcomers(12)

    assert statuses == [200] * 12


def test_the_service_has_no_way_in_past_the_passwords(entrance: Entrance) -> None:
    """Beside an entrance the Service is a ClusterIP."""
    service = named(entrance.api.listed("/api/v1/services"), "Service", "ml-inference-service")

    assert service["spec"]["type"] == "ClusterIP"


def test_another_s_certificate_would_be_noticed(entrance: Entrance) -> None:
    """A caller that trusts other authorities only gets no connection: the certificate is that of the Secret."""
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{entrance.url}{PREDICT}")
