"""After a roll-out the gateway is asked for a prediction of the examples of its own features."""

from pathlib import Path

import pytest

from benchmarks.ports import free_ports
from deploy.ask import ask
from deploy.commands import DeployError
from tests.serving import model_app, running_gateway, served


def settings(port: int) -> dict[str, object]:
    """Give the settings of a gateway in front of one model."""
    return {"backends": {"mixed": {"url": f"http://127.0.0.1:{port}"}}, "default": "mixed", "ready_after_s": 0}


def test_the_answer_is_shown(tmp_path: Path, stored_mixed: Path) -> None:
    """Whatever the model takes: nothing here knows its features."""
    with served(model_app(stored_mixed)) as port, running_gateway(tmp_path, settings(port)) as client:
        answer = ask(str(client.base_url))

    assert answer["predictions"][0]["label"] in ("no", "yes")
    assert answer["models"] == {"mixed": {"version": stored_mixed.name}}


def test_a_proxy_of_the_environment_is_not_asked(
    tmp_path: Path, stored_mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forwarded port is one of this machine, which no proxy reaches."""
    with served(model_app(stored_mixed)) as port, running_gateway(tmp_path, settings(port)) as client:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_ports(1)[0]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        assert ask(str(client.base_url))["predictions"]


def test_a_gateway_without_its_model_is_told(tmp_path: Path) -> None:
    """With the gateway's own words."""
    settings_of_nothing = settings(free_ports(1)[0])
    with (
        running_gateway(tmp_path, settings_of_nothing, wait="/livez") as client,
        pytest.raises(DeployError, match="mixed"),
    ):
        ask(str(client.base_url))


def test_no_gateway_is_told() -> None:
    """As a sentence and not as a traceback."""
    with pytest.raises(DeployError, match="the gateway gives no answer"):
        ask(f"http://127.0.0.1:{free_ports(1)[0]}")
