"""Scenario files: mistakes are found before anything runs, with line and remedy; and the command that runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from orchestrator.__main__ import main
from orchestrator.adapters.sim.fault_spec import FAULT_NAMES
from orchestrator.adapters.sim.scenario import Scenario, random_scenario, read_scenario
from orchestrator.core.errors import AuthoringError
from tests.unit.cell_bench import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


MISTAKES = [
    ("faults:\n- {fault: droped_part}\n", 2, "'droped_part' is not known", "dropped_part"),
    ("product: x\nfaults:\n- {fault: empty_bin}\n", 3, "needs the key 'bin'", "Add it"),
    ("faults:\n- {fault: emergency_stop, at_s: 3, motion: bring x}\n", 2, "one trigger", "Keep"),
    ("faults:\n- {fault: emergency_stop, on: check_request}\n", 2, "no event 'check_request'", "check_requested"),
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


def test_random_scenarios_are_a_matter_of_their_seed_alone() -> None:
    drawn = [random_scenario(seed, Scenario(), ("bring x", "go home"), ("xs",)) for seed in (*range(200), *range(200))]
    assert drawn[:200] == drawn[200:]
    assert len({scenario.model_dump_json() for scenario in drawn[:200]}) > 190
    assert {fault.fault for scenario in drawn for fault in scenario.faults} == set(FAULT_NAMES)
    first = [fault.fault for scenario in drawn[1:3] for fault in scenario.faults]
    assert first == [
        "misplaced_part",
        "lying_gripper",
        "stale_safety",
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
    assert "--seed 1" in said.err


def test_simulate_names_a_file_that_is_not_there_and_one_with_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("simulate", "--scenario", str(tmp_path / "none.yaml")) == 1
    assert "not there" in capsys.readouterr().err
    file = tmp_path / "s.yaml"
    file.write_text("product: gear_reducr\n", encoding="utf-8")
    assert run("simulate", "--scenario", str(file)) == 1
    assert "gear_reducer" in capsys.readouterr().err
