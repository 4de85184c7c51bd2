"""Skills that use devices: what they measure is the step's value, and cancelled at any time they can be run again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.devices_spec import ScaleSpec
from orchestrator.core.errors import NotFound
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellState, CellVerb, OrderVerb
from orchestrator.core.world import CELL
from orchestrator.engine.attempt import Attempt
from orchestrator.engine.equipment import Equipment
from orchestrator.engine.library import check
from orchestrator.engine.registry import Registry
from tests.unit.cell_bench import BOSS, ROOT, Bench, authored, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PROCEDURE = """\
defaults: {on_fail: [ask]}
parts:
  base: {mass_kg: 0.3, grasps: {sides: {xyz_mm: [0, 0, 15], rpy_deg: [180, 0, 0], opening_mm: 60}}}
  label: {once: true, flexible: true}
steps:
- {id: load, after: [], result: {part: base, at: nest_1}, check: person, robot: pick_place, time_s: 10}
- {id: weigh, result: {at: nest_1, values: {mass_kg: {is: 0.3, within: 0.01}}}, tool: scale, robot: weigh, time_s: 3}
- {id: print, result: {part: label, at: printer}, robot: {print_label: {template: plate}}, time_s: 3}
- {id: scan, result: {at: printer, values: {code: {scan: $serial}}}, tool: reader, robot: scan, time_s: 3}
- {id: unload, result: {part: base, at: out}, check: person, human: true, time_s: 12}
"""
OWN_SKILLS = '''\
from orchestrator.skill import Cell, SkillFailed, Target, skill


@skill("gated")
async def gated(cell: Cell, at: Target) -> None:
    """Clamp what stands at a target behind a locked gate, and let it go again."""
    gate = cell.io("gate")
    await gate.write(lock=True)
    await gate.wait("closed", timeout_s=20)
    vice = cell.clamp(at)
    if not await vice.close():
        raise SkillFailed("nothing_there", "The vice closed on nothing.")
    if not await vice.closed() or not await gate.read("lock"):
        raise SkillFailed("unlocked", "That should not be.")
    await vice.open()
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid_out(tmp_path_factory.mktemp("authored"))


def laid_out(folder: Path, procedure: str = PROCEDURE) -> Path:
    """Lay out a product that uses the devices of the small cell."""
    authored(folder)
    (folder / "stack" / "procedure.yaml").write_text(procedure)
    return folder


@asynccontextmanager
async def running(folder: Path, *, worker: bool = True, **more: object) -> AsyncIterator[Bench]:
    """Run the cell with one order of the product, started."""
    async with bench(folder, **more) as cell:  # type: ignore[arg-type] # as bench has them
        if worker:
            cell.work()
        await cell.change(CellVerb.START)
        assert (await cell.cell.desk.store_order("o", "stack", {}, 1, None, BOSS)).ok
        await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
        yield cell


def test_devices_in_a_procedure_pass_the_check(folder: Path) -> None:
    problems = check(folder, folder / "cell.yaml", Registry(ROOT / "skills").parameters())
    assert [str(p) for p in problems if p.severity == "error"] == []


def test_what_devices_measure_is_the_steps_values(folder: Path) -> None:
    async def main() -> None:
        async with running(folder) as cell:
            await cell.event("skill_ended", step="scan")
            ended = {event.step: event.values for event in cell.all("skill_ended")}
            assert ended["weigh"]["mass_kg"] == pytest.approx(0.3, abs=0.003)
            assert ended["scan"] == {"code": "u1"}
            assert ended["print"] == {}  # the step asks for no value
            assert {e.step: e.evidence for e in cell.all("step_done")}["weigh"] == ("values",)
            (label,) = cell.bodies("label")
            moved = cell.all("part_moved", part="u1/label", what="placed")[0]
            assert (moved.holder, moved.frame) == (CELL, "printer")
            assert cell.cell.world.pose(label).p == pytest.approx(moved.pose.p)

    run_virtual(main)


CUTS = [
    (step, after_s)
    for step, lasts_s in (("weigh", 1.2), ("print", 1.5), ("scan", 0.4))
    for after_s in (0, 0.5 * lasts_s, lasts_s - 1e-6, lasts_s)
]


@pytest.mark.parametrize(("step", "after_s"), CUTS)
def test_cancelled_at_any_time_and_run_again_device_skills_reach_their_result(
    folder: Path, step: str, after_s: float
) -> None:
    async def main() -> None:
        async with running(folder) as cell:
            await cell.event("step_started", step=step)
            await asyncio.sleep(after_s)
            await cell.do(cmd.ChangeCell(verb=CellVerb.HOLD))
            await cell.until(lambda state: state.cell == CellState.HELD)
            await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.ended()
            assert cell.record()["state"] == "done"
            assert {e.code for e in cell.all("step_failed")} <= {"canceled"}
            assert cell.cell.world._made["label"] == 1

    run_virtual(main)


@pytest.mark.parametrize(
    ("device", "fault", "step", "code"),
    [
        ("scale", "drifts", "weigh", "value"),
        ("scale", "hangs", "weigh", "timeout"),
        ("printer", "empty", "print", "empty"),
        ("printer", "jammed", "print", "jammed"),
        ("printer", "offline", "print", "offline"),
        ("reader", "reads_nothing", "scan", "no_read"),
        ("reader", "reads_wrong", "scan", "value"),
    ],
)
def test_a_device_that_fails_is_a_question_with_a_name_and_a_retry_mends_it(
    folder: Path, device: str, fault: str, step: str, code: str
) -> None:
    async def main() -> None:
        async with running(folder) as cell:
            cell.cell.devices.set_fault(device, fault, times=1)
            failed = await cell.event("step_failed", step=step)
            assert failed.code == code  # type: ignore[union-attr] # its event
            assert failed.message  # type: ignore[union-attr] # its event
            await cell.ended()  # the simulated worker chooses to retry
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_a_skill_of_ones_own_clamps_and_waits_for_signals(tmp_path: Path) -> None:
    step = "- {id: clamp, result: {at: nest_1, values: {clamped: true}}, robot: gated, time_s: 3}\n"
    laid_out(tmp_path, PROCEDURE.replace("- {id: weigh", f"{step}- {{id: weigh"))
    skills = tmp_path / "skills"
    skills.mkdir()
    (skills / "gated.py").write_text(OWN_SKILLS)
    for file in (ROOT / "skills").glob("*.py"):
        (skills / file.name).write_text(file.read_text())

    async def main() -> None:
        async with running(tmp_path, skills=skills) as cell:
            await cell.event("step_started", step="clamp")
            first = await cell.event("step_failed", step="clamp")
            assert first.code == "no_signal"  # type: ignore[union-attr] # its event
            assert "within 20 s" in first.message  # type: ignore[union-attr] # its event
            await cell.event("step_started", step="clamp")
            cell.cell.devices.set_input("gate", "closed", value=True)
            await cell.event("skill_ended", step="clamp")
            assert (await cell.cell.devices.read("vice")).values == {"clamped": False, "part": True}
            assert (await cell.cell.devices.read("gate")).values == {"closed": True, "lock": True}

    run_virtual(main)


def test_a_hold_during_clamping_leaves_the_clamp_as_it_was(tmp_path: Path) -> None:
    step = "- {id: clamp, result: {at: nest_1, values: {clamped: true}}, robot: gated, time_s: 3}\n"
    laid_out(tmp_path, PROCEDURE.replace("- {id: weigh", f"{step}- {{id: weigh"))
    skills = tmp_path / "skills"
    skills.mkdir()
    for file in (ROOT / "skills").glob("*.py"):
        (skills / file.name).write_text(file.read_text())
    (skills / "gated.py").write_text(OWN_SKILLS)

    async def main() -> None:
        async with running(tmp_path, skills=skills) as cell:
            cell.cell.devices.set_input("gate", "closed", value=True)
            await cell.event("step_started", step="clamp")
            await asyncio.sleep(0.3)  # it is closing
            await cell.change(CellVerb.HOLD)
            await asyncio.sleep(5)
            assert (await cell.cell.devices.read("vice")).values["clamped"] is False
            await cell.do(cmd.ChangeCell(verb=CellVerb.UNHOLD))
            await cell.ended()
            assert cell.record()["state"] == "done"

    run_virtual(main)


def test_undeclared_values_of_a_driver_do_not_get_into_the_record(tmp_path: Path) -> None:
    async def main(declared: bool) -> dict[str, object]:
        folder = authored(tmp_path / str(declared))
        if declared:
            procedure = folder / "stack" / "procedure.yaml"
            values = "torque_Nm: {is: 5, within: 0.5}, angle_deg: {min: 900, max: 1300}"
            procedure.write_text(procedure.read_text().replace("torque_Nm: {is: 5, within: 0.5}", values))
            cell_file = folder / "cell.yaml"
            cell_file.write_text(cell_file.read_text().replace("[2, 40]}", "[2, 40], angle_deg: [0, 5000]}"))
        async with bench(folder) as cell:
            await cell.begin()
            await cell.ended()
            return dict(cell.all("skill_ended", step="tighten")[0].values)

    assert set(run_virtual(lambda: main(declared=False))) == {"torque_Nm"}
    assert set(run_virtual(lambda: main(declared=True))) == {"torque_Nm", "angle_deg"}


@pytest.mark.parametrize(("off_m", "code"), [(0.0035, "cross_threaded"), (0.006, "no_screw"), (None, "no_screw")])
def test_a_screw_that_was_knocked_aside_is_not_tightened(tmp_path: Path, off_m: float | None, code: str) -> None:
    async def main() -> None:
        async with bench(authored(tmp_path)) as cell:
            await cell.begin()
            await cell.event("step_started", step="tighten")
            (cap,) = cell.bodies("cap")
            if off_m is None:
                cell.cell.world.remove(cap)
            else:
                cell.cell.world.displace(cap, Pose((off_m, 0.0, 0.0)))
            failed = await cell.event("step_failed", step="tighten")
            assert failed.code == code  # type: ignore[union-attr] # its event
            assert failed.remedy  # type: ignore[union-attr] # its event

    run_virtual(main)


def test_a_device_that_a_skill_names_wrongly_is_refused(folder: Path) -> None:
    async def main() -> None:
        async with running(folder, worker=False) as cell:
            await cell.event("step_started", step="load")
            attempt = object.__new__(Attempt)
            attempt.unit, attempt._runner = "u1", cell.cell.runner
            equipment = Equipment(attempt)
            with pytest.raises(NotFound, match=r"clamp 'vise'.*vice"):
                equipment.clamp("vise")
            with pytest.raises(NotFound, match=r"scale 'vice'.*scale"):
                equipment._named("vice", ScaleSpec)

    run_virtual(main)
