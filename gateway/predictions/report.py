"""The report of a log: one set of tables, as text and as one HTML page."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from gateway.predictions.judged import Judged, by_value, interval, of_numbers

STYLE = """:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:48rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}
th,td{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid #8884}
th:first-child,td:first-child{text-align:left}
svg{width:14rem;height:14rem}
h2 code{font-size:.8em;opacity:.7}"""


class Table(NamedTuple):
    """Hold a table with a title."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def title_of(one: Judged) -> str:
    """Say what a version is judged by."""
    known = max(
        [sum(pairs.values()) for pairs in one.pairs.values()] + [len(its) for its in one.numbers.values()] + [0]
    )
    spans = f", {one.first:%Y-%m-%d %H:%M} to {one.last:%Y-%m-%d %H:%M} UTC" if one.first and one.last else ""
    return f"{one.rows} rows, the truth is known of {known}{spans}"


def tables_of(one: Judged) -> list[Table]:
    """Give all that is known of a version."""
    tables = []
    for output, pairs in one.pairs.items():
        rows, right = sum(pairs.values()), sum(count for (answer, truth), count in pairs.items() if answer == truth)
        low, high = interval(right, rows)
        title = f"{output}: accuracy {right / rows:.3f} (95 %: {low:.3f} to {high:.3f})"
        cells = [
            [str(value), share(precision), share(recall), str(true)]
            for value, precision, recall, true in by_value(pairs)
        ]
        tables.append(Table(title, ("value", "precision", "recall", "true"), cells))
    for score, its in one.calibrations.items():
        title = f"{score} of {its.value}: Brier {its.brier:.3f}, expected calibration error {its.error:.3f}"
        cells = [
            [
                f"{index / 10:.1f} to {(index + 1) / 10:.1f}",
                share(part.predicted / part.rows),
                share(part.observed / part.rows),
                str(part.rows),
            ]
            for index, part in enumerate(its.bins)
            if part.rows
        ]
        tables.append(Table(title, ("probability", "mean", "was true", "rows"), cells))
    for output, differences in one.numbers.items():
        absolute, squared, bias = of_numbers(differences)
        head = ("mean absolute error", "root mean squared error", "bias", "rows")
        tables.append(
            Table(output, head, [[f"{absolute:.4g}", f"{squared:.4g}", f"{bias:.4g}", str(len(differences))]])
        )
    return tables


def share(value: float | None) -> str:
    """Write a share; none where nothing was divided."""
    return "-" if value is None else f"{value:.3f}"


def as_text(found: Sequence[Judged]) -> str:
    """Write the report for a terminal."""
    lines = []
    for one in found:
        lines += [f"{one.contract.name} {one.contract.version}: {title_of(one)}", ""]
        for table in tables_of(one):
            widths = [max(map(len, column)) for column in zip(table.head, *table.rows, strict=True)]
            lines.append(f"  {table.title}")
            for row in (table.head, *table.rows):
                first, *others = [
                    cell.ljust(width) if not index else cell.rjust(width)
                    for index, (cell, width) in enumerate(zip(row, widths, strict=True))
                ]
                lines.append("    " + "  ".join([first, *others]))
            lines.append("")
    return "\n".join(lines) + "\n" if lines else "the log is empty\n"


def as_html(found: Sequence[Judged]) -> str:
    """Write the report as one page that loads nothing."""
    parts = []
    for one in found:
        parts.append(
            f"<h2>{escape(one.contract.name)} <code>{escape(one.contract.version)}</code></h2><p>{title_of(one)}</p>"
        )
        parts += [html_table(table) for table in tables_of(one)]
        parts += [curve(score, its) for score, its in curves_of(one)]
    body = "\n".join(parts) or "<p>the log is empty</p>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Live predictions</title><style>{STYLE}</style><h1>Live predictions</h1>\n{body}\n</html>\n"
    )


def html_table(table: Table) -> str:
    """Write one table."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<h3>{escape(table.title)}</h3><table><tr>{head}</tr>{rows}</table>"


def curves_of(one: Judged) -> list[tuple[str, list[tuple[float, float, int]]]]:
    """Give for each probability its points: what was predicted, what was true, and of how many rows."""
    return [
        (score, [(part.predicted / part.rows, part.observed / part.rows, part.rows) for part in its.bins if part.rows])
        for score, its in one.calibrations.items()
    ]


def curve(score: str, points: Sequence[tuple[float, float, int]]) -> str:
    """Draw what was true over what was predicted, beside what would be perfect; larger dots are of more rows."""
    most = max(rows for _, _, rows in points)
    dots = "".join(
        f'<circle cx="{100 * x:.1f}" cy="{100 - 100 * y:.1f}" r="{1 + 3 * (rows / most) ** 0.5:.1f}"/>'
        for x, y, rows in points
    )
    label = escape(f"{score}: share that was true over the probability", quote=True)
    return (
        f'<svg viewBox="-4 -4 108 108" role="img" aria-label="{label}" fill="currentColor"><path d="M0 100L100 0" '
        f'stroke="currentColor" stroke-dasharray="2" opacity=".5"/><path d="M0 0V100H100" fill="none" '
        f'stroke="currentColor"/>{dots}</svg>'
    )
