"""The arm is brought to poses around a board while a button is held, and hand and eye are calibrated from there."""

from __future__ import annotations

import asyncio
import math
from itertools import count
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.calibration.fit import apart
from orchestrator.adapters.calibration.store import CalibrationStore
from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.errors import TandemError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellVerb, Mode
from orchestrator.core.ports import JOG_M_S, JOG_RENEW_S, Safety
from orchestrator.engine.nominal import Nobody
from tests.unit.cell_bench import Bench, authored, bench

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from orchestrator.engine.calibrating import DriveView, SessionView
    from orchestrator.engine.drive import Driven

ANA = cmd.Who(name="ana", role="programmer")
BEN = cmd.Who(name="ben", role="worker")
DOWN = Pose.from_rpy((0.0, 0.0, 0.0), (math.pi, 0.0, 0.0)).q
THERE = Pose((0.45, 0.0, 0.4), DOWN)
FAR = Pose((3.0, 0.0, 0.4), DOWN)
ERROR = Pose.from_rpy((0.003, -0.002, 0.004), (0.01, -0.008, 0.012))
CAMERAS = (
    "{wrist: {on: flange, at: {xyz_mm: [80, 0, 20], rpy_deg: [0, 0, 90]}, model: structured_light, "
    "calibration: {max_age_h: 8}}, "
)
ERRORS = "adapters: {camera_sim: {wrist: {xyz_mm: [3, -2, 4], rpy_deg: [0.573, -0.458, 0.688]}}, robot_sim: {seed: 1}}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small product's cell, with a camera on the flange that is some millimetres from where it is believed."""
    out = authored(tmp_path_factory.mktemp("wrist"))
    file = out / "cell.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace("cameras: {", f"cameras: {CAMERAS}").replace("adapters: {robot_sim: {seed: 1}}", ERRORS)
    file.write_text(text, encoding="utf-8")
    return out


@pytest.fixture
def played(folder: Path) -> Callable[[Callable[[Bench], Awaitable[None]]], None]:
    """Play a story in a cell in manual mode; in the end nothing moves and nothing is left."""

    def play(story: Callable[[Bench], Awaitable[None]]) -> None:
        async def main() -> None:
            async with bench(folder) as cell:
                await cell.do(cmd.SetMode(mode=Mode.MANUAL))
                await story(cell)
            assert not cell.cell.robot.state.value.moving
            assert asyncio.all_tasks() == {asyncio.current_task()}

        run_virtual(main)

    return play


async def hold(cell: Bench, press: str = "p1", to: Pose = THERE, by: cmd.Who = ANA) -> Driven:
    return await cell.cell.desk._by_hand.drives.hold(press, to, by, cell.now)


async def held(cell: Bench, press: str = "p1", to: Pose = THERE, for_s: float = 60.0) -> Driven:
    """Hold a button for a while, or until the press is over."""
    for _ in range(round(for_s / 0.1)):
        driven = await hold(cell, press, to)
        if driven.state != "moving":
            return driven
        await asyncio.sleep(0.1)
    return driven


async def stands(cell: Bench) -> bool:
    await asyncio.sleep(0.5)  # it brakes within its limits
    before = cell.cell.robot.state.value.joints
    await asyncio.sleep(0.5)
    return cell.cell.robot.state.value.joints == before and cell.state.manual is None


def test_the_arm_gets_there_while_the_button_is_held_and_slowly(played) -> None:
    async def story(cell: Bench) -> None:
        fastest, last = 0.0, (cell.now, cell.cell.robot.state.value.tcp.p)

        def reading(state) -> None:
            nonlocal fastest, last
            if state.stamp - last[0] >= 0.1:
                fastest = max(fastest, math.dist(state.tcp.p, last[1]) / (state.stamp - last[0]))
                last = (state.stamp, state.tcp.p)

        cell.cell.robot.state.listen(reading)
        driven = await held(cell)
        assert driven.state == "arrived"
        assert math.dist(cell.cell.robot.state.value.tcp.p, THERE.p) < 1e-3
        assert 0.02 < fastest < JOG_M_S
        (started,) = cell.all("manual_started")
        assert (started.what, started.by, started.press, started.to) == ("drive", "ana", "p1", THERE)
        assert cell.all("manual_ended")[0].outcome == "succeeded"
        assert (await hold(cell)).state == "arrived"  # and stays so, without another motion
        assert len(cell.all("manual_started")) == 1

    played(story)


def test_letting_go_stops_it_and_a_late_renewal_starts_nothing(played) -> None:
    async def story(cell: Bench) -> None:
        await held(cell, for_s=1.5)
        assert cell.cell.robot.state.value.moving
        await cell.cell.desk._by_hand.drives.release("p1", ANA)
        assert await stands(cell)
        assert math.dist(cell.cell.robot.state.value.tcp.p, THERE.p) > 0.05
        late = await hold(cell)
        assert (late.state, late.code) == ("over", "released")
        assert await stands(cell)
        assert (await held(cell, "p2")).state == "arrived"

    played(story)


def test_a_lost_device_stops_it(played) -> None:
    async def story(cell: Bench) -> None:
        await held(cell, for_s=1.5)
        assert cell.cell.robot.state.value.moving
        ended = await cell.event("manual_ended", code="not_renewed")
        assert cell.now - cell.state.t < JOG_RENEW_S
        assert ended.outcome == "aborted"  # type: ignore[union-attr] # its event
        assert await stands(cell)
        assert (await hold(cell)).code == "not_renewed"

    played(story)


def test_a_release_that_overtakes_its_press_keeps_the_arm_still(played) -> None:
    async def story(cell: Bench) -> None:
        await cell.cell.desk._by_hand.drives.release("p1", ANA)
        assert (await hold(cell)).state == "over"
        assert await stands(cell)
        assert cell.all("manual_started") == []

    played(story)


@pytest.mark.parametrize("what", ["mode", "stop", "safety", "emergency"])
def test_whatever_stops_a_jog_stops_a_drive(played, what: str) -> None:
    async def story(cell: Bench) -> None:
        await held(cell, for_s=1.5)
        assert cell.cell.robot.state.value.moving
        if what == "mode":
            await cell.do(cmd.SetMode(mode=Mode.PRODUCTION))
        elif what == "stop":
            await cell.ask(cmd.ChangeCell(verb=CellVerb.STOP, reason="test"))
        else:
            safety = Safety.PROTECTIVE_STOP if what == "safety" else Safety.EMERGENCY_STOP
            await cell.cell.runner.ask(cmd.ReportSafety(safety=safety))
        driven = await held(cell, for_s=2.0)
        assert driven.state == "over"
        assert await stands(cell)
        assert math.dist(cell.cell.robot.state.value.tcp.p, THERE.p) > 0.05

    played(story)


def test_who_may_not_and_what_can_not_be_is_said(played) -> None:
    async def story(cell: Bench) -> None:
        assert (await hold(cell, "a", by=BEN)).code == "denied"
        far = await held(cell, "b", FAR)
        assert (far.state, far.code) == ("over", "no_plan")
        await cell.do(cmd.SetMode(mode=Mode.PRODUCTION))
        assert (await hold(cell, "c")).code == "interlock"
        assert await stands(cell)

    played(story)


def test_two_can_not_drive_at_once(played) -> None:
    async def story(cell: Bench) -> None:
        await held(cell, for_s=0.5)
        other = await hold(cell, "q", by=cmd.Who(name="eve", role="programmer"))
        assert (other.state, other.code) == ("over", "interlock")
        assert (await held(cell)).state == "arrived"

    played(story)


# ---- hand and eye ------------------------------------------------------------------------------------------------


async def driven(cell: Bench, session: SessionView, press: str) -> DriveView:
    calibrating = cell.cell.desk.calibrating
    assert calibrating is not None
    for _ in range(600):
        view = await calibrating.drive(session.id, press, ANA)
        if view.state != "moving":
            return view
        await asyncio.sleep(0.1)
    raise AssertionError("it never got there")


def test_a_camera_on_the_flange_is_found_by_driving_around_a_board(folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with bench(folder, vision=Nobody(), data=tmp_path / "data") as cell:
            calibrating = cell.cell.desk.calibrating
            assert calibrating is not None
            with pytest.raises(TandemError, match="stands still"):
                await calibrating.begin("top", "hand_eye", "", ANA)
            session = await calibrating.begin("wrist", "hand_eye", "", ANA)
            assert session.places == ("nest_1",)
            first = await calibrating.drive(session.id, "early", ANA)
            assert (first.state, first.code) == ("over", "interlock")  # not in production mode
            await cell.do(cmd.SetMode(mode=Mode.MANUAL))
            ends = []
            for number in count():
                if not session.wants or number == 20:
                    break
                view = await driven(cell, session, f"p{number}")
                ends.append(view.state)
                if view.state == "arrived":
                    session = await calibrating.take(session.id, "", ANA)
            print(f"\n{ends.count('arrived')} of {len(ends)} poses reached, {len(session.taken)} pictures")
            assert len(session.taken) >= 9
            session = await calibrating.compute(session.id, ANA)
            assert session.found is not None
            figures = {figure.name: figure.value for figure in session.found.figures}
            print(figures, session.found.moved_mm, session.found.moved_deg)
            assert figures["rms_px"] < 0.5
            store = CalibrationStore(tmp_path / "data" / "calibration")
            assert store.current("wrist") is None, "nothing counts before it is accepted"
            seen = await calibrating.accept(session.id, ANA)
            assert seen.parts == ("hand_eye",)
            current = store.current("wrist")
            assert current is not None
            off_mm, off_deg = apart(current.pose, cell.state.spec.cameras["wrist"].at @ ERROR)
            print(f"found to {off_mm:.2f} mm, {off_deg:.3f}° (before {apart(Pose(), ERROR)[0]:.2f} mm)")
            assert off_mm < 0.5
            assert off_deg < 0.1
            assert {e.what for e in cell.all("manual_started")} == {"drive"}
            assert not cell.cell.robot.state.value.moving

    run_virtual(main)


def test_discarding_lets_the_arm_go(folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with bench(folder, vision=Nobody(), data=tmp_path / "data") as cell:
            calibrating = cell.cell.desk.calibrating
            assert calibrating is not None
            session = await calibrating.begin("wrist", "hand_eye", "", ANA)
            await cell.do(cmd.SetMode(mode=Mode.MANUAL))
            for _ in range(15):
                assert (await calibrating.drive(session.id, "p", ANA)).state == "moving"
                await asyncio.sleep(0.1)
            with pytest.raises(TandemError, match="moves the robot by hand"):
                await calibrating.take(session.id, "", ANA)
            await calibrating.discard(session.id, ANA)
            assert await stands(cell)
            with pytest.raises(TandemError, match="over"):
                await calibrating.drive(session.id, "p", ANA)

    run_virtual(main)
