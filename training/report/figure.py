"""How every plot of a report looks, and how it becomes part of the page."""

import io
import re
import warnings
from collections.abc import Callable
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

INK, QUIET, GOOD, BAD, LINE = "#1f2933", "#7b8794", "#2a7f9e", "#c8553d", "#d9dee4"
COLOURS = (GOOD, BAD, "#e0a030", "#7a5ea8", QUIET)
"""Of things side by side, in turn."""

Painter = Callable[[Any], None]
"""Paints on the axes that it is handed."""

STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,
    "figure.facecolor": "none",
    "figure.edgecolor": "none",
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#eef1f4",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "bentogate",
}


def draw(paint: Painter, width: float = 4.4, height: float = 3.3) -> Markup:
    """Give an SVG element of what `paint` draws on the axes that it is handed; the size is in inches."""
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # text stays text: the browser draws it
        figure = Figure(figsize=(width, height), layout="constrained")
        paint(figure.add_subplot())
        target = io.StringIO()
        # `savefig` writes the same, but lays out in a drawing of its own before: half as long again for a large plot.
        FigureCanvasSVG(figure).print_svg(target, metadata={"Date": None})  # type: ignore[no-untyped-call]
    svg = target.getvalue()
    return Markup(re.sub(r"^.*?(?=<svg)", "", svg, flags=re.DOTALL))  # noqa: S704 (made by matplotlib just now)
