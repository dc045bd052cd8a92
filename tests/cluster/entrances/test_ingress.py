"""The Ingress: a cookie that keeps a caller at its pod, and no password in the clear."""

import contextlib
from pathlib import Path

import httpx
import pytest

from tests.cluster.entrances.entrance import ADA, BODY, PREDICT, Entrance, predict
from tests.cluster.entrances.pods import Pod
from tests.serving import wait_until


def sent_to(entrance: Entrance, pod: Pod, stack: contextlib.ExitStack) -> httpx.Client:
    """Give a caller whose cookie names a pod."""

    def came(caller: httpx.Client) -> bool:
        caller.cookies.clear()
        before = pod.answered()
        return predict(caller) == 200 and pod.answered() > before

    caller = stack.enter_context(entrance.caller())
    wait_until(lambda: came(caller))
    return caller


def test_a_cookie_keeps_a_caller_at_its_pod(ingress: Entrance) -> None:
    """Callers of both pods each stay at theirs over many requests, and get no second cookie."""
    with contextlib.ExitStack() as stack:
        callers = [sent_to(ingress, pod, stack) for pod in ingress.pods]
        before = [pod.answered() for pod in ingress.pods]
        for number, caller in enumerate(callers, start=1):
            answers = [caller.post(PREDICT, json=BODY) for _ in range(10 * number)]

            assert not any("set-cookie" in answer.headers for answer in answers)

    assert [pod.answered() for pod in ingress.pods] == [before[0] + 10, before[1] + 20]


def test_the_cookie_is_for_the_prefix_and_for_https_only(ingress: Entrance) -> None:
    """It has the name and the path of the manifest, and neither scripts nor other sites get it."""
    with ingress.caller() as caller:
        name, *attributes = caller.post(PREDICT, json=BODY).headers["set-cookie"].split("; ")

    assert name.startswith("ml-inference=")
    assert sorted(attributes) == ["HttpOnly", "Path=/inference", "SameSite=Lax", "Secure"]


def test_a_caller_of_a_pod_that_drains_stays_until_it_is_gone(ingress: Entrance) -> None:
    """While the pod ends and still serves it answers those who have its cookie; then another pod does."""
    pod, other = ingress.pods
    with contextlib.ExitStack() as stack:
        caller = sent_to(ingress, pod, stack)
        with ingress.out_of_service(pod, serving=True):
            before = pod.answered()
            draining = [predict(caller) for _ in range(5)]

            assert (draining, pod.answered()) == ([200] * 5, before + 5)
        with ingress.out_of_service(pod, serving=False):
            before = other.answered()
            gone = [predict(caller) for _ in range(5)]

            assert (gone, other.answered()) == ([200] * 5, before + 5)


def test_the_cookie_of_a_pod_that_was_lost_is_replaced(ingress: Entrance, tmp_path: Path) -> None:
    """Its caller is answered by another pod once the lost one is no longer listed, and stays at that one."""
    with contextlib.ExitStack() as stack:
        with ingress.third_pod(tmp_path / "pod") as (pod, process):
            caller = sent_to(ingress, pod, stack)
            lost = caller.cookies["ml-inference"]
            process.close()
        wait_until(lambda: predict(caller) == 200)
        found = caller.cookies["ml-inference"]
        statuses = [predict(caller) for _ in range(5)]

    assert found != lost
    assert (statuses, caller.cookies["ml-inference"]) == ([200] * 5, found)


@pytest.mark.parametrize("auth", [ADA, None], ids=["right", "none"])
def test_plain_http_is_sent_to_https_unread(ingress: Entrance, auth: tuple[str, str] | None) -> None:
    """The redirect keeps method and path, and comes before anybody looks at a password."""
    before = [pod.answered() for pod in ingress.pods]
    answer = httpx.post(f"{ingress.plain_url}{PREDICT}", json=BODY, auth=auth)

    assert (answer.status_code, answer.headers["location"]) == (308, f"https://localhost{PREDICT}")
    assert "set-cookie" not in answer.headers
    assert [pod.answered() for pod in ingress.pods] == before
