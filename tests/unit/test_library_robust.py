"""Whatever an author's text becomes, `check` answers with problems and the library with its own errors."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.core.errors import TandemError
from orchestrator.engine.library import Library, check
from tests.unit.mistakes.authored import HERE, SKILLS, lay_out

BASE = HERE / "base"
FILES = sorted(path.relative_to(BASE) for path in BASE.rglob("*.yaml"))
JUNK = [
    "",
    "[]",
    "{}",
    "~",
    "true",
    "-1",
    "3",
    "'x'",
    "$x",
    "a/b",
    "[1, 2]",
    "{a: b}",
    "nest",
    "foot",
    "any",
    "foot/x/y",
    ".",
    "/",
]


@st.composite
def spoiled(draw):
    """Take one file of the base product and spoil one or two of its words."""
    file = draw(st.sampled_from(FILES))
    text = (BASE / file).read_text(encoding="utf-8")
    for _ in range(draw(st.integers(1, 2))):
        marks = [i for i, c in enumerate(text) if c in " {}[],:\n"]
        start = draw(st.sampled_from(marks[:-1]))
        end = next(i for i in marks if i > start)
        text = text[: start + 1] + draw(st.sampled_from(JUNK)) + text[end:]
    return file, text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoiled())
def test_spoiled_files_never_surprise(tmp_path, spoil):
    file, text = spoil
    instructions, cells = lay_out(tmp_path)
    (tmp_path / file).write_text(text, encoding="utf-8")
    for problem in check(instructions, cells, SKILLS):
        assert problem.message
        assert problem.line >= 0
    try:
        variant = Library(instructions, cells / "bench.yaml").variant(
            "lamp", {"volts": 12, "glass": "clear", "label": "en"}
        )
    except TandemError:
        return
    assert variant.steps
