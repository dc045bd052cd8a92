"""Requests and limits follow from what was measured, by rule."""

from benchmarks.sizing import MEBI, Needs, Resources, resources, size_limit


def needs(ordinary: int, highest: int, start_core_s: float = 2) -> Needs:
    """Give a workload's needs, memory in mebibytes."""
    return Needs(50 * MEBI, 3, start_core_s, ordinary=ordinary * MEBI, highest=highest * MEBI)


def test_memory_is_rounded_up() -> None:
    """The request to the next 32 Mi, the limit to the next 64 Mi above half as much again."""
    assert resources([needs(97, 128)]) == Resources("250m", "128Mi", "192Mi")
    assert resources([needs(96, 129)]) == Resources("250m", "96Mi", "256Mi")


def test_one_base_does_for_its_largest_model() -> None:
    """Each figure is that of the model which needs most of it."""
    assert resources([needs(200, 300, 1), needs(100, 600, 9)]) == Resources("450m", "224Mi", "960Mi")


def test_a_start_that_needs_much_asks_for_more() -> None:
    """With its request alone a pod is ready within twenty seconds."""
    assert resources([needs(1, 1, 5)]).cpu_request == "250m"
    assert resources([needs(1, 1, 5.1)]).cpu_request == "300m"


def test_a_hundred_starts_of_a_worker_fit() -> None:
    """What one start writes, a hundred times, up to the next 16 Mi."""
    assert size_limit(256 * 1024) == "32Mi"
    assert size_limit(0) == "0Mi"
