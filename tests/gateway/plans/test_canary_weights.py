"""The weights of a split in a file: only they are changed in it, and nothing that somebody else has changed."""

import stat
from pathlib import Path

import pytest

from gateway.canary.weights import File, PlaceError, weights_in, with_weights

TEXT = """# What is served
routes:
  other: {split: {weights: {a: 1, b: 1}}}
  rollout: # moved by python -m gateway canary
    split:
      weights: {"stable": 100, candidate: 0.0}  # in percent
      by: request
"""


def test_only_the_weights_change_in_the_text() -> None:
    """Comments, quotes and order stay as they are; a text that shares its weights by an alias is refused."""
    changed = with_weights(TEXT, "rollout", {"stable": 95, "candidate": 5})

    assert changed == TEXT.replace('{"stable": 100, candidate: 0.0}', '{"stable": 95, candidate: 5}')
    assert weights_in(changed, "rollout") == {"stable": 95, "candidate": 5}
    shared = TEXT.replace("weights: {a: 1, b: 1}", "weights: &w {a: 1, b: 1}").replace(
        '{"stable": 100, candidate: 0.0}', "*w"
    )
    with pytest.raises(PlaceError, match="in their place alone"):
        with_weights(shared, "rollout", {"a": 2, "b": 3})
    with pytest.raises(PlaceError, match="there is no split 'none' in the settings, only other, rollout"):
        weights_in(TEXT, "none")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TEXT.replace("other: {", "other: &o {").replace("rollout:", "rollout:\n    <<: *o\n  more:"), "place alone"),
        (TEXT.replace('{"stable": 100, candidate: 0.0}', "{<<: {a: 1, b: 2}}"), "place alone"),
        (TEXT.replace("candidate: 0.0", "candidate: &c 0") + "more: *c\n", "place alone"),
        (f"{TEXT}more: 2026-13-45\n", "no YAML: month"),
        (f"{TEXT}more: {'[' * 2000}{']' * 2000}\n", "no YAML: maximum"),
    ],
)
def test_what_cannot_be_changed_is_told(text: str, reason: str) -> None:
    """Weights that a merge key brings, or that an alias stands for elsewhere, and what is no YAML."""
    with pytest.raises(PlaceError, match=reason):
        with_weights(text, "rollout", dict.fromkeys(weights_in(text, "rollout"), 1.0))


@pytest.mark.parametrize("weight", ["-1", "0", ".inf", ".nan", "1e400"])
def test_weights_without_shares_are_told(weight: str) -> None:
    """Or all steps would count as passed; the gateway refuses such weights too."""
    with pytest.raises(PlaceError, match="no shares"):
        weights_in(TEXT.replace("100, candidate: 0.0", f"0, candidate: {weight}"), "rollout")


@pytest.mark.parametrize("weight", ["5%", "", "[5]", "9" * 400, "0x" + "f" * 5000])
def test_weights_that_are_no_numbers_are_told(weight: str) -> None:
    """The split is there, which it was said not to be."""
    with pytest.raises(PlaceError, match="rollout has for candidate a weight that is no number"):
        weights_in(TEXT.replace("candidate: 0.0", f"candidate: {weight}"), "rollout")


@pytest.mark.parametrize("text", ["routes: {other: 5}", "routes: {other: split}", "routes: 5", "5", ""])
def test_what_is_no_settings_has_no_split(text: str) -> None:
    """Whatever stands where a route would."""
    with pytest.raises(PlaceError, match="there is no split 'rollout' in the settings, and no other"):
        weights_in(text, "rollout")


def test_a_file_keeps_the_ends_of_its_lines(tmp_path: Path) -> None:
    """And what is no ASCII, whatever the locale."""
    path = tmp_path / "gateway.yaml"
    text = f"# Für alle\n{TEXT}".replace("\n", "\r\n")
    path.write_bytes(text.encode())
    place = File(path)
    place.write(with_weights(place.read(), "rollout", {"stable": 95, "candidate": 5}))

    assert path.read_bytes().decode() == text.replace("100, candidate: 0.0", "95, candidate: 5")


def test_a_file_that_somebody_else_changed_is_not_overwritten(tmp_path: Path) -> None:
    """Nor is a link to it replaced, and its mode stays."""
    path, link = tmp_path / "real.yaml", tmp_path / "gateway.yaml"
    path.write_text(TEXT)
    path.chmod(0o640)
    link.symlink_to(path)
    place = File(link)
    place.read()
    place.write("routes: {}\n")
    assert path.read_text() == "routes: {}\n"
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.write_text(TEXT)

    with pytest.raises(PlaceError, match="meanwhile"):
        place.write("routes: {}\n")
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["gateway.yaml", "real.yaml"]
