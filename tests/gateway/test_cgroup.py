"""The memory of a container is read as Kubernetes counts it, whichever version its cgroup has."""

from pathlib import Path

import pytest

from gateway.shedding import Memory, own_memory

V1 = {
    "memory.usage_in_bytes": "900",
    "memory.limit_in_bytes": "1000",
    "memory.stat": "cache 5\ntotal_inactive_file 100",
}
V2 = {"memory.current": "900", "memory.max": "1000", "memory.stat": "anon 5\ninactive_file 100"}
OWN_V1 = "5:cpu:/\n4:cpuset,memory:/kube/pod\n0::/"
OWN_V2 = "0::/kube/pod"


def memory(root: Path, own: str, folder: str, files: dict[str, str]) -> Memory:
    """Find the memory of a process whose cgroup is `own`, where these files are in a folder."""
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / folder / name).write_text(f"{text}\n")
    (root / "own").write_text(own)
    return own_memory(root, root / "own")


@pytest.mark.parametrize(
    ("own", "folder", "files"),
    [
        (OWN_V1, "memory/kube/pod", V1),
        (OWN_V1, "memory", V1),  # a container that has its own cgroup mounted, and the machine's path
        (OWN_V2, "kube/pod", V2),
        (OWN_V2, ".", V2),
        ("0::/", ".", V2),
    ],
)
def test_file_pages_that_nobody_needs_are_free(tmp_path: Path, own: str, folder: str, files: dict[str, str]) -> None:
    """Used are 900 of 1,000 bytes, of which 100 can be had back at any time."""
    assert memory(tmp_path, own, folder, files).ratio == 0.8


@pytest.mark.parametrize(
    ("own", "folder", "files"),
    [
        (OWN_V1, "memory", {**V1, "memory.limit_in_bytes": "9223372036854771712"}),
        (OWN_V2, ".", {**V2, "memory.max": "max"}),
        ("0::/", "elsewhere", {}),
        ("", "elsewhere", {}),
    ],
)
def test_without_a_limit_nothing_is_used_of_it(tmp_path: Path, own: str, folder: str, files: dict[str, str]) -> None:
    """Also where there is no cgroup, as on the root of a machine."""
    assert memory(tmp_path, own, folder, files).ratio == 0.0


def test_the_own_cgroup_of_this_process_is_read() -> None:
    """Whatever this machine has; a limit is not overrun."""
    assert 0.0 <= own_memory().ratio < 1.0
