"""The registry: skills from files; a broken file costs its own skills alone, and says where it is broken."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.errors import BadInput, NotFound
from orchestrator.engine.registry import Registry
from tests.unit.cell_bench import ROOT

if TYPE_CHECKING:
    from pathlib import Path

WAVE = '''from orchestrator.skill import Cell, Target, skill


@skill("wave", timeout_s=7)
async def wave(cell: Cell, at: Target, times: int = 3, wide_mm: float = 50) -> None:
    """Wave the gripper over a target."""
'''


SHIPPED = {
    *("hand_over", "hold_for", "insert", "inspect", "move_home"),
    *("pick", "pick_place", "place", "present", "print_label", "scan", "screw", "weigh"),
}


def write(folder: Path, name: str, text: str, stamp_ns: int = 0) -> None:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    if stamp_ns:
        os.utime(path, ns=(stamp_ns, stamp_ns))


def test_the_schema_is_the_signature(tmp_path: Path) -> None:
    write(tmp_path, "wave.py", WAVE)
    skill = Registry(tmp_path).get("wave")
    assert (skill.name, skill.timeout_s, skill.text) == ("wave", 7, "Wave the gripper over a target.")
    schema = skill.schema
    assert set(schema["properties"]) == {"at", "times", "wide_mm"}
    assert schema["required"] == ["at"]
    assert schema["properties"]["times"] == {"default": 3, "title": "Times", "type": "integer"}
    assert schema["properties"]["wide_mm"]["type"] == "number"
    assert schema["additionalProperties"] is False
    assert len(skill.sha256) == 64


def test_every_shipped_skill_loads() -> None:
    registry = Registry(ROOT / "skills")
    assert registry.broken() == []
    assert set(registry.all()) >= SHIPPED
    assert all(skill.text for skill in registry.all().values())
    assert all(skill.promise.leaves for skill in registry.all().values() if "part" in skill.parameters.model_fields)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\ndef broken(:\n", 2, "SyntaxError"),
        ("import os\n\n\nraise RuntimeError('no tool today')\n", 4, "no tool today"),
        ("from orchestrator.skill import skill\n\n\n@skill('s')\ndef s(cell): ...\n", 4, "not async"),
        ("import a_library_that_nobody_has\n", 1, "a_library_that_nobody_has"),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_the_rest_works(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    write(tmp_path, "bad.py", text)
    write(tmp_path, "wave.py", WAVE)
    registry = Registry(tmp_path)
    (broken,) = registry.broken()
    assert broken.file == "bad.py"
    assert f"line {line}:" in broken.error
    assert said in broken.error
    assert list(registry.all()) == ["wave"]


def test_an_unknown_skill_names_near_ones_and_what_is_broken(tmp_path: Path) -> None:
    write(tmp_path, "bad.py", "raise ValueError('half done')\n")
    write(tmp_path, "wave.py", WAVE)
    with pytest.raises(NotFound) as error:
        Registry(tmp_path).get("wafe")
    assert "Did you mean wave?" in error.value.remedy
    assert "bad.py is broken" in error.value.remedy


def test_two_files_with_the_same_skill_are_a_mistake_that_is_named(tmp_path: Path) -> None:
    write(tmp_path, "wave.py", WAVE)
    write(tmp_path, "wave_again.py", WAVE)
    registry = Registry(tmp_path)
    assert registry.get("wave").file == "wave.py"
    (broken,) = registry.broken()
    assert (broken.file, "wave.py" in broken.error) == ("wave_again.py", True)


def test_an_edited_file_takes_effect_for_the_next_call(tmp_path: Path) -> None:
    write(tmp_path, "wave.py", WAVE, 1_000_000_000)
    registry = Registry(tmp_path, reload=True)
    before = registry.get("wave").sha256
    write(tmp_path, "wave.py", WAVE.replace("times: int = 3", "times: int = 4"), 2_000_000_000)
    after = registry.get("wave")
    assert after.schema["properties"]["times"]["default"] == 4
    assert after.sha256 != before
    write(tmp_path, "wave.py", "def broken(:\n", 3_000_000_000)
    with pytest.raises(NotFound, match="wave"):
        registry.get("wave")
    assert registry.broken()
    write(tmp_path, "wave.py", WAVE, 4_000_000_000)
    assert registry.get("wave").sha256 == before
    (tmp_path / "wave.py").unlink()
    with pytest.raises(NotFound):
        registry.get("wave")


def test_without_reload_an_edit_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, "wave.py", WAVE, 1_000_000_000)
    registry = Registry(tmp_path)
    before = registry.get("wave").sha256
    write(tmp_path, "wave.py", "def broken(:\n", 2_000_000_000)
    assert registry.get("wave").sha256 == before


@pytest.mark.parametrize(
    ("authored", "said"),
    [
        ({"tims": 4}, "There is no parameter of wave 'tims'."),
        ({"times": "often"}, "times: A whole number is needed, not 'often'."),
        ({"wide_mm": None}, "wide_mm: A number is needed, not None."),
        ({"at": "nest"}, "at: Keys with values are needed, not 'nest'."),
    ],
)
def test_a_wrong_parameter_is_named_with_those_that_there_are(
    tmp_path: Path, authored: dict[str, object], said: str
) -> None:
    write(tmp_path, "wave.py", WAVE)
    skill = Registry(tmp_path).get("wave")
    with pytest.raises(BadInput) as error:
        skill.bind(authored, {"at": {"owner": None, "frame": "nest"}})
    assert said in error.value.message
    assert "at, times, wide_mm" in error.value.remedy


def test_a_misspelt_parameter_is_named_before_the_one_that_it_was_meant_to_be(tmp_path: Path) -> None:
    write(tmp_path, "wave.py", WAVE)
    with pytest.raises(BadInput, match=r"'att'\. Did you mean at\?"):
        Registry(tmp_path).get("wave").bind({"att": {"frame": "nest"}}, {})


def test_a_missing_parameter_is_named(tmp_path: Path) -> None:
    write(tmp_path, "wave.py", WAVE)
    with pytest.raises(BadInput, match="Skill wave needs 'at'"):
        Registry(tmp_path).get("wave").bind({}, {})


def test_what_a_result_gives_is_taken_where_it_is_wanted_and_authored_values_win(tmp_path: Path) -> None:
    write(tmp_path, "wave.py", WAVE)
    skill = Registry(tmp_path).get("wave")
    bound = skill.bind({"times": 9}, {"at": {"frame": "nest"}, "times": 2, "torque_Nm": 12})
    assert (bound["times"], bound["wide_mm"]) == (9, 50)
    assert "torque_Nm" not in bound


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ('needs=("gripper_full",)', "There is no condition for needs of skill s 'gripper_full'"),
        ('needs=("part_at",)', "There is no condition for needs of skill s 'part_at'"),
        ('leaves=("part_held",)', "leaves part_held, but it has no part"),
        ('needs=("gripper_empty", "part_held")', "it has no part"),
    ],
)
def test_a_promise_that_can_not_be_kept_breaks_the_file(tmp_path: Path, declared: str, said: str) -> None:
    text = f"from orchestrator.skill import skill\n\n\n@skill('s', {declared})\nasync def s(cell): ...\n"
    write(tmp_path, "bad.py", text)
    (broken,) = Registry(tmp_path).broken()
    assert said in broken.error
    assert "line 4" in broken.error


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ('leaves=("part_at",)', "has no target"),
        ('leaves=("gripper_empty", "part_held")', "gripper_empty and part_held can't both be true"),
    ],
)
def test_a_promise_that_contradicts_breaks_the_file(tmp_path: Path, declared: str, said: str) -> None:
    text = f"from orchestrator.skill import skill\n\n\n@skill('s', {declared})\nasync def s(cell, part: str): ...\n"
    write(tmp_path, "bad.py", text)
    (broken,) = Registry(tmp_path).broken()
    assert said in broken.error


def test_what_nothing_undoes_is_named(tmp_path: Path) -> None:
    text = WAVE.replace("timeout_s=7", 'timeout_s=7, undone_by="wav"')
    write(tmp_path, "wave.py", text)
    registry = Registry(tmp_path)
    (broken,) = registry.broken()
    assert broken.file == "wave.py"
    assert "wave is undone by 'wav'" in broken.error
    assert list(registry.all()) == ["wave"]
    write(tmp_path, "wave.py", WAVE.replace("timeout_s=7", 'timeout_s=7, undone_by="person"'))
    assert Registry(tmp_path).broken() == []


def test_resources_follow_from_the_signature() -> None:
    registry = Registry(ROOT / "skills")
    assert registry.get("move_home").resources == ("arm",)
    assert registry.get("pick").resources == ("arm", "gripper")
    assert registry.get("insert").resources == ("arm", "gripper", "zone of at")
    assert registry.get("screw").resources == ("arm", "gripper", "zone of at", "tool")
