"""The plot of RESULTS.md: requests a second over connections, a line for each peer."""

import io
import math
import statistics
from collections.abc import Mapping, Sequence

from benchmarks.found import Measured
from benchmarks.peers import Peer

WIDTH, HEIGHT = 9.5, 5.5
OURS = "#c2410c"
STYLES = BOTH, ONE, NONE = "-", "--", ":"
"""Lines of those who ask both models, one, or none."""


def plot(peers: Sequence[Peer], found: Mapping[str, Measured]) -> str:
    """Draw it as SVG on white, text as text, both axes logarithmic."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, NullFormatter

    # A fixed salt and no date: the same figures give the same file.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bentogate", "font.size": 10}):
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        colours = {style: iter(mpl.color_sequences["tab10"]) for style in STYLES}
        for peer in peers:
            rates = {c: statistics.median(s.rate for s in some) for c, some in found[peer.name].loads.items() if some}
            ours, style = peer.name.startswith("ours"), ONE if peer.form.model else BOTH
            style = NONE if peer.form.kind == "echo" else style
            axes.plot(
                list(rates),
                [rate or math.nan for rate in rates.values()],
                marker="o",
                markersize=5 if ours else 3,
                linewidth=3 if ours else 1.3,
                color=OURS if ours else next(colours[style]),
                linestyle=style,
                label=peer.title.replace("*", "").replace("`", ""),
            )
        counts = sorted({count for one in found.values() for count in one.loads})
        axes.set(xscale="log", yscale="log", xlabel="connections", ylabel="requests a second, right ones")
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.grid(which="major", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside right upper", frameon=False, fontsize=9)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
