"""What a running gateway says that it serves."""

from collections.abc import Mapping
from typing import Any

import msgspec

from contract import ContractError, Interface
from gateway.connecting import Unreachable, get

TIMEOUT_S = 10.0

OF_MODELS = {"name", "known", "reason", "refused", "features", "outputs", "versions", "changed"}
"""What is told of a route that follows from its models, and not from the settings."""

Entries = dict[str, dict[str, Any]]


class Unanswered(Exception):
    """Report that nobody said what is served; the message says why."""


class Served(msgspec.Struct, frozen=True):
    """Hold the document of `GET /v1/models`."""

    default: str
    models: list[dict[str, Any]]

    @property
    def entries(self) -> Entries:
        """Give the entries of models and routes, by their names."""
        return {entry["name"]: entry for entry in self.models}

    @property
    def contracts(self) -> dict[str, Interface]:
        """Give the contracts of the models that have told one; raises Unanswered where one is none."""
        found = {}
        for entry in self.models:
            if entry["kind"] == "model" and entry["known"]:
                try:
                    found[entry["name"]] = msgspec.convert(entry, Interface)
                except (msgspec.ValidationError, ContractError) as exc:
                    raise Unanswered(f"what is told of {entry['name']} is no contract: {exc}") from exc
        return found


def ask(url: str) -> Served:
    """Ask a gateway; raises Unanswered."""
    try:
        status, body = get(url, "/v1/models", TIMEOUT_S)
    except Unreachable as exc:
        raise Unanswered(f"{url} does not answer: {exc}") from exc
    if status != 200:
        raise Unanswered(f"{url} lists no models ({status}): it is to be the public side of a gateway")
    try:
        served = msgspec.json.decode(body, type=Served)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise Unanswered(f"{url} is no gateway: {exc}") from exc
    if not all({"name", "kind", "known"} <= entry.keys() for entry in served.models):
        raise Unanswered(f"{url} is no gateway: it names models without a kind")
    return served


def by_settings(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Give what an entry of a route says that follows from the settings."""
    return {key: value for key, value in entry.items() if key not in OF_MODELS}
