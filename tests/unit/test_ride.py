"""Looks that the arm moves for, in the embedded cell: its own camera is brought there, or it goes out of the way."""

from __future__ import annotations

import asyncio
import math
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import Autonomy, CellVerb, Mode, StepStatus
from orchestrator.core.ports import Check, Move, Safety
from tests.unit.cell_bench import authored, bench
from tests.unit.test_eyes import TOP, Told, cell_with

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.unit.cell_bench import Bench

WRIST = "wrist: {on: flange, at: {xyz_mm: [80, 0, 20], rpy_deg: [0, 0, 90]}, model: structured_light}"
VIEW = "frames: {above: {xyz_mm: [0, 80, 300], rpy_deg: [180, 0, -90]}}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small product, whose base is looked at from the wrist, in a cell with two cameras."""
    root = authored(tmp_path_factory.mktemp("authored"))
    file = root / "stack" / "procedure.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("opening_mm: 60}}\n", f"opening_mm: 60}}}}\n    {VIEW}\n", 1)
    look = "look: {camera: wrist, from: base/above}"
    text = text.replace("robot: pick_place, time_s: 10}", f"robot: pick_place, {look}, time_s: 10}}")
    file.write_text(text, encoding="utf-8")
    cell_with(root, WRIST, TOP)
    return root


def riding(
    folder: Path, test: Callable[[Bench, Told], Awaitable[None]], vision: Told | None = None, **more: Any
) -> Bench:
    """Run a cell whose first result is looked at from the wrist."""
    seen = vision or Told()

    async def main() -> Bench:
        async with bench(folder, vision=seen, cell_file=folder / "eyes.yaml", **more) as cell:
            await test(cell, seen)
            return cell

    return run_virtual(main)


async def away(cell: Bench) -> None:
    """Wait until the arm is on its way to the look."""
    await cell.begin(worker=False)
    await cell.in_motion("look at base")


def test_the_arm_brings_its_camera_to_the_result_stands_while_it_looks_and_goes_home(folder: Path) -> None:
    async def test(cell: Bench, vision: Told) -> None:
        await cell.begin(worker=False)
        await cell.event("look_started", step="load")
        assert cell.state.doing("robot") is not None
        ended = await cell.event("check_ended", step="load")
        assert vision.seen == ["wrist"]
        assert cell.cell.robot.state.value.joints == pytest.approx(cell.cell.robot.capabilities.home, abs=1e-6)
        times = {item.event.motion: item.t for item in cell.fresh if item.event.type == "motion_ended"}
        ride = f"{ended.effect}/m1"  # type: ignore[union-attr] # its event
        shot_t = ended.measured.shot_t  # type: ignore[union-attr] # its event
        assert times[ride] + 0.08 <= shot_t <= times[f"{ended.effect}/m2"]  # type: ignore[union-attr] # its event

    cell = riding(folder, test)
    assert cell.step("load").status == StepStatus.DONE
    texts = [event.text for event in cell.all("motion_intended") if "/ride" in event.effect]
    assert texts == ["look at base", "go home"]


def test_it_really_sees_the_part_from_there(folder: Path) -> None:
    """The picture is the simulated camera's own: where the arm holds it, the part is in its middle."""

    async def test(cell: Bench, vision: Told) -> None:
        shots: list[Any] = []
        cameras: dict[str, Any] = cell.cell.cameras  # type: ignore[assignment] # the bench put a blind one in
        real = cameras["wrist"]._camera

        class Kept:
            async def shoot(self) -> Any:
                shots.append(await real.shoot())
                return shots[-1]

        cameras["wrist"] = Kept()
        await cell.begin(worker=False)
        await cell.step_is("load", StepStatus.DONE)
        (shot,) = shots
        base = cell.state.world.pose("u1/base")
        assert base is not None
        x, y, z = shot.pose.inverse().apply(base.apply((0.0, 0.0, 0.03)))
        u, v = shot.intrinsics.fx * x / z + shot.intrinsics.cx, shot.intrinsics.fy * y / z + shot.intrinsics.cy
        assert (u, v) == pytest.approx((shot.intrinsics.cx, shot.intrinsics.cy), abs=5)
        assert shot.depth_m[round(v) - 60, round(u) + 60] == pytest.approx(z, abs=0.003)

    riding(folder, test)


def test_a_hold_on_the_way_stops_the_arm_and_the_look_is_taken_up_again_after(folder: Path) -> None:
    async def test(cell: Bench, vision: Told) -> None:
        await away(cell)
        await cell.change(CellVerb.HOLD)
        assert not cell.cell.robot.state.value.moving
        assert cell.step("load").ride == "wanted"
        assert vision.seen == []
        await asyncio.sleep(30.0)
        assert not cell.cell.robot.state.value.moving
        await cell.change(CellVerb.UNHOLD)
        await cell.step_is("load", StepStatus.DONE)
        assert vision.seen == ["wrist"]

    cell = riding(folder, test)
    assert [event.effect for event in cell.all("look_broken_off")] == ["u1/load/1/look1/ride1"]
    (ended,) = cell.all("check_ended", step="load")
    assert ended.effect == "u1/load/1/look1/ride2"


def test_an_arm_that_meets_something_on_its_way_to_a_look_sets_out_again_by_a_persons_word_alone(folder: Path) -> None:
    async def test(cell: Bench, vision: Told) -> None:
        await away(cell)
        cell.cell.robot.trip(Safety.PROTECTIVE_STOP)
        await cell.event("step_failed", step="load", code="protective_stop", answer="ask")
        await cell.settled()
        assert not cell.cell.robot.state.value.moving
        await cell.do(cmd.Acknowledge())
        await cell.until(lambda state: state.safety == Safety.NORMAL)
        await cell.change(CellVerb.UNHOLD)
        await cell.do(cmd.Choose(unit="u1", step="load", attempt=1, choice="recheck"))
        await cell.step_is("load", StepStatus.DONE)
        assert vision.seen == ["wrist"]

    riding(folder, test)


def test_the_way_to_a_look_is_approved_as_any_other_motion(folder: Path) -> None:
    async def test(cell: Bench, vision: Told) -> None:
        await cell.begin(worker=False)
        await cell.event("look_started", step="load")
        await cell.do(cmd.SetAutonomy(autonomy=Autonomy.APPROVE))
        proposed = await cell.event("motion_proposed", text="look at base")
        await asyncio.sleep(100.0)
        assert vision.seen == []
        assert cell.cell.desk.screen.topics["lane/robot"].status == "waiting"  # type: ignore[union-attr] # a lane
        await cell.do(cmd.ApproveMotion(motion=proposed.motion))  # type: ignore[union-attr] # its event
        back = await cell.event("motion_proposed", text="go home")
        assert vision.seen == ["wrist"]
        await cell.do(cmd.ApproveMotion(motion=back.motion))  # type: ignore[union-attr] # its event
        await cell.step_is("load", StepStatus.DONE)

    riding(folder, test)


def test_the_robots_lane_says_what_it_looks_at(folder: Path) -> None:
    async def test(cell: Bench, _vision: Told) -> None:
        await away(cell)
        lane: Any = cell.cell.desk.screen.topics["lane/robot"]
        assert (lane.status, lane.unit, lane.step) == ("working", "u1", "load")
        assert lane.intent.text == {"en": "looks at Base", "de": "sieht sich Sockel an"}

    riding(folder, test)


def test_an_arm_that_stands_in_its_own_cameras_way_says_so(folder: Path, tmp_path: Path) -> None:
    """From there the arm reaches over with its elbow below the camera."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "stack" / "procedure.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[0, 80, 300], rpy_deg: [180, 0, -90]", "[-80, 0, 300], rpy_deg: [180, 0, 0]"))

    async def test(cell: Bench, vision: Told) -> None:
        await cell.begin(worker=False)
        await cell.step_is("load", StepStatus.ATTENTION)
        assert vision.seen == []
        assert "From there the arm itself is in the way of wrist." in cell.step("load").message
        assert cell.cell.robot.state.value.joints == pytest.approx(cell.cell.robot.capabilities.home, abs=1e-6)

    riding(tmp_path, test)


def test_a_taught_pose_is_gone_to_as_it_was_taught(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "stack" / "procedure.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("from: base/above", "from: over_base"), encoding="utf-8")
    taught = (2.5, -1.6, 1.7, -1.67, -1.57, -0.5)

    async def test(cell: Bench, vision: Told) -> None:
        here = cell.cell.robot.state.value
        await cell.do(cmd.SetMode(mode=Mode.MANUAL))
        await cell.do(cmd.TeachFrame(name="over_base", tcp=here.tcp, joints_rad=taught, opening_m=here.opening_m))
        await cell.do(cmd.SetMode(mode=Mode.PRODUCTION))
        await cell.begin(worker=False)
        stood: list[tuple[float, ...]] = []
        leave = cell.cell.robot.state.listen(lambda reading: stood.append(reading.joints))
        await cell.step_is("load", StepStatus.DONE)
        leave()
        assert min(max(abs(a - b) for a, b in zip(joints, taught, strict=True)) for joints in stood) < 1e-6
        assert vision.seen == ["wrist"]

    riding(tmp_path, test)


def test_a_place_that_nobody_has_taught_is_a_question(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "stack" / "procedure.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("from: base/above", "from: over_base"), encoding="utf-8")

    async def test(cell: Bench, vision: Told) -> None:
        await cell.begin(worker=False)
        await cell.step_is("load", StepStatus.ATTENTION)
        assert "It is not known where over_base is." in cell.step("load").message
        assert vision.seen == []

    riding(tmp_path, test)


def test_a_place_that_the_arm_can_not_reach_is_a_question(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "stack" / "procedure.yaml"
    text = file.read_text(encoding="utf-8")
    assert "[0, 80, 300]" in text
    file.write_text(text.replace("[0, 80, 300]", "[0, 80, 3000]"), encoding="utf-8")

    async def test(cell: Bench, vision: Told) -> None:
        await cell.begin(worker=False)
        await cell.step_is("load", StepStatus.ATTENTION)
        assert cell.step("load").code == "cannot_see"
        assert vision.seen == []
        assert cell.all("motion_intended", text="look at base") == []

    riding(tmp_path, test)


def test_a_camera_that_can_not_tell_from_there_brings_the_arm_home_and_asks(folder: Path) -> None:
    async def test(cell: Bench, vision: Told) -> None:
        await cell.begin(worker=False)
        await cell.step_is("load", StepStatus.ATTENTION)
        assert vision.seen == ["wrist", "wrist"]
        assert cell.step("load").message == "The camera can't see it: It shines."
        assert cell.cell.robot.state.value.joints == pytest.approx(cell.cell.robot.capabilities.home, abs=1e-6)

    riding(folder, test, Told(wrist=Check("cannot_see", reason="It shines.")))


def test_the_last_look_moves_nothing_where_another_camera_sees_it(folder: Path) -> None:
    async def test(cell: Bench, vision: Told) -> None:
        await cell.begin()
        await cell.ended()
        assert cell.record()["state"] == "done"
        again = [event for event in cell.log if event.type == "recheck_ended" and event.step == "load"]
        assert [event.measured.verdict for event in again] == ["ok"]
        assert len(cell.all("look_started")) == 1
        assert vision.seen.count("wrist") == 1

    riding(folder, test)


def test_a_cell_that_closes_on_the_way_stands(folder: Path) -> None:
    async def test(cell: Bench, _vision: Told) -> None:
        await away(cell)

    cell = riding(folder, test)
    assert not cell.cell.robot.state.value.moving


def plain(folder: Path, tmp_path: Path) -> Path:
    """Return the product without a look from the wrist, in the same cell."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "stack" / "procedure.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("look: {camera: wrist, from: base/above}, ", ""), encoding="utf-8")
    return tmp_path


async def stand_over_the_nest(cell: Bench) -> None:
    """Let the base be looked at again while the arm stands between the camera and it."""
    await cell.begin(worker=False)
    await cell.step_is("load", StepStatus.ATTENTION)
    robot = cell.cell.robot
    over = Pose.from_rpy((0.45, -0.15, 0.40), (math.pi, 0.0, 0.0))
    await cell.change(CellVerb.STOP)  # while it executes, an arm that moves unasked is stopped
    assert (await robot.execute(await robot.plan([Move(over)])).result()).ok
    await cell.do(cmd.Acknowledge())
    await cell.change(CellVerb.RESET, CellVerb.START)


def test_an_arm_in_the_way_with_nothing_to_do_goes_home_and_the_camera_looks(folder: Path, tmp_path: Path) -> None:
    async def test(cell: Bench, vision: Told) -> None:
        await stand_over_the_nest(cell)
        vision.verdicts.clear()
        await cell.do(cmd.Choose(unit="u1", step="load", attempt=1, choice="recheck"))
        began = cell.now
        await cell.step_is("load", StepStatus.DONE)
        assert cell.now - began < 10.0
        assert cell.cell.robot.state.value.joints == pytest.approx(cell.cell.robot.capabilities.home, abs=1e-6)

    cell = riding(plain(folder, tmp_path), test, Told(top=Check("cannot_see", reason="It shines.")))
    (blocked,) = cell.all("look_blocked")
    rode = [event.text for event in cell.all("motion_intended") if "/ride" in event.effect]
    assert rode == ["go home"]
    motions = {item.event.motion: item.t for item in cell.fresh if item.event.type == "motion_ended"}
    last = cell.all("check_ended", step="load")[-1]
    assert last.measured.shot_t >= motions[f"{blocked.effect}/ride1/m1"]


def test_a_held_cell_moves_nothing_out_of_the_cameras_way(folder: Path, tmp_path: Path) -> None:
    async def test(cell: Bench, vision: Told) -> None:
        await stand_over_the_nest(cell)
        await cell.change(CellVerb.HOLD)
        before = cell.cell.robot.state.value.joints
        vision.verdicts.clear()
        await cell.do(cmd.Choose(unit="u1", step="load", attempt=1, choice="recheck"))
        await asyncio.sleep(90.0)
        assert cell.cell.robot.state.value.joints == before
        assert cell.step("load").ride == "wanted"
        await cell.change(CellVerb.UNHOLD)
        await cell.step_is("load", StepStatus.DONE)

    riding(plain(folder, tmp_path), test, Told(top=Check("cannot_see", reason="It shines.")))
