"""Plans as text: trees, in which each route is drawn once."""

from collections.abc import Iterator, Mapping

from gateway.settings import RouteSettings
from gateway.settings.tree import Node, branches_of, node_of

AGAIN = ", see above"
"""Stands for the branches of a route that has been drawn, as `(*)` does for `cargo tree`: the ways may be millions."""


class Drawing:
    """Draw routes, one plan a line."""

    def __init__(self, routes: Mapping[str, RouteSettings]) -> None:
        self.routes = routes
        self.done: set[str] = set()

    def of(self, name: str) -> str:
        """Draw a route, and below it what was not drawn before."""
        return "".join(f"{line}\n" for line in self.lines(node_of(name, self.routes), "", ""))

    def lines(self, node: Node, indent: str, below: str) -> Iterator[str]:
        """Yield the line of a plan, indented, and those of its branches, with what stands `below` its own indent."""
        branches = branches_of(node.name, self.routes)
        if node.name in self.done:
            yield f"{indent}{line_of(node)}{AGAIN}"
            return
        yield f"{indent}{line_of(node)}"
        if branches:
            self.done.add(node.name)
        for number, branch in enumerate(branches, 1):
            first, more = ("└── ", "    ") if number == len(branches) else ("├── ", "│   ")
            yield from self.lines(branch, below + first, below + more)


def line_of(node: Node) -> str:
    """Say what a plan is to the one above it, what it is called, and what it does."""
    label = f"{node.label}: " if node.label else ""
    kind = "" if node.kind == "model" else f" ({' '.join(filter(None, (node.kind, node.told)))})"
    return f"{label}{node.name}{kind}"
