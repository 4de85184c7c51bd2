"""Every shipped skill, cancelled at each of its awaits and run again: its result is true, or a person is told why.

Awaits that last, as those for a motion do, are cancelled as they begin and halfway through. A new skill file is found
here by itself. Where its parameters need values that are not guessed, the suite says so.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import multiprocessing
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose, deviation
from orchestrator.core.machine import CellState, CellVerb, StepStatus
from orchestrator.core.ports import Box, Move
from orchestrator.engine.registry import Registry
from orchestrator.engine.requirements import PLACE
from orchestrator.engine.trial import TRIED
from tests.unit.cell_bench import ROOT, Bench, authored, bench, shipped
from tests.unit.skill_watch import ledger_is_true, watched
from tests.unit.test_skills_devices import laid_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from orchestrator.core.state import State, StepState
    from orchestrator.engine.registry import Skill

REGISTRY = Registry(ROOT / "skills")
SOAK = bool(os.environ.get("TANDEM_SOAK"))
# What skills are tried with on the small product: by parameter, `at` for skills without a part; and by skill, where
# that is not what the skill is for.
GUESSED = {"part": "base", "tool": "driver", "torque_Nm": "5", "at": "base/bore"}
GIVEN = {
    "insert": {"part": "pin_steel"},
    "hand_over": {"part": "cap"},
    "present": {"part": "cap"},
    "print_label": {"part": "label", "template": "plate"},
    "scan": {"tool": "reader"},
    "screw": {"at": "cap/middle"},
    "weigh": {"tool": "scale"},
}
OF_DEVICES = frozenset({"print_label", "scan", "weigh"})  # tried on a product that has a label
# The same on the shipped product, by `make soak` alone.
SHIPPED_GUESSED = {"part": "housing", "tool": "driver", "torque_Nm": "8", "at": "cover_blind/hole_1"}
SHIPPED_GIVEN = {
    "insert": {"part": "bearing.upper"},
    "hand_over": {"part": "cover_blind"},
    "present": {"part": "gear_shaft_5"},
    "hold_for": {"part": "gear_shaft_5"},
    "pick": {"part": "screw"},
}
LABEL = Box((0.03, 0.02, 0.001))
SHOPS = ("small", "shipped") if SOAK else ("small",)
SAMPLES = None if SOAK else 8  # of the moments of each skill that are tried; None: all
LASTS_S = 0.01  # an await of less is over at once
TRUE_M, TRUE_RAD = 0.002, 0.03
LIFTED_M = 0.05  # a part stands 10 mm above the table in its bin
PLACED = frozenset({"part_at", "part_handed"})


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """The small product, and by True the one with devices."""
    lay_out = {False: authored, True: laid_out}
    return {devices: lay(tmp_path_factory.mktemp("authored")) for devices, lay in lay_out.items()}


def given(skill: Skill, shop: str) -> dict[str, str]:
    """The parameters that a skill is tried with."""
    guessed, for_skill = (GUESSED, GIVEN) if shop == "small" else (SHIPPED_GUESSED, SHIPPED_GIVEN)
    chosen = {name: guessed[name] for name in skill.required if name in guessed} | for_skill.get(skill.name, {})
    if "part" in chosen and "at" not in for_skill.get(skill.name, {}):
        chosen.pop("at", None)  # where the procedure puts the part
    unknown = set(skill.required) - set(chosen) - {"at"}
    if unknown:
        pytest.fail(
            f"{skill.file}: say in GIVEN of {__file__} what {', '.join(sorted(unknown))} of {skill.name} shall be, "
            "so that it is cancelled here like the others."
        )
    return chosen


@dataclass(frozen=True)
class Cut:
    """A moment to call a skill off: so long (s) after the suspension of that number, the first is 1."""

    number: int
    after_s: float = 0.0


@dataclass
class Tried:
    """How a trial ended, and when (s) the skill was suspended in its first run."""

    suspended_s: list[float]
    step: StepState


def shop_bench(shop: str, folder: Path) -> AbstractAsyncContextManager[Bench]:
    return bench(folder) if shop == "small" else shipped()


async def try_out(cell: Bench, skill: Skill, shop: str, patch: pytest.MonkeyPatch, cut: Cut | None) -> Tried:
    """Run a skill alone; called off at the `cut` of its first run, looked at, and let go on."""
    runs: list[list[float]] = []
    cut_off: list[Cut] = []
    loop = asyncio.get_running_loop()

    def call_off(cut: Cut) -> None:
        if cut_off or len(runs) > 1 or len(runs[0]) != cut.number:
            return
        cut_off.append(cut)
        cell.cell.runner.post(cmd.ChangeCell(verb=CellVerb.HOLD))

    def hook(name: str, count: int) -> None:
        if name != skill.name:
            return
        if count == 1:
            runs.append([])
        runs[-1].append(loop.time())
        if cut is not None and len(runs) == 1 and count == cut.number:
            if cut.after_s:
                loop.call_later(cut.after_s, call_off, cut)
            else:
                call_off(cut)

    watched(patch, hook)
    if skill.name == "scan":
        cell.cell.world.add("label", LABEL, cell.state.spec.frames["printer"], mark="u1")
    elif "part" not in skill.parameters.model_fields and skill.name not in OF_DEVICES:
        await away_from_home(cell)
    cell.work()
    await cell.change(CellVerb.START)
    await cell.until(lambda state: bool(state.places))
    idle = tasks()
    await cell.attempt(skill.name, given(skill, shop))
    if cut is not None:
        await cell.until(lambda state: bool(cut_off) and state.cell == CellState.HELD)
        assert not cell.cell.robot.state.value.moving
        assert tasks() <= idle, "something is left of the skill that was called off"
        ledger_is_true(cell)
        await cell.change(CellVerb.UNHOLD)
    await cell.until(lambda state: ended(state) is not None, timeout_s=3600)
    step = ended(cell.state)
    assert step is not None
    await asyncio.sleep(0)
    assert tasks() <= idle, "something is left of the skill that has ended"
    return Tried([*runs[0], loop.time()], step)


async def away_from_home(cell: Bench) -> None:
    robot = cell.cell.robot
    await robot.ready()
    above = Pose((0.45, 0.0, 0.3), (0.0, 1.0, 0.0, 0.0))
    assert (await robot.execute(await robot.plan((Move(above),))).result()).ok


def ended(state: State) -> StepState | None:
    """The step that runs the skill, once it is done or a person must decide; or one before it that went wrong."""
    for unit in state.units.values():
        for name, step in unit.steps.items():
            if step.status == StepStatus.ATTENTION or (name == TRIED and step.status == StepStatus.DONE):
                return step
    return None


def tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


def result_is_true(cell: Bench, skill: Skill) -> None:
    """What the skill says to leave is so in the true world, whatever the ledger believes."""
    variant = cell.state.variant_of("u1")
    result, world, robot = variant.by_id[TRIED].result, cell.cell.world, cell.cell.robot
    bodies = cell.bodies(result.kind) if result.kind else []
    leaves = skill.promise.leaves
    if "gripper_empty" in leaves:
        assert world.held is None
    if "part_held" in leaves:
        assert world.held in bodies
        assert world.pose(world.held or "").p[2] > LIFTED_M
    if PLACED & set(leaves):
        fact = cell.state.world.get(f"u1/{result.part}")
        assert fact is not None
        if "part_at" in leaves:
            assert not fact.holder.startswith(PLACE)
        if fact.holder.startswith(PLACE):
            assert [world.body(body).parent for body in bodies] == ["hands"]
        else:
            nominal = cell.state.result_pose("u1", variant.by_id[TRIED])
            assert nominal is not None
            symmetry = variant.parts[result.kind or ""].symmetry_z
            off = [deviation(world.pose(body), nominal, symmetry_z=symmetry) for body in bodies]
            near = min(off, key=lambda found: math.hypot(*found.xyz_m))
            assert math.hypot(*near.xyz_m) < TRUE_M
            assert math.hypot(*near.rot_rad) < TRUE_RAD
    if result.part is not None:
        assert len(bodies) == 1, "more than one part was taken for one result"
    if "arm_home" in leaves:
        home = robot.capabilities.home
        assert max(abs(a - b) for a, b in zip(robot.state.value.joints, home, strict=True)) < 1e-3
    ledger_is_true(cell)


def moments(folder: Path, skill: Skill, shop: str) -> list[Cut]:
    """When a skill can be called off, by an undisturbed run of it, whose result is true."""
    cuts: list[Cut] = []

    async def main() -> None:
        async with shop_bench(shop, folder) as cell:
            tried = await try_out(cell, skill, shop, patch, None)
            assert tried.step.status == StepStatus.DONE, cell.story()
            result_is_true(cell, skill)
            for number, (begins, ends) in enumerate(itertools.pairwise(tried.suspended_s), start=1):
                cuts.append(Cut(number))
                if ends - begins > LASTS_S:
                    cuts.append(Cut(number, (ends - begins) / 2))

    with pytest.MonkeyPatch.context() as patch:
        run_virtual(main)
    return cuts


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """No thread and no process is left behind."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
    assert multiprocessing.active_children() == []


def sampled(cuts: list[Cut]) -> list[Cut]:
    """All of them, or some from the first to the last."""
    if SAMPLES is None or len(cuts) <= SAMPLES:
        return cuts
    return [cuts[round(n * (len(cuts) - 1) / (SAMPLES - 1))] for n in range(SAMPLES)]


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("name", "shop"),
    [(name, shop) for name in sorted(REGISTRY.all()) for shop in SHOPS if shop == "small" or name not in OF_DEVICES],
)
def test_cancelled_at_every_await_and_run_again_its_result_is_true(
    folders: dict[bool, Path], name: str, shop: str
) -> None:
    skill = REGISTRY.get(name)
    folder = folders[name in OF_DEVICES]

    async def main(cut: Cut, patch: pytest.MonkeyPatch) -> None:
        async with shop_bench(shop, folder) as cell:
            tried = await try_out(cell, skill, shop, patch, cut)
            if tried.step.status == StepStatus.DONE:
                result_is_true(cell, skill)
            else:
                assert tried.step.code, cell.story()
                assert tried.step.remedy, f"{tried.step.code}: nobody is told what to do"
                ledger_is_true(cell)
                named.append(f"{cut}: {tried.step.code} {tried.step.message}")
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert left == set()

    named: list[str] = []
    for cut in sampled(moments(folder, skill, shop)):
        with pytest.MonkeyPatch.context() as patch:
            run_virtual(lambda cut=cut, patch=patch: main(cut, patch))  # type: ignore[misc] # bound at once
    assert named == []  # none of the shipped skills needs a person because of a hold
