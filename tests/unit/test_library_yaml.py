"""YAML 1.2 with lines."""

import pytest

from orchestrator.engine.yaml_source import parse_source


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("'true'", "true"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2027-03-01", "2027-03-01"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("~", None),
        ("48", 48),
        ("'48'", "48"),
        ("volts == 48", "volts == 48"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text, value):
    data = parse_source(f"a: {text}", "x.yaml").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


def test_every_key_and_item_has_its_line():
    source = parse_source("a: 1\nb:\n- {c: 2}\n-\n  d: [3,\n    4]\n", "x.yaml")
    assert [source.line(p) for p in (("a",), ("b", 0, "c"), ("b", 1, "d"), ("b", 1, "d", 1))] == [1, 3, 5, 6]
    assert source.line(("b", 1, "d", 1, "deeper")) == 6
    assert source.line(("nowhere",)) == 1


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "Key 'a' is there twice."),
        ("a: {b: 1, b: 2}\n", 1, "Key 'b' is there twice."),
        ("a: 1\n\tb: 2\n", 2, "Not YAML"),
        ("a: [1, 2\nb: 3\n", 2, "Not YAML"),
        ("a: [12,5, 24]\n", 1, "'12,5' in a list is two numbers."),
        ("a: !!python/object:os.system x\n", 1, "is not used here"),
        ("? [a, b]\n: 1\n", 1, "A key must be a word."),
    ],
)
def test_mistake_is_reported_at_its_line(text, line, says):
    (problem,) = parse_source(text, "x.yaml").problems
    assert says in problem.message
    assert (problem.file, problem.line) == ("x.yaml", line)


@pytest.mark.parametrize("text", ["a: [1,5,3,7]", "a: [12, 5, 24]", "a: [12,5]", "a: ['12,5', 24]", "a: ['1','2', 3]"])
def test_lists_written_evenly_are_no_decimal_commas(text):
    assert parse_source(text, "x.yaml").problems == ()


def test_aliases_share_what_was_written_once():
    assert parse_source("a: &x {b: 1}\nc: *x\n", "x.yaml").data == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["a0: &a0 [1, 1]", *(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 9))]),
        "a: &a [*a]",
    ],
)
def test_aliases_that_unfold_without_end_are_refused(text):
    (problem,) = parse_source(text, "x.yaml").problems
    assert "unfolds to too much" in problem.message
