"""What plans tell of themselves since the process started, whatever becomes of the settings."""

import secrets
from collections.abc import Iterator
from typing import Any, Protocol, TypeVar


class Report(Protocol):
    """What one plan tells; it is made by its class alone."""

    def document(self) -> dict[str, Any]:
        """Give it as what JSON is made of."""


R = TypeVar("R", bound=Report)


class Reports:
    """Keep one report for each route, in constant memory each; `process` tells two processes at one address apart."""

    def __init__(self) -> None:
        self.process = secrets.token_hex(8)
        self.of_routes: dict[str, Report] = {}

    def of(self, route: str, kind: type[R]) -> R:
        """Give the report of a route, a new one where it had none or is of another kind now."""
        report = self.of_routes.get(route)
        if not isinstance(report, kind):
            report = self.of_routes[route] = kind()
        return report

    def all_of(self, kind: type[R]) -> Iterator[tuple[str, R]]:
        """Yield those of a kind, by their routes."""
        for route, report in self.of_routes.items():
            if isinstance(report, kind):
                yield route, report

    def forget(self, route: str) -> None:
        """Drop what was told of a route that is gone."""
        self.of_routes.pop(route, None)
