"""Scenario files: mistakes are found before anything runs, with line and remedy; and the command that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import pytest
from pydantic import ValidationError

from orchestrator.__main__ import main
from orchestrator.adapters.sim.fault_spec import FAULT_NAMES, USES, FaultName, FaultSpec
from orchestrator.adapters.sim.scenario import Scenario, random_scenario, read_scenario
from orchestrator.core.errors import AuthoringError
from tests.unit.cell_bench import ROOT

if TYPE_CHECKING:
    from pathlib import Path


MISTAKES = [
    ("faults:\n- {fault: droped_part}\n", 2, "'droped_part' is not known", "dropped_part"),
    ("product: x\nfaults:\n- {fault: empty_bin}\n", 3, "needs the key 'bin'", "Add it"),
    ("faults:\n- {fault: emergency_stop, at_s: 3, motion: bring x}\n", 2, "one trigger", "Keep"),
    ("faults:\n- {fault: emergency_stop, on: check_request}\n", 2, "no event 'check_request'", "check_requested"),
    (
        "faults:\n- {fault: camera_blackout, bin: xs}\n",
        2,
        "camera_blackout does not use the key 'bin'",
        "camera, lasts_s",
    ),
    ("faults:\n- {fault: emergency_stop, lasts_s: 3}\n", 2, "does not use the key 'lasts_s'", "Its own keys: none"),
    ("faults:\n- {fault: emergency_stop, motion: x, step: load}\n", 2, "'step' is of use with 'on'", "take it out"),
    (
        "faults:\n- {fault: emergency_stop, on: cell_changed, step: load}\n",
        2,
        "cell_changed belongs to no step",
        "Take",
    ),
    ("faults:\n- {fault: emergency_stop, at_s: 3, nth: 2}\n", 2, "'nth' is of use with 'on' or 'motion'", "Add one"),
    ("faults:\n- {fault: emergency_stop, after_s: 2}\n", 2, "'after_s' is of use with 'on' or 'motion'", "Add one"),
    ("faults:\n- {fault: misplaced_part, part: x, by_mm: 3}\n", 2, "A list of 3 is needed, not 3.", "Write [a, b, c]."),
    ("faults:\n- {fault: misplaced_part, part: x, by_mm: [3, 4]}\n", 2, "of 3 is needed, not one of 2.", "[a, b, c]"),
    ("faults:\n- {fault: misplaced_part, part: x, by_mm: [1, 2, 3, 4]}\n", 2, "not one of 4.", "[a, b, c]"),
    ("seed: 1\nworker: {slip: 0.1}\n", 2, "Unknown key 'slip'", "slips"),
    ("units: 0\n", 1, "At least 1", "Mend"),
    ("worker:\n  slips: 1.5\n", 2, "At most 1", "Mend"),
    ("expect: {ends: [fine]}\n", 1, "'fine' is not known", "scrapped"),
    ("seed: 1\nseed: 2\n", 2, "is there twice", "Keep one"),
]


@pytest.mark.parametrize(("text", "line", "message", "remedy"), MISTAKES)
def test_each_mistake_is_named_with_its_line_and_a_remedy(
    tmp_path: Path, text: str, line: int, message: str, remedy: str
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(AuthoringError) as error:
        read_scenario(file)
    (problem,) = error.value.problems
    assert problem.line == line
    assert message in problem.message
    assert remedy in problem.remedy


OWN_KEYS: dict[str, Any] = {
    "bin": "bases",
    "part": "base",
    "by_mm": (1, 2, 3),
    "camera": "top",
    "says": True,
    "deaf": False,
    "delay_s": 3,
    "lasts_s": 4,
    "device": "driver",
    "does": "slips",
    "times": 1,
}


@pytest.mark.parametrize("fault", get_args(FaultName))
def test_a_fault_takes_its_own_keys_and_no_others(fault: FaultName) -> None:
    own = {key: OWN_KEYS[key] for key in USES[fault]}
    assert FaultSpec.model_validate({"fault": fault, **own}).fault == fault
    for key in OWN_KEYS.keys() - own.keys():
        with pytest.raises(ValidationError, match=f"does not use the key '{key}'"):
            FaultSpec.model_validate({"fault": fault, **own, key: OWN_KEYS[key]})


def test_random_scenarios_are_a_matter_of_their_seed_alone() -> None:
    drawn = [random_scenario(seed, Scenario(), ("bring x", "go home"), ("xs",)) for seed in (*range(200), *range(200))]
    assert drawn[:200] == drawn[200:]
    assert len({scenario.model_dump_json() for scenario in drawn[:200]}) > 190
    assert {fault.fault for scenario in drawn for fault in scenario.faults} == set(FAULT_NAMES)
    first = [fault.fault for scenario in drawn[1:3] for fault in scenario.faults]
    assert first == [
        "misplaced_part",
        "slow_network",
        "dropped_part",
        "stale_safety",
    ]  # the order of the names is part of what a seed means


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    code = exit_.value.code
    return code if isinstance(code, int) else 0


def test_simulate_tells_what_happened_and_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    code = run("simulate", "--scenario", str(ROOT / "tests" / "scenarios" / "dropped_part.yaml"))
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "fell out of the gripper" in said.out
    assert "u1 done" in said.out
    assert "1 of 1 units done" in said.out


def test_simulate_fails_when_it_did_not_end_as_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "options: {ratio: 5, cover: blind, plate: en}\n"
        "faults: [{fault: emergency_stop, motion: bring something else}]\n",
        encoding="utf-8",
    )
    code = run("simulate", "--scenario", str(file))
    said = capsys.readouterr()
    assert code == 1
    assert "never struck" in said.err
    assert said.err.count("\n") == 1
    assert "the nearest motion that came is 'bring " in said.err
    assert "Mend its trigger, or write expect: {struck: false}." in said.err


def test_another_failure_than_a_fault_that_never_struck_is_run_again_by_its_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("options: {ratio: 5, cover: blind, plate: en}\nexpect: {ends: [scrapped]}\n", encoding="utf-8")
    assert run("simulate", "--scenario", str(file)) == 1
    assert "--seed 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("{fault: misplaced_part, part: housng}", "There is no part 'housng'. Did you mean housing?"),
        ("{fault: emergency_stop, on: step_started, step: lod}", "There is no step 'lod'. Did you mean load?"),
    ],
)
def test_a_part_or_step_that_the_product_lacks_is_refused_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str, says: str
) -> None:
    file = tmp_path / "s.yaml"
    text = f"options: {{ratio: 5, cover: blind, plate: en}}\nfaults: [{fault}]\nexpect: {{struck: false}}\n"
    file.write_text(text, encoding="utf-8")
    assert run("simulate", "--scenario", str(file)) == 1
    assert says in capsys.readouterr().err


def test_simulate_names_a_file_that_is_not_there_and_one_with_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("simulate", "--scenario", str(tmp_path / "none.yaml")) == 1
    said = capsys.readouterr().err
    assert "none.yaml: error: The file is not there." in said
    assert said.lower().count("error") == 1
    file = tmp_path / "s.yaml"
    file.write_text("product: gear_reducr\n", encoding="utf-8")
    assert run("simulate", "--scenario", str(file)) == 1
    assert "gear_reducer" in capsys.readouterr().err
