"""What the console says of routes: what each runs, down to its models, and whether that fits."""

import zlib
from typing import Any

import msgspec

from gateway.gateway import Gateway
from gateway.plans import misfit
from gateway.settings.tree import branches_of, node_of


def routes_of(gateway: Gateway) -> list[dict[str, Any]]:
    """Describe all routes; each model is one too. `models` are those that it may ask, at whatever depth.

    The page makes a tree of their branches.
    """
    settings = gateway.settings
    return [
        {
            **msgspec.to_builtins(node_of(plan.name, settings.routes)),
            "branches": msgspec.to_builtins(branches_of(plan.name, settings.routes)),
            "models": [member.name for member in plan.members],
            "terms": msgspec.to_builtins(plan.terms),
            "timeout_s": settings.timeouts[plan.name],
            "misfit": misfit(plan),
        }
        for plan in gateway.plans.values()
    ]


def mark_of(routes: list[dict[str, Any]]) -> int:
    """Give a number that is another when anything that is said of routes is."""
    return zlib.crc32(msgspec.json.encode(routes))
