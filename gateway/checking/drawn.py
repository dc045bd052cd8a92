"""Trees as text."""

from collections.abc import Iterator

from gateway.settings.tree import Node


def drawn(tree: Node) -> str:
    """Draw a tree, one plan a line."""
    return "".join(f"{line}\n" for line in (line_of(tree), *below(tree, "")))


def below(tree: Node, indent: str) -> Iterator[str]:
    """Yield the lines of all branches."""
    for number, branch in enumerate(tree.branches, 1):
        last = number == len(tree.branches)
        yield f"{indent}{'└── ' if last else '├── '}{line_of(branch)}"
        yield from below(branch, f"{indent}{'    ' if last else '│   '}")


def line_of(node: Node) -> str:
    """Say what a plan is to the one above it, what it is called, and what it does."""
    label = f"{node.label}: " if node.label else ""
    kind = "" if node.kind == "model" else f" ({' '.join(filter(None, (node.kind, node.told)))})"
    return f"{label}{node.name}{kind}"
