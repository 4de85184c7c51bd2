"""A unit of the shipped product, its robot over ROS 2, and what of its journal must be the same anywhere."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellVerb, OrderVerb
from orchestrator.core.ports import Safety
from tests.unit.cell_bench import BOSS, ROOT, bench, shipped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from orchestrator.adapters.ros2.link import Link
    from orchestrator.core.events import Event
    from orchestrator.core.ports import Clock
    from tests.unit.cell_bench import Bench

KEPT = (
    "step",
    "motion",
    "actors",
    "outcome",
    "code",
    "evidence",
    "what",
    "holder",
    "frame",
    "attempt",
    "values",
    "state",
)
SIM = "robot: {model: ur5e,"
ROS2 = """robot: {adapter: ros2, model: ur5e,"""
ADAPTERS = "adapters: {robot_sim: {seed: 1}}"
SETTINGS = """adapters:
  robot_sim: {seed: 1}
  robot_ros2:
    rehearsal: true
    safety: {source: topic, release: release}
    gripper: {joint: finger_joint, open: 0.0425, closed: 0.0}
"""


def cell_file(folder: Path, *, simulated: bool = False, moveit: bool = False) -> Path:
    """Write the demo's cell with a ROS 2 robot, whose time may be a simulator's, and which MoveIt may move."""
    settings = (
        SETTINGS + ("    use_sim_time: true\n" if simulated else "") + ("    execute: moveit\n" if moveit else "")
    )
    text = (ROOT / "launch" / "cells" / "demo.yaml").read_text(encoding="utf-8")
    assert text.count(SIM) == 1
    assert text.count(ADAPTERS) == 1
    path = folder / "demo.yaml"
    path.write_text(text.replace(SIM, ROS2).replace(ADAPTERS, settings), encoding="utf-8")
    return path


def ros2_cell(
    folder: Path,
    link: Callable[[Clock], Link] | None,
    *,
    simulated: bool = False,
    moveit: bool = False,
    **more: Any,
) -> AbstractAsyncContextManager[Bench]:
    """Run the demo's cell with a ROS 2 robot behind a link, rclpy's where none is given."""
    file = cell_file(folder, simulated=simulated, moveit=moveit)
    return bench(ROOT / "instructions", cell_file=file, link=link, **more)


async def in_the_embedded_cell() -> dict[str, list[Any]]:
    """Build a unit in the embedded cell, and return what its journal says of it."""
    async with shipped() as cell:
        return await built(cell)


async def built(cell: Bench) -> dict[str, list[Any]]:
    """Build one unit with simulated workers, and return what the journal says of it."""
    options = {name: values[0] for name, values in cell.cell.desk.library.procedure("gear_reducer").options.items()}
    answer = await cell.cell.desk.store_order("o", "gear_reducer", options, 1, None, BOSS)
    assert answer.ok, answer.message
    cell.work()
    await cell.until(lambda state: state.safety is Safety.NORMAL)  # unknown where compiling held the loop up
    await cell.do(cmd.ChangeCell(verb=CellVerb.START, reason="test"), cmd.ChangeOrder(order="o", verb=OrderVerb.START))
    await cell.ended(timeout_s=900.0)
    return told(cell.log)


def told(log: Sequence[Event]) -> dict[str, list[Any]]:
    """Return what a journal says of each step, motion and part, in order: who, how it ended, what was seen, where.

    What was measured is left out, and of steps that run at the same time which came first.
    """
    out: dict[str, list[Any]] = defaultdict(list)
    for event in log:
        fields = event.model_dump(mode="json")
        about = fields.get("part") or fields.get("step") or fields.get("effect") or ""
        if not about:
            continue
        kept = {key: fields[key] for key in KEPT if fields.get(key)}
        seen = (fields.get("measured") or {}).get("verdict")
        out[about].append((event.type, kept, seen))
    return {about: sorted(told, key=_rechecks_last) for about, told in out.items()}


def _rechecks_last(entry: tuple[str, Any, Any]) -> bool:
    return entry[0].startswith("recheck")
