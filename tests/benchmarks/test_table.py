"""What was measured is printed as the documentation's tables."""

from benchmarks.sizing import MEBI, Needs
from benchmarks.table import Load, document


def test_three_tables_are_printed() -> None:
    """What each workload needs, what each load took, and what each base asks for."""
    needs = {
        "gateway": Needs(80 * MEBI, 2.8, 0.7, 2.4, 96 * MEBI, 96 * MEBI, 100 * MEBI),
        "churn": Needs(180 * MEBI, 2.8, 1.9, 2.4, 300 * MEBI, 260 * MEBI, 400 * MEBI + 1),
    }
    load = Load("1 row", 500, 2, {"gateway": 1, "churn": 0.01}, {"gateway": 90 * MEBI, "churn": 300 * MEBI})
    lines = document(needs, [load], 256 * 1024).splitlines()

    assert "| churn | 2.8 s | 1.9 | 180 | 2m | 300 | 260 | 401 |" in lines
    assert "| 1 row | 250 | 500m, 2.00, 90 MiB | at rest, 300 MiB |" in lines
    assert "| `gateway` | 250m | 96Mi | 192Mi | none |" in lines
    assert "| `model` | 250m | 320Mi | 640Mi | 32Mi |" in lines
