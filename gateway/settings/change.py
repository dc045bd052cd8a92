"""What differs between two settings, and whether a gateway that runs can take it over."""

from typing import Any

from pydantic import BaseModel

from gateway.settings.settings import Settings, SettingsError

AT_RUN_TIME = {
    "backends",
    "routes",
    "default",
    "root_path",
    "cors_origins",
    "trusted_proxies",
    "timeout_s",
    "max_rows",
    "refresh_s",
    "ready_after_s",
}
"""What can change while the gateway runs: all that is read out of the settings of the gateway that answers a request.
All else is what sockets, servers and logs were made with."""


def changed_keys(old: Settings, new: Settings) -> list[str]:
    """Name the keys that differ; raises SettingsError where one of them is for a new process."""
    keys = different(old, new)
    fixed = [key for key in keys if key.split(".")[0] not in AT_RUN_TIME]
    if fixed:
        raise SettingsError(f"{', '.join(fixed)} cannot change while the gateway runs: restart it")
    return keys


def different(old: Any, new: Any, at: str = "") -> list[str]:
    """Name the places where two settings, or parts of them, differ."""
    sides = [dict(side) for side in (old, new) if isinstance(side, (BaseModel, dict))]
    if len(sides) < 2:
        return [] if old == new else [at]
    return [
        key
        for name in dict.fromkeys([*sides[0], *sides[1]])
        for key in different(sides[0].get(name), sides[1].get(name), f"{at}.{name}".lstrip("."))
    ]
