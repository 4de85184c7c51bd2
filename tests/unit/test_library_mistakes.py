"""Every mistake that authors make most often is found: one message, its line, a remedy."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from orchestrator.engine.library import check
from orchestrator.engine.registry import Registry
from orchestrator.engine.yaml_source import read_source
from tests.unit.mistakes.authored import HERE, SHAPES, SKILLS, box, lay_out

PROCEDURE = "instructions/lamp/procedure.yaml"
SHIPPED = Registry(Path(__file__).parents[2] / "skills")


@dataclasses.dataclass(frozen=True)
class Case:
    """One mistake upon the base product, and what `check` must say to it."""

    name: str
    says: str
    replace: str = ""
    by: str = ""
    at: str = ""  # where the line begins that the message must point at
    line: int | None = None
    severity: str = "error"
    edits: list = dataclasses.field(default_factory=list)
    write: dict = dataclasses.field(default_factory=dict)
    meshes: dict = dataclasses.field(default_factory=dict)
    remove: str = ""
    file: str = ""
    within: str = PROCEDURE

    def spoil(self, folder):
        """Make the mistake in a laid-out base product."""
        edits = list(self.edits)
        if self.replace:
            edits.insert(0, {"replace": self.replace, "by": self.by})
        for edit in edits:
            path = folder / edit.get("in", self.within)
            text = path.read_text(encoding="utf-8")
            assert text.count(edit["replace"]) >= 1, f"the base has no {edit['replace']!r}"
            path.write_text(text.replace(edit["replace"], edit["by"], 1), encoding="utf-8")
        for name, text in self.write.items():
            (folder / name).write_text(text, encoding="utf-8")
        for part, mesh in self.meshes.items():
            size, frames = SHAPES[part]
            data = box(size, mesh.get("frames", frames), mesh.get("scale", 1.0))
            (folder / "instructions" / "lamp" / f"{part}.glb").write_bytes(data)
        if self.remove:
            (folder / self.remove).unlink()

    def expected(self, folder):
        """Return the file and line that the message must name."""
        names = [p for p in folder.rglob("*.yaml") if p.as_posix().endswith(self.file or self.within)]
        assert len(names) == 1
        if self.line is not None:
            return names[0].as_posix(), self.line
        text = names[0].read_text(encoding="utf-8")
        assert self.at in text, f"no line begins with {self.at!r}"
        return names[0].as_posix(), text[: text.index(self.at)].count("\n") + 1


def _cases():
    for path in sorted((HERE / "cases").glob("*.yaml")):
        source = read_source(path)
        assert not source.problems, source.problems
        for entry in source.data:
            fields = {("within" if key == "in" else key): value for key, value in entry.items()}
            yield pytest.param(Case(**fields), id=f"{path.stem}: {entry['name']}")


@pytest.mark.parametrize("case", list(_cases()))
def test_authored_mistake_is_found_with_its_line_and_a_remedy(case, tmp_path):
    instructions, cells = lay_out(tmp_path)
    case.spoil(tmp_path)
    file, line = case.expected(tmp_path)
    problems = check(instructions, cells, {**SKILLS, **SHIPPED.parameters()}, programs=SHIPPED.all())
    said = "\n".join(map(str, problems))
    found = [p for p in problems if case.says in f"{p.message} {p.remedy}"]
    assert found, f"not said: {case.says}\nsaid:\n{said}"
    assert (file, line) in {(p.file, p.line) for p in found}, said
    assert {p.severity for p in found} == {case.severity}
    assert all(p.remedy for p in found)


@pytest.mark.parametrize("base", ["base", "reference"])
def test_valid_files_are_free_of_problems_but_meshes_that_are_not_there(base, tmp_path):
    instructions, cells = lay_out(tmp_path, base)
    problems = check(instructions, cells, SKILLS, today=dt.date(2027, 3, 1), programs=SHIPPED.all())
    assert all(p.severity == "warning" for p in problems)
    meshes = [p for p in problems if "has no mesh" in p.message]
    assert len(meshes) == (0 if base == "base" else 13)
    assert [p.message for p in problems if p not in meshes] == []


def test_kinds_of_one_shape_are_a_word_where_a_camera_shall_tell_them(tmp_path):
    instructions, cells = lay_out(tmp_path)
    (instructions / "lamp" / "bulb_24.glb").write_bytes((instructions / "lamp" / "bulb_12.glb").read_bytes())
    found = check(instructions, cells, SKILLS, today=dt.date(2027, 3, 1), programs=SHIPPED.all())
    assert [problem.severity for problem in found] == ["warning"] * 2
    assert [problem.message for problem in found] == [
        f"Step 'bulb': camera top can't tell 'bulb_{one}' from 'bulb_{other}' where it looks from: too little of what "
        f"they differ in shows there, so that the check ends as a question. (With volts {one}.)"
        for one, other in ((12, 24), (24, 12))
    ]
    assert found[0].remedy == "Look from where it shows, or nearer, or let a person attest."


def test_a_tool_is_overdue_from_the_day_after_its_date(tmp_path):
    instructions, cells = lay_out(tmp_path)
    assert check(instructions, cells, SKILLS, today=dt.date(2099, 3, 1)) == []
    (problem,) = check(instructions, cells, SKILLS, today=dt.date(2099, 3, 2))
    assert problem.message == "Tool 'driver' was due for calibration on 2099-03-01: its steps won't start."


def test_one_run_finds_mistakes_in_every_file(tmp_path):
    instructions, cells = lay_out(tmp_path)
    for within, old, new in (
        (PROCEDURE, "robot: screw", "robot: scrw"),
        (PROCEDURE, "tool: gauge", "tool: gage"),
        ("instructions/lamp/label.yaml", "$label", "$labl"),
        ("cells/bench.yaml", "nest: [nest_1, nest_2]", "nest: [nest_1, nest_3]"),
    ):
        path = tmp_path / within
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    messages = " ".join(p.message for p in check(instructions, cells, SKILLS))
    for name in ("scrw", "gage", "$labl", "nest_3"):
        assert name in messages
