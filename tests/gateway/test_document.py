"""A file that is no good as YAML, or holds values of another kind, is told with its line, without a traceback."""

from pathlib import Path

import pytest

from gateway.settings import SettingsError, read_settings

BACKENDS = "backends:\n  one: {url: http://one}\n  two: {url: http://two}\n"


def route(text: str) -> str:
    """Give a file with one route, on line 5."""
    return f"{BACKENDS}routes:\n  all: {text}\ndefault: all\n"


def case(then: str) -> str:
    """Give a file with a switch."""
    return route(f"{{switch: {{cases: [{{when: a > 1, then: {then}}}], otherwise: two}}}}")


LAUGHS = "".join(
    f"  - &{one} [{', '.join(['*' + before] * 9)}]\n" for before, one in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "must hold a mapping with backends, routes and default"),
        ("- one\n", 1, "must hold a mapping"),
        ("backends:\n\tone: {url: http://one}\n", 2, "is not YAML: while scanning for the next token, found character"),
        (
            f"{BACKENDS}routes:\n  all:\n   ensemble: [one]\n    quorum: 1\ndefault: all\n",
            7,
            "is not YAML: while parsing a block mapping, expected <block end>, but found '<block mapping start>': is",
        ),
        (f"{BACKENDS}---\na: 1\n", 4, "is not YAML: expected a single document in the stream, but found another"),
        (f"{BACKENDS}default: a\0b\n", 4, "is not YAML: a character may not be in it"),
        (f"{BACKENDS}default: \xff\n".encode("latin-1"), 4, "is not YAML: invalid start byte for UTF-8"),
        (f'{BACKENDS}default: "\\ud800"\n', 4, "holds half of a character"),
        (f"{BACKENDS}default: 2026-13-45\n", 4, "is not YAML: '2026-13-45' is no timestamp"),
        (f"{BACKENDS}port: !!int ''\n", 4, "is not YAML: '' is no int"),
        (f"{BACKENDS}port: {'9' * 5000}\n", 4, "is not YAML: '9999999999999999999999999999999999999999' is no int"),
        (
            f"{BACKENDS}timeout_s: 1{':1' * 199}.0\n",
            4,
            "is not YAML: '1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:' is no float",
        ),
        (f"{BACKENDS}console: !!bool maybe\n", 4, "is not YAML: 'maybe' is no bool"),
        (f"{BACKENDS}default: !!python/name:os.system ''\n", 4, "is not YAML: could not determine a constructor"),
        (f"{BACKENDS}? [a, b]\n: 1\n", 4, "is not YAML: while constructing a mapping, found unhashable key"),
        ("backends: *one\n", 1, "is not YAML: found undefined alias 'one'"),
        ("backends: &b\n  one: *b\n", 2, "is nested too deeply"),
        (f"{BACKENDS}cors_origins:\n  - &a [x, x]\n{LAUGHS}", 5, "there are more than 1,000,000 values"),
        (f"{BACKENDS}default: {'[' * 5000}\n", 4, "is nested too deeply"),
        (f"{BACKENDS}default: {'[' * 100}{']' * 100}\n", 4, "is nested too deeply"),
        (
            "backends:\n  one: &one {url: http://one,\n    foo: 1}\n  two: {<<: *one}\n",
            3,
            "backends.two.foo is unknown",
        ),
        (
            "backends:\n  one: &one {url: http://one}\n  two: {<<: *one,\n    url: two}\n",
            4,
            "backends.two.url must be a valid URL",
        ),
        ("backends: [one]\n", 1, "backends must be a mapping"),
        ("backends:\n  one: http://one\n", 2, "backends.one must be a mapping"),
        (
            "backends:\n  one: {url: http://one, conections: 2}\n",
            2,
            "backends.one.conections is unknown: there are url,",
        ),
        ("backends:\n  5: {url: http://one}\n", 2, "5 must stand in quotes: each key is a text"),
        (f"{BACKENDS}routes:\n  on: {{ensemble: [one]}}\n", 5, "on must stand in quotes: each key is a text"),
        (route("{ensemble: [one, no]}"), 5, "routes.all.ensemble.1 must be a text, in quotes where YAML"),
        (route("{sequence: [one]}"), 5, "routes.all.sequence must have at least 2, and has 1"),
        (
            route("{split: {weights: {one: 1}, by: X-Key}}"),
            5,
            "routes.all.split.by must be request, caller, header NAME",
        ),
        (f"backends:\n  {'a' * 100}: {{url: http://one}}\ndefault: a\n", 2, f"backends.{'a' * 60}… is no name"),
        ('backends:\n  "a\\nb": {url: http://one}\ndefault: a\n', 2, r"backends.'a\nb' is no name"),
        (f"{BACKENDS}default: {'a' * 100}\n", 4, f"default names '{'a' * 60}…', but there are one, two"),
        (f"{BACKENDS}routes: [all]\ndefault: one\n", 4, "routes must be a mapping"),
        (f"{BACKENDS}routes:\n  two: {{ensemble: [one]}}\ndefault: one\n", 5, "routes.two has the name of a backend"),
        (route("[one, two]"), 5, "routes.all must be a mapping"),
        (route("{ensemble: one}"), 5, "routes.all.ensemble must be a list"),
        (route("{split: {weights: [one, two]}}"), 5, "routes.all.split.weights must be a mapping"),
        (route("{split: {weights: {one: 5%}}}"), 5, 'routes.all.split.weights.one must be a number, and is "5%"'),
        (route("{split: {weights: {one:95}}}"), 5, "routes.all.split.weights.one:95 must be a number, and is null"),
        (
            route(f"{{split: {{weights: {{one: 0x{'f' * 5000}}}}}}}"),
            5,
            "routes.all.split.weights.one must be a number, and is a number of thousands of digits",
        ),
        ("backends:\n  one: {url: [http://one]}\n", 2, 'backends.one.url must be a URL, and is ["http://one"]'),
        (f"{BACKENDS}prediction_log: {{folder: 5}}\n", 4, "prediction_log.folder must be a path, and is 5"),
        (route("{fallback: [one, two]}"), 5, "routes.all.fallback must be a mapping with to, within_s"),
        (route("{ensembel: [one, two]}"), 5, "routes.all.ensembel is unknown: there are ensemble, aggregate, split,"),
        (route("{ensemble: [one], quorum: 50%}"), 5, 'routes.all.quorum must be a whole number, and is "50%"'),
        (route("{ensemble: [one], partial: maybe}"), 5, 'routes.all.partial must be true or false, and is "maybe"'),
        (route("{ensemble: [one], aggregate: avg}"), 5, "routes.all.aggregate.by must be 'mean', 'weighted', 'median'"),
        (
            route("{fallback: {to: [one, {answer: {b: 1}, name: a}]}}"),
            5,
            "routes.all.fallback.to.1.name is unknown: there are answer, as",
        ),
        (case("[one]"), 5, "routes.all.switch.cases.0.then must be the name of a plan, or hold an answer"),
        (case("{answer: {b: 1}, as: A}"), 5, "routes.all.switch.cases.0.then.as must match"),
        (
            case("{answer: {b: [1]}}"),
            5,
            "routes.all.switch.cases.0.then.answer.b must be a number, true, false, a text",
        ),
        (case(f"{{answer: {{b: 1{'0' * 400}}}}}"), 5, "routes.all.switch.cases.0.then.answer.b must be a number that"),
        (
            case("{answer: {b: .inf}}"),
            5,
            "routes.all.switch.cases.0.then.answer.b must be a number that a double can hold",
        ),
        (case('{answer: {b: ""}}'), 5, "routes.all.switch.cases.0.then.answer.b must not be the empty text"),
        (case("{answer: {b..c: 1}}"), 5, "routes.all.switch.cases.0.then.answer.b..c is no name of an output"),
    ],
)
def test_each_broken_file_is_told_with_its_line(tmp_path: Path, text: str | bytes, line: int, reason: str) -> None:
    """And why, in one sentence of the file's own words."""
    path = tmp_path / "gateway.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        read_settings(path)

    lines = [one for one in str(caught.value).splitlines() if not one.endswith(": default is missing")]
    assert len([one for one in lines if one.startswith(f"{path}, line {line}: {reason}")]) == 1
    assert len(lines) <= 2
    assert max(map(len, lines)) < 400


def test_a_file_may_begin_with_the_mark_of_utf_8(tmp_path: Path) -> None:
    """As editors of Windows write it."""
    path = tmp_path / "gateway.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + f"{BACKENDS}default: one\n".encode())

    assert read_settings(path).default == "one"
