"""Settings are checked as a whole at start, and what is wrong is named with its place."""

import socket
import sys
from pathlib import Path

import pytest

from contract import Terms
from gateway.settings import Settings, SettingsError, read_settings
from tests.conftest import ROOT, run

GOOD = """backends:
  one: {url: http://one}
  two:
    url: http://two:8080/
routes:
  all: {ensemble: [one, two]}
default: all
"""


def read(tmp_path: Path, text: str = GOOD) -> Settings:
    """Read settings from a file of this text."""
    path = tmp_path / "gateway.yaml"
    path.write_text(text)
    return read_settings(path)


def test_the_file_of_the_project_is_good() -> None:
    """One file for laptop and cluster: the link at the root leads into k8s/."""
    settings = read_settings(ROOT / "gateway.yaml")

    assert (ROOT / "gateway.yaml").resolve() == ROOT / "k8s" / "base" / "gateway" / "gateway.yaml"
    assert settings.default == "assessment"
    assert settings.routes["assessment"].ensemble == ("diagnosis", "novelty")
    assert settings.backends["diagnosis"].address == "http://ml-diagnosis"
    assert (settings.port, settings.admin_port, settings.cors_origins) == (8001, 8081, ())


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deep keys by two underscores; what it does not name stays."""
    monkeypatch.setenv("GATEWAY_BACKENDS__ONE__URL", "http://127.0.0.1:8002")
    monkeypatch.setenv("GATEWAY_PORT", "9001")
    monkeypatch.setenv("GATEWAY_CORS_ORIGINS", "https://a.example,https://b.example")
    settings = read(tmp_path)

    assert settings.backends["one"].address == "http://127.0.0.1:8002"
    assert settings.backends["two"].address == "http://two:8080"
    assert settings.port == 9001
    assert settings.cors_origins == ("https://a.example", "https://b.example")


def test_every_name_has_a_deadline(tmp_path: Path) -> None:
    """Its own, or that of the gateway; those of a route's models are not the route's."""
    text = GOOD.replace("url: http://one", "url: http://one, timeout_s: 2").replace("two]", "two], timeout_s: 30")

    assert read(tmp_path, text).timeouts == {"one": 2, "two": 10, "all": 30}
    assert read(tmp_path, f"{GOOD}timeout_s: 0.5\n").timeouts == {"one": 0.5, "two": 0.5, "all": 0.5}


@pytest.mark.parametrize(
    ("said", "terms"),
    [
        ("", None),
        (", partial: false", None),
        (", partial: true", Terms()),
        (", require: [one]", Terms(require=("one",))),
        (", quorum: 2", Terms(quorum=2)),
    ],
)
def test_a_route_says_how_complete_its_answers_must_be(tmp_path: Path, said: str, terms: Terms | None) -> None:
    """Whole, unless one of the three is set."""
    assert read(tmp_path, GOOD.replace("two]", f"two]{said}")).routes["all"].terms == terms


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("url: http://two:8080/", "ulr: http://two", "line 4: backends.two.ulr is unknown"),
        ("url: http://two:8080/", "ulr: http://two", "line 3: backends.two.url is missing"),
        ("http://two:8080/", "two:8080", "line 4: backends.two.url"),
        ("http://two:8080/", "http://two/?a=1", "line 4: backends.two.url has host, port and path only"),
        ("http://two:8080/", "http://:secret@two/", "line 4: backends.two.url has host, port and path only"),
        ("[one, two]", "[one, three]", "line 6: routes.all.ensemble.1 names 'three', but there are one, two, all"),
        ("[one, two]", "[one, one]", "line 6: routes.all.ensemble.1 names 'one' a second time"),
        ("[one, two]", "[]", "line 6: routes.all.ensemble"),
        (
            "[one, two]}",
            "[one, two], require: [one, six]}",
            "line 6: routes.all.require.1 names 'six', but the ensemble is",
        ),
        ("[one, two]}", "[one, two], quorum: 3}", "line 6: routes.all.quorum must be at most 2"),
        ("[one, two]}", "[one, two], quorum: 0}", "line 6: routes.all.quorum"),
        ("[one, two]}", "[one, two], partial: false, quorum: 1}", "line 6: routes.all.partial must not be false"),
        ("  all:", "  one:", "line 6: routes.one has the name of a backend"),
        (
            "{ensemble: [one, two]}",
            "{ensemble: [one, all]}",
            "line 6: routes.all.ensemble.1 goes round in a circle: all",
        ),
        (
            "{ensemble: [one, two]}",
            "{switch: {cases: [{when: a >, then: one}], otherwise: two}}",
            "line 6: routes.all.switch.cases.0.when is no condition: it cannot be read at '>', character 3",
        ),
        (
            "{ensemble: [one, two]}",
            "{switch: {cases: [{when: a > 1, then: one}, {when: 'a  > 1', then: two}], otherwise: two}}",
            "line 6: routes.all.switch.cases.1.when is never reached",
        ),
        *[
            (
                "{ensemble: [one, two]}",
                f"{{switch: {{cases: [{{when: {before}, then: one}}, {{when: {after}, then: two}}], otherwise: two}}}}",
                "line 6: routes.all.switch.cases.1.when is never reached: before it stands",
            )
            for before, after in (
                ("a > 1", "a>1"),
                ("a > 1", "(a > 2)"),
                ("a >= 1", "b and 3 < a"),
                ("a or b", "a OR b"),
            )
        ],
        (
            "{ensemble: [one, two]}",
            "{switch: {cases: [{when: b, then: two}, {when: a between 5 and 1, then: one}], otherwise: two}}",
            "line 6: routes.all.switch.cases.1.when is never reached: no number is between those that it names",
        ),
        (
            "{ensemble: [one, two]}",
            "{switch: {cases: [{when: two.a, then: one}], otherwise: two}}",
            "line 6: routes.all.switch.cases.0.when names two.a, and two is not asked before (ask)",
        ),
        ("{ensemble: [one, two]}", "{split: {weights: {one: 1e308, two: 1e308}}}", "routes.all.split.weights are too"),
        (
            "{ensemble: [one, two]}",
            "{switch: {cases: [{when: a > 1, then: six}], otherwise: two}}",
            "line 6: routes.all.switch.cases.0.then",
        ),
        (
            "{ensemble: [one, two]}",
            "{switch: {ask: [six], cases: [{when: six.a, then: one}], otherwise: two}}",
            "line 6: routes.all.switch.ask.0 names 'six', but there are one, two, all",
        ),
        (
            "{ensemble: [one, two]}",
            "{switch: {ask: [one, one], cases: [{when: a > 1, then: one}], otherwise: two}}",
            "line 6: routes.all.switch.ask.1 names 'one' a second time",
        ),
        (
            "{ensemble: [one, two]}",
            "{switch: {ask: [two], cases: [{when: a > 1, then: one}], otherwise: one}}",
            "line 6: routes.all.switch.ask.0 names 'two', whose outputs no condition names, and no case leads there",
        ),
        (
            "{ensemble: [one, two]}",
            "{switch: {cases: [{when: a is null, then: one}, {when: b or not a IS NULL, then: one}], otherwise: two}}",
            "line 6: routes.all.switch.otherwise is never reached: of the conditions before it one always holds",
        ),
        (
            "{ensemble: [one, two]}",
            "{switch: {cases: [{when: a is not true or a is true, then: one}, {when: b, then: two}], otherwise: one}}",
            "line 6: routes.all.switch.cases.1.when is never reached: of the conditions before it one always holds",
        ),
        ("{ensemble: [one, two]}", "{switch: {cases: [{when: a > 1, then: one}]}}", "switch.otherwise is missing"),
        (
            "{ensemble: [one, two]}",
            "{switch: {cases: [{when: a > 1, then: {answer: {b: 1}, as: two}}], otherwise: one}}",
            "line 6: routes.all.switch has a stored answer with the name of another, 'two'",
        ),
        (
            "{ensemble: [one, two]}",
            "{switch: {cases: [{when: a > 1, then: {answer: {b: 1}}}], otherwise: {answer: {b: 2}}}}",
            "routes.all.switch has two different stored answers with the name 'stored'",
        ),
        ("{ensemble: [one, two]}", "{sequence: [one]}", "line 6: routes.all.sequence"),
        ("{ensemble: [one, two]}", "{sequence: [one, one]}", "routes.all.sequence.1 names 'one' a second time"),
        ("{ensemble: [one, two]}", "{fallback: {to: [one]}}", "line 6: routes.all.fallback.to"),
        ("{ensemble: [one, two]}", "{fallback: {to: [one, one]}}", "routes.all.fallback.to.1 names 'one' a second"),
        (
            "{ensemble: [one, two]}",
            "{fallback: {to: [{answer: {b: 1}}, one]}}",
            "line 6: routes.all.fallback.to.0 always answers, so that nothing behind it is ever asked",
        ),
        (
            "{ensemble: [one, two]}",
            "{fallback: {to: [one, two], within_s: 2}, timeout_s: 2}",
            "line 6: routes.all.fallback.within_s leaves two nothing of the 2 s that all has",
        ),
        ("{ensemble: [one, two]}", "{quorum: 1}", "line 6: routes.all says nothing of what it runs"),
        (
            "{ensemble: [one, two]}",
            "{ensemble: [one], split: {weights: {two: 1}}}",
            "line 6: routes.all runs ensemble and split",
        ),
        ("{ensemble: [one, two]}", "{split: {weights: {one: 1, six: 1}}}", "routes.all.split.weights.six names 'six'"),
        ("{ensemble: [one, two]}", "{split: {weights: {one: 0, two: 0}}}", "split.weights must not all be 0"),
        ("{ensemble: [one, two]}", "{split: {weights: {one: -1}}}", "line 6: routes.all.split.weights.one"),
        ("{ensemble: [one, two]}", "{split: {weights: {one: 1}, by: name}}", "line 6: routes.all.split.by"),
        ("{ensemble: [one, two]}", "{split: {weights: {one: 1}}, partial: true}", "routes.all.partial is for an ensem"),
        ("default: all", "default: al", "default names 'al', but there are all, one, two"),
        ("default: all", "", "default is missing"),
        ("default: all", "default: all\nport: 80000", "line 8: port"),
        ("default: all", "default: all\ntimeout_s: 31", "line 8: timeout_s"),
        ("[one, two]", "[one, two], timeout_s: 31", "line 6: routes.all.timeout_s"),
        ("url: http://one", "url: http://one, timeout_s: 0", "line 2: backends.one.timeout_s"),
        ("default: all", "default: all\nprot: 1", "line 8: prot is unknown"),
        ("  one:", "  Öne:", "line 2: backends.Öne is no name"),
        ("backends:", "backends: [", "is not YAML"),
        ("default: all", "default: !what all", "is not YAML"),
        ("default: all", "default: all\n8: 1", "line 8: 8 must stand in quotes"),
        ("default: all", "default: all\ndefault: one", "line 8: default is there twice"),
        ("  two:", "  one:", "line 3: one is there twice"),
        ("default: all", "default: all\nmax_body_mb: .inf", "line 8: max_body_mb"),
        ("default: all", "default: all\nport: 8081", "line 8: port and admin_port are both 8081"),
        ("default: all", "default: all\ngrpc_port: 8001", "line 8: grpc_port and port are both 8001"),
        ("default: all", "default: all\ngrpc_port: 80000", "line 8: grpc_port"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(tmp_path: Path, old: str, new: str, text: str) -> None:
    """An unknown key and a bad URL among them."""
    assert old in GOOD
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))

    assert text in str(caught.value)
    assert str(tmp_path / "gateway.yaml") in str(caught.value)


DECLARED = """backends:
  one:
    url: http://one
    scores: predict_proba
    contract:
      version: "1"
      description: Whether
      features:
        - {name: a, type: number, description: A, example: 1}
      outputs:
        - {name: p, type: number, description: P, column: 1}
default: one
"""


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("type: number, description: A", "type: nubmer, description: A", "line 9: {}.features.0.type invalid enum"),
        ("type: number, description: A", "type: category, description: A", "line 9: {}.features.0 a: categories"),
        ("example: 1", "example: x", "line 9: {}.features.0.example must be a number, not the string 'x'"),
        ("column: 1", "colum: 1", "line 11: {}.outputs.0.colum is unknown"),
        (", column: 1", "", "line 5: {} outputs: p is either a score or decided"),
        ("type: number, description: P", "type: integer, description: P", "line 5: {} outputs: p is a score"),
        ('version: "1"', "version: 1", "line 6: {}.version expected `str`, got `int`"),
        ('version: "1"', 'version: ""', "line 6: {}.version is missing"),
        ('version: "1"', 'version: "1"\n      name: one', "line 7: {}.name is that of the backend"),
        ("description: Whether", "", "line 5: {} object missing required field `description`"),
        ("scores: predict_proba", "model: two", None),
        ("http://one", "http://one\n    connections: 1", None),
    ],
)
def test_a_declared_contract_is_checked_with_its_lines(tmp_path: Path, old: str, new: str, text: str | None) -> None:
    """Every part of it; what cannot be an answer is refused before a record comes."""
    assert old in DECLARED
    if text is None:
        assert read(tmp_path, DECLARED.replace(old, new)).backends["one"].contract
        return
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, DECLARED.replace(old, new))

    assert text.format("backends.one.contract") in str(caught.value)


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        ("{url: http://one, scores: s}", "line 2: backends.one declares scores, but no contract"),
        (
            "{url: http://one, contract: [1]}",
            "line 2: backends.one.contract must be a mapping of description, features",
        ),
    ],
)
def test_scores_need_a_contract(tmp_path: Path, backend: str, text: str) -> None:
    """A part of a declaration declares nothing."""
    with pytest.raises(SettingsError, match=text):
        read(tmp_path, f"backends:\n  one: {backend}\ndefault: one\n")


def test_who_answers_a_case_may_be_asked_before(tmp_path: Path) -> None:
    """Though no condition names it: beside the plan that one does name, so that its rows wait for nobody."""
    text = "{switch: {ask: [one, two], cases: [{when: one.a > 1, then: two}, {when: b, then: one}], otherwise: one}}"

    assert read(tmp_path, GOOD.replace("{ensemble: [one, two]}", text)).routes["all"].switch


def test_a_bad_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not looked for in the file."""
    monkeypatch.setenv("GATEWAY_PORT", "many")
    with pytest.raises(SettingsError, match=r"GATEWAY_PORT: must be a whole number"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("GATEWAY_BACKENDS__ONE__URL", "one", "GATEWAY_BACKENDS__ONE__URL: "),
        ("GATEWAY_PROT", "1", "GATEWAY_PROT: there is no setting prot"),
        ("GATEWAY_BACKENDS", "{bad", '"backends" from source "EnvSettingsSource"'),
    ],
)
def test_a_bad_variable_is_blamed_and_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, text: str
) -> None:
    """Though the same key stands in the file, where nothing is wrong."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=text) as caught:
        read(tmp_path)

    assert "gateway.yaml" not in str(caught.value)


def test_one_fault_is_told_once(tmp_path: Path) -> None:
    """What is left of a list whose only element is wrong is not called too short."""
    wrong = "{switch: {cases: [{when: a >, then: one}], otherwise: two}}"
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, GOOD.replace("{ensemble: [one, two]}", wrong))

    assert len(str(caught.value).splitlines()) == 1


def test_the_command_ends_with_2_and_the_reason(tmp_path: Path) -> None:
    """No traceback for a wrong setting."""
    (tmp_path / "gateway.yaml").write_text(GOOD.replace("default: all", "default: nope"))
    done = run(sys.executable, "-m", "gateway", "--config", str(tmp_path / "gateway.yaml"), check=False)
    missing = run(sys.executable, "-m", "gateway", "--config", str(tmp_path / "none.yaml"), check=False)

    assert done.returncode == missing.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "default names 'nope'" in done.stderr
    assert "none.yaml cannot be read: No such file" in missing.stderr
    assert "Traceback" not in done.stderr + missing.stderr


def test_a_port_in_use_is_told_with_its_variable(tmp_path: Path) -> None:
    """The gateway ends with 2 and without a traceback."""
    (tmp_path / "gateway.yaml").write_text(GOOD)
    command = (sys.executable, "-m", "gateway", "--config", str(tmp_path / "gateway.yaml"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(*command, check=False, GATEWAY_PORT=str(port))

    expected = f"error: GATEWAY_PORT: 127.0.0.1:{port} cannot be listened on: Address already in use\n"
    assert (done.returncode, done.stderr) == (2, expected)


def test_help_says_where_settings_come_from() -> None:
    """The option and the variables."""
    text = run(sys.executable, "-m", "gateway", "--help").stdout

    assert "--config" in text
    assert "GATEWAY_BACKENDS__DIAGNOSIS__URL" in text
