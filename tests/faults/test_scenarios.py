"""Scenarios: whatever goes wrong, a unit ends done or for a named reason, and the ledger is never wrong in silence.

The real camera and the real vision judge. `make soak` runs a thousand seeds, `make test` ten of them.
"""

from __future__ import annotations

import asyncio
import gc
import os
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.audit import Audit
from orchestrator.adapters.sim.fault_spec import FAULT_NAMES, FaultSpec
from orchestrator.adapters.sim.hands import Slip
from orchestrator.adapters.sim.premises import Premises
from orchestrator.adapters.sim.scenario import Expect, Scenario, WorkerSpec, random_scenario, read_scenario
from orchestrator.adapters.sim.worker import Habits, SimWorker
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.cli.places import settings
from orchestrator.cli.simulation import simulate
from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import StepStatus
from orchestrator.core.ports import Check
from orchestrator.core.settings import Settings
from tests.unit.cell_bench import ROOT, bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.cli.simulation import Report

SOAK = bool(os.environ.get("TANDEM_SOAK"))
SEEDS = range(1, 1001) if SOAK else range(1, 11)
FILES = sorted((ROOT / "tests" / "scenarios").glob("*.yaml"))
SAMPLE = {"misplaced_part", "silent_controller", "slow_network"}
STACK = Scenario(product="stack", options={"pin": "steel"})
MOTIONS = (
    "fetch base",
    "grip base",
    "lift base",
    "bring base",
    "set base down",
    "let go of base",
    "fetch pin steel",
    "bring pin steel",
    "press pin steel",
    "let go of pin steel",
    "fetch cap",
    "bring cap",
    "bring the driver over cap/middle",
    "go home",
)
BINS = ("bases", "pins_steel", "caps")


@pytest.fixture(scope="module")
def shipped_vision() -> Iterator[VisionOpen3D]:
    eyes = VisionOpen3D(ROOT / "instructions")
    yield eyes
    asyncio.run(eyes.close())


def run(folder: Path, vision: VisionOpen3D, scenario: Scenario) -> Report:
    base = Settings(instructions=folder, cell=folder / "cell.yaml", skills=ROOT / "skills")
    report = run_virtual(lambda: simulate(base, scenario, vision=vision))
    gc.collect()  # a cell is a web of cycles: a thousand of them must not wait for the collector's own time
    return report


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_scenario_ends_done_or_for_a_named_reason(folder: Path, vision: VisionOpen3D, seed: int) -> None:
    report = run(folder, vision, random_scenario(seed, STACK, MOTIONS, BINS))
    assert report.failures == ()
    assert report.claims > 0 or report.units[0].how != "done"


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_scenario_files_end_as_they_say(shipped_vision: VisionOpen3D, file: Path) -> None:
    scenario = read_scenario(file)
    if not SOAK and file.stem not in SAMPLE:
        return  # read, and run by `make soak`
    base = settings(scenario.cell, data=None)
    report = run_virtual(lambda: simulate(base, scenario, vision=shipped_vision))
    assert report.failures == ()


ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "dropped_part": {"motion": "bring base", "after_s": 0.5},
    "empty_bin": {"bin": "bases"},
    "misplaced_part": {"part": "base", "by_mm": (0, 5, 0), "on": "check_requested", "step": "load"},
    "lying_gripper": {"says": False, "motion": "lift base", "lasts_s": 4},
    "protective_stop": {"motion": "bring base", "after_s": 0.5},
    "emergency_stop": {"motion": "bring pin steel", "after_s": 0.3},
    "silent_controller": {"motion": "fetch base", "deaf": True},
    "camera_blackout": {"on": "check_requested", "lasts_s": 25},
    "stale_safety": {"motion": "bring base", "after_s": 0.5},
    "slow_network": {"delay_s": 5, "lasts_s": 600},
    "device": {"device": "driver", "does": "cross_threaded", "times": 3},
}


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_each_fault_strikes_and_the_unit_is_built_all_the_same(folder: Path, vision: VisionOpen3D, name: str) -> None:
    fault = FaultSpec.model_validate({"fault": name, **ONE_OF_EACH[name]})
    undisturbed = run(folder, vision, STACK)
    report = run(folder, vision, STACK.model_copy(update={"faults": (fault,), "expect": Expect(ends=("done",))}))
    assert report.failures == ()
    assert [struck.fault for struck in report.struck] == [name]
    assert report.sha256 != undisturbed.sha256  # it made a difference


def test_the_same_seed_gives_the_same_journal_whatever_goes_wrong(folder: Path, vision: VisionOpen3D) -> None:
    worker = WorkerSpec(slips=0.3, help=0.2, away=0.2)
    faults = (
        FaultSpec(fault="slow_network", delay_s=2, lasts_s=30),
        FaultSpec(fault="misplaced_part", part="base", on="check_requested"),
        FaultSpec(fault="emergency_stop", motion="bring pin steel", after_s=0.2),
    )
    scenario = STACK.model_copy(update={"worker": worker, "faults": faults, "seed": 5})
    same = {run(folder, vision, scenario).sha256 for _ in range(100 if SOAK else 2)}
    other = run(folder, vision, scenario.model_copy(update={"seed": 6}))
    assert len(same) == 1
    assert other.sha256 not in same


@pytest.mark.parametrize("by_mm", [(1.7, 0, 0), (2, 0, 0), (0, -2.5, 0)])
def test_a_knock_too_small_for_the_eye_is_seen_before_the_unit_leaves(
    folder: Path, vision: VisionOpen3D, by_mm: tuple[float, float, float]
) -> None:
    fault = FaultSpec(fault="misplaced_part", part="cap", by_mm=by_mm, on="step_started", step="tighten")
    report = run(folder, vision, STACK.model_copy(update={"faults": (fault,), "expect": Expect(ends=("done",))}))
    assert report.failures == ()
    assert report.wrong == ()


def test_a_run_that_hangs_says_what_it_waits_for(
    folder: Path, vision: VisionOpen3D, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WorkerSpec, "habits", Habits())  # nobody sees to the stop
    fault = FaultSpec(fault="emergency_stop", motion="bring base", after_s=0.3)
    report = run(folder, vision, STACK.model_copy(update={"faults": (fault,)}))
    assert not report.ok
    assert report.hang.startswith("nothing happens")
    assert "the cell is aborted" in report.hang
    assert "release it at the cell" in report.hang
    assert report.units[0].how == "stuck"


@pytest.mark.parametrize(
    ("slip", "step", "verdicts"),
    [
        (Slip.OFF, "cap", {"displaced"}),
        (Slip.WRONG_PART, "cap", {"wrong", "missing", "cannot_see"}),
        (Slip.FORGOT, "cap", {"missing"}),
        (Slip.UPSIDE_DOWN, "pin", {"flipped", "wrong", "cannot_see"}),  # from above it looks like the other pin
    ],
)
def test_every_slip_is_really_made_and_really_found(
    folder: Path, vision: VisionOpen3D, slip: Slip, step: str, verdicts: set[str]
) -> None:
    async def main() -> None:
        async with bench(folder, vision=vision) as cell:
            made: list[str] = []

            def once(_unit: str, at: str) -> Slip | None:
                if made or (at or "cap") != step:
                    return None
                made.append(at)
                return slip

            worker = SimWorker(
                cell.cell.desk, "front", seed=1, habits=Habits(tends=True), premises=Premises(cell.cell.world)
            )
            cell.workers.append(asyncio.create_task(worker.run()))
            cell.cell.people.slip = once
            await cell.change(cmd.CellVerb.START)
            await cell.do(cmd.RefillBin(bin="pins_brass", count=0))  # so that a person places the pin
            await cell.order(pin="brass")
            await cell.step_is(step, StepStatus.DONE)
            assert len(made) == 1
            first = cell.all("check_ended", step=step)[0]
            assert first.measured.verdict in verdicts
            assert cell.all("step_failed", step=step)
            last = cell.all("check_ended", step=step)[-1]
            assert last.measured.verdict == "ok"

    run_virtual(main)


def test_the_referee_sees_a_part_that_was_knocked_after_its_last_check(folder: Path) -> None:
    """The camera can't see it any more, and the worker does not look: the audit must not be blind as well."""

    async def main() -> None:
        vision = SimVision()
        async with bench(folder, vision=vision) as cell:
            audit = Audit(cell.cell.world)
            cell.cell.people.witness = audit.observe
            await cell.begin()
            await cell.step_is("tighten", StepStatus.DONE)
            assert audit.claims == 3
            assert audit.wrong == []
            vision.script = [Check("cannot_see", reason="a hand", visible=0.1)] * 3
            cell.cell.world.displace(cell.bodies("cap")[0], Pose((0.005, 0.0, 0.0)))
            await cell.ended()
            assert vision.script == []
            assert [(found.part, found.away_mm) for found in audit.wrong] == [("u1/cap", pytest.approx(5.0, abs=0.3))]

    run_virtual(main)
