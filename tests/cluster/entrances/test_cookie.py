"""What holds at either entrance of the cookie that keeps a caller at its pod."""

import contextlib
from pathlib import Path

import httpx

from tests.cluster.entrances.entrance import BODY, PREDICT, Entrance, predict
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


def test_a_cookie_keeps_a_caller_at_its_pod(entrance: Entrance) -> None:
    """Callers of both pods each stay at theirs over many requests, and get no second cookie."""
    with contextlib.ExitStack() as stack:
        callers = [sent_to(entrance, pod, stack) for pod in entrance.pods]
        before = [pod.answered() for pod in entrance.pods]
        for number, caller in enumerate(callers, start=1):
            answers = [caller.post(PREDICT, json=BODY) for _ in range(10 * number)]

            assert not any("set-cookie" in answer.headers for answer in answers)

    assert [pod.answered() for pod in entrance.pods] == [before[0] + 10, before[1] + 20]


def test_a_caller_that_keeps_no_cookie_is_spread_over_the_pods(entrance: Entrance) -> None:
    """Its requests come over one connection, each is offered a cookie, and both pods answer."""
    one, other = entrance.pods
    before = one.answered(), other.answered()
    answers = []
    with entrance.caller() as caller:
        for _ in range(20):
            caller.cookies.clear()
            answers.append(caller.post(PREDICT, json=BODY))

    assert {answer.status_code for answer in answers} == {200}
    assert all("set-cookie" in answer.headers for answer in answers)
    grown = one.answered() - before[0], other.answered() - before[1]
    assert (min(grown) >= 5, sum(grown)) == (True, 20)


def test_the_cookie_is_for_the_prefix_and_for_https_only(entrance: Entrance) -> None:
    """It has the name and the path of the manifest, and neither scripts nor other sites get it."""
    with entrance.caller() as caller:
        name, *attributes = caller.post(PREDICT, json=BODY).headers["set-cookie"].split("; ")

    assert name.startswith("ml-inference=")
    assert sorted(attributes) == ["HttpOnly", "Path=/inference", "SameSite=Lax", "Secure"]


def test_a_caller_of_a_pod_that_drains_stays_until_it_is_gone(entrance: Entrance) -> None:
    """While the pod ends and still serves it answers those who have its cookie; then another pod does."""
    pod, other = entrance.pods
    with contextlib.ExitStack() as stack:
        caller = sent_to(entrance, pod, stack)
        with entrance.out_of_service(pod, serving=True):
            before = pod.answered()
            draining = [predict(caller) for _ in range(5)]

            assert (draining, pod.answered()) == ([200] * 5, before + 5)
        with entrance.out_of_service(pod, serving=False):
            before = other.answered()
            gone = [predict(caller) for _ in range(5)]

            assert (gone, other.answered()) == ([200] * 5, before + 5)


def test_the_cookie_of_a_pod_that_was_lost_is_replaced(entrance: Entrance, tmp_path: Path) -> None:
    """Its caller gets 502 only while the lost pod is listed; then another pod answers, and keeps the caller."""
    with contextlib.ExitStack() as stack:
        with entrance.third_pod(tmp_path / "pod") as (pod, process):
            caller = sent_to(entrance, pod, stack)
            lost = caller.cookies["ml-inference"]
            process.close()
            listed = predict(caller)
        wait_until(lambda: predict(caller) == 200)
        found = caller.cookies["ml-inference"]
        statuses = [predict(caller) for _ in range(5)]

    assert listed == 502
    assert found != lost
    assert (statuses, caller.cookies["ml-inference"]) == ([200] * 5, found)
