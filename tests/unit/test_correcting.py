"""Live looks at a part that a person moves: what they say, when they end, and that nothing waits for them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.hands import Slip
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.core import commands as cmd
from orchestrator.core.corrections import Correction
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellState, CellVerb, StepStatus
from orchestrator.core.ports import Box, Check
from orchestrator.engine.correcting import LEASE_S, PERIOD_S
from tests.unit.cell_bench import authored, bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from orchestrator.core.ports import CheckRequest, Shot
    from orchestrator.wire import LiveLook
    from tests.unit.cell_bench import Bench

PIN = Correction("front", "u1", "pin", 1)
TABLET = object()
BY_ROBOT = "robot: {insert: {force_N: 15}}, human: true"


class Watched(SimVision):
    """Vision that holds each live look back until `gate` opens; `looks` counts those that were asked for."""

    def __init__(self, *, open_: bool = True) -> None:
        super().__init__()
        self.looks = 0
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()
        if open_:
            self.gate.set()

    async def check(self, request: CheckRequest, shot: Shot) -> Check:
        if request.effect.endswith("/glance"):
            self.looks += 1
            self.begun.set()
            await self.gate.wait()
        return await super().check(request, shot)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small product, whose pin a person fits."""
    folder = authored(tmp_path_factory.mktemp("authored"))
    procedure = folder / "stack" / "procedure.yaml"
    text = procedure.read_text(encoding="utf-8")
    assert BY_ROBOT in text
    procedure.write_text(text.replace(BY_ROBOT, "human: true").replace("{robot: 10, human: 14}", "14"), "utf-8")
    return folder


@asynccontextmanager
async def at_the_pin(folder: Path, *, quantity: int = 1, **more: Any) -> AsyncIterator[Bench]:
    """Run the cell until Kim at the front is at the first unit's pin."""
    async with bench(folder, **more) as cell:
        await cell.do(cmd.JoinPlace(place="front", operator="kim"))
        await cell.begin(quantity, worker=False)
        await cell.step_is("pin", StepStatus.ACTIVE)
        yield cell


def follow(cell: Bench, of: Correction = PIN, who: object = TABLET) -> None:
    cell.cell.desk.correcting.follow(who, of)


def shown(cell: Bench) -> LiveLook | None:
    frames = [frame.look for frame in cell.cell.desk.poses() if frame.look is not None]
    return frames[0] if frames else None


async def look_is(cell: Bench, right: Callable[[LiveLook], bool]) -> LiveLook:
    """Wait until a live look says so."""
    for _ in range(200):
        look = shown(cell)
        if look is not None and right(look):
            return look
        await asyncio.sleep(PERIOD_S / 10)
    raise AssertionError(f"the looks never said that; the last one: {shown(cell)}")


async def put_beside(cell: Bench, x_mm: float, y_mm: float = 0.0) -> str:
    """Have Kim say that the pin is in, and put it beside its place; returns the true pin's id."""
    cell.cell.people.slip = lambda _unit, _step: Slip.OFF
    key = {"unit": "u1", "step": "pin", "attempt": 1}
    await cell.do(cmd.ConfirmStep(**key, place="front", operator="kim"))
    await cell.until(lambda state: state.units["u1"].steps["pin"].attempt == 2)
    (pin,) = cell.bodies("pin_steel")
    seat = cell.state.result_pose("u1", cell.state.variant_of("u1").by_id["pin"])
    assert seat is not None
    move(cell, pin, seat, x_mm, y_mm)
    return pin


def move(cell: Bench, pin: str, seat: Pose, x_mm: float, y_mm: float = 0.0) -> None:
    """Move the true pin to so far beside its seat."""
    wanted = Pose((seat.p[0] + x_mm / 1000, seat.p[1] + y_mm / 1000, seat.p[2]), seat.q)
    here = cell.cell.world.pose(pin)
    cell.cell.world.displace(pin, Pose(tuple(a - b for a, b in zip(wanted.p, here.p, strict=True))))  # type: ignore[arg-type]


def seat_of(cell: Bench) -> Pose:
    seat = cell.state.result_pose("u1", cell.state.variant_of("u1").by_id["pin"])
    assert seat is not None
    return seat


def again(cell: Bench) -> Correction:
    """The attempt at the pin that there is now."""
    return PIN._replace(attempt=cell.step("pin").attempt)


def test_it_follows_the_part_from_missing_over_beside_to_within(folder: Path) -> None:
    async def main() -> None:
        async with at_the_pin(folder, vision=Watched()) as cell:
            assert cell.card().live
            follow(cell)
            assert (await look_is(cell, lambda look: look.verdict == "missing")).text["de"] == "Es ist noch nicht da."
            pin = await put_beside(cell, 2.1)
            follow(cell, again(cell))
            off = await look_is(cell, lambda look: look.verdict == "displaced")
            assert off.offset_mm == pytest.approx((2.1, 0.0, 0.0), abs=0.01)
            move(cell, pin, seat_of(cell), 1.4, -0.8)
            nearer = await look_is(cell, lambda look: look.verdict == "displaced" and look.offset_mm != off.offset_mm)
            assert nearer.offset_mm == pytest.approx((1.4, -0.8, 0.0), abs=0.01)
            move(cell, pin, seat_of(cell), 0.1)
            within = await look_is(cell, lambda look: look.verdict == "ok")
            assert within.offset_mm == pytest.approx((0.1, 0.0, 0.0), abs=0.01)
            assert cell.step("pin").status == StepStatus.ACTIVE, "the real check decides"

    run_virtual(main)


def test_it_is_there_as_well_while_the_step_asks_what_is_to_be_done(folder: Path) -> None:
    async def main() -> None:
        async with at_the_pin(folder, vision=Watched()) as cell:
            pin = await put_beside(cell, 2.1)
            key = {"unit": "u1", "step": "pin", "attempt": 2}
            await cell.do(cmd.ConfirmStep(**key, place="front", operator="kim"))
            await cell.step_is("pin", StepStatus.ATTENTION)
            assert cell.card().live
            follow(cell, again(cell))
            await look_is(cell, lambda look: look.verdict == "displaced")
            move(cell, pin, seat_of(cell), 0.0)
            await look_is(cell, lambda look: look.verdict == "ok")
            await cell.do(cmd.Choose(**key, choice="recheck"))
            await cell.step_is("pin", StepStatus.DONE)
            assert shown(cell) is None

    run_virtual(main)


def test_looks_write_nothing_and_come_once_a_second(folder: Path) -> None:
    async def main() -> None:
        vision = Watched()
        async with at_the_pin(folder, vision=vision) as cell:
            await cell.until(lambda state: not state.motions)
            before = cell.state.seq
            for _ in range(6):
                follow(cell)
                await asyncio.sleep(LEASE_S / 2)
            assert cell.state.seq == before
            assert 3 * LEASE_S / PERIOD_S / 2 < vision.looks <= 3 * LEASE_S / PERIOD_S

    run_virtual(main)


def test_they_end_with_the_step(folder: Path) -> None:
    async def main() -> None:
        vision = Watched()
        async with at_the_pin(folder, vision=vision) as cell:
            follow(cell)
            await look_is(cell, lambda look: look.verdict != "")
            await cell.do(cmd.ConfirmStep(unit="u1", step="pin", attempt=1, place="front", operator="kim"))
            assert shown(cell) is None
            asked = vision.looks
            follow(cell)  # a screen that has not heard of it yet
            await asyncio.sleep(3 * PERIOD_S)
            assert (shown(cell), vision.looks) == (None, asked)

    run_virtual(main)


@pytest.mark.parametrize("goes", ["leaves", "falls silent", "signs out"])
def test_they_end_when_the_device_or_the_person_goes(folder: Path, goes: str) -> None:
    async def main() -> None:
        vision = Watched()
        async with at_the_pin(folder, vision=vision) as cell:
            follow(cell)
            await look_is(cell, lambda look: look.verdict != "")
            if goes == "leaves":
                cell.cell.desk.correcting.leave(TABLET)
            elif goes == "signs out":
                await cell.do(cmd.LeavePlace(place="front"))
            else:
                await asyncio.sleep(LEASE_S)
            assert shown(cell) is None
            asked = vision.looks
            await asyncio.sleep(3 * PERIOD_S)
            assert vision.looks == asked

    run_virtual(main)


def test_two_screens_share_one_look_until_the_last_has_gone(folder: Path) -> None:
    async def main() -> None:
        vision = Watched()
        async with at_the_pin(folder, vision=vision) as cell:
            other = object()
            follow(cell)
            follow(cell, who=other)
            await asyncio.sleep(5 * PERIOD_S)
            assert vision.looks <= 5
            cell.cell.desk.correcting.leave(TABLET)
            assert shown(cell) is not None
            cell.cell.desk.correcting.leave(other)
            assert shown(cell) is None

    run_virtual(main)


def test_a_check_goes_first_though_a_look_hangs(folder: Path) -> None:
    async def main() -> None:
        vision = Watched(open_=False)
        async with at_the_pin(folder, vision=vision, quantity=2) as cell:
            follow(cell)
            await vision.begun.wait()
            while shown(cell) is not None and not cell.all("check_ended", unit="u2", step="load"):
                follow(cell)
                await asyncio.sleep(PERIOD_S)
            ended = cell.all("check_ended", unit="u2", step="load")[0]
            assert ended.measured.verdict == "ok"
            vision.gate.set()
            follow(cell)
            await look_is(cell, lambda look: look.verdict == "missing")

    run_virtual(main)


def test_it_says_so_while_a_check_goes_first(folder: Path) -> None:
    held = asyncio.Event()

    class Slow(Watched):
        async def check(self, request: CheckRequest, shot: Shot) -> Check:
            if request.part.id == "u2/base":
                await held.wait()
            return await super().check(request, shot)

    async def main() -> None:
        async with at_the_pin(folder, vision=Slow(), quantity=2) as cell:
            await cell.event("skill_ended", unit="u2", step="load")
            follow(cell)
            assert (await look_is(cell, lambda look: look.paused)).verdict == ""
            held.set()
            await look_is(cell, lambda look: look.verdict == "missing" and not look.paused)

    run_virtual(main)


def test_a_stop_does_not_wait_for_a_look(folder: Path) -> None:
    async def main() -> None:
        vision = Watched(open_=False)
        async with at_the_pin(folder, vision=vision) as cell:
            follow(cell)
            await vision.begun.wait()
            before = cell.now
            await cell.change(CellVerb.STOP)
            assert cell.state.cell == CellState.STOPPED
            assert cell.now - before < LEASE_S

    run_virtual(main)


def test_it_names_what_hides_the_part(folder: Path) -> None:
    async def main() -> None:
        vision = Watched()
        async with at_the_pin(folder, vision=vision) as cell:
            reasons = {
                "Only 12% of u1/pin_steel is in view: u1/base hides it.": "Sockel verdeckt es.",
                "Only 12% of u1/pin_steel is in view: something nearer to the camera hides it.": (
                    "Etwas davor verdeckt es: vielleicht eine Hand."
                ),
                "The robot's arm is in the way of top.": "Der Arm des Roboters verdeckt es.",
                "u1/pin_steel explains what is there in part only.": "Es ist nichts sicher zu erkennen.",
            }
            for reason, said in reasons.items():
                vision.script = [Check("cannot_see", reason=reason)] * 40
                follow(cell)
                look = await look_is(cell, lambda look, said=said: look.text.get("de") == said)  # type: ignore[misc]
                assert (look.verdict, look.offset_mm) == ("cannot_see", None)
                vision.script = []

    run_virtual(main)


def test_a_camera_without_a_picture_costs_one_look(folder: Path) -> None:
    async def main() -> None:
        async with at_the_pin(folder, vision=Watched()) as cell:
            top = cell.cell.cameras["top"]
            shoot = top.shoot

            async def broken() -> Shot:
                raise VisionError("The camera top gives no picture.", remedy="Check its cable and power.")

            top.shoot = broken  # type: ignore[method-assign] # a camera that is broken
            follow(cell)
            look = await look_is(cell, lambda look: look.verdict == "cannot_see")
            assert look.text["en"] == "The camera gives no picture."
            top.shoot = shoot  # type: ignore[method-assign]
            follow(cell)
            await look_is(cell, lambda look: look.verdict == "missing")

    run_virtual(main)


def test_a_turn_that_is_too_much_is_said_and_a_small_one_is_not(folder: Path) -> None:
    from orchestrator.core.geometry import Deviation

    async def main() -> None:
        vision = Watched()
        async with at_the_pin(folder, vision=vision) as cell:
            off = Deviation((0.0002, 0.0, 0.0), (0.0, 0.2, 0.001))
            vision.script = [Check("displaced", off, visible=1.0)] * 40
            follow(cell)
            look = await look_is(cell, lambda look: look.verdict == "displaced")
            assert look.turn_deg == pytest.approx((0.0, 11.46, 0.06), abs=0.01)
            vision.script = [Check("displaced", Deviation((0.004, 0.0, 0.0), (0.0, 0.001, 0.0)), visible=1.0)] * 40
            await look_is(cell, lambda look: look.turn_deg is None and look.offset_mm == (4.0, 0.0, 0.0))

    run_virtual(main)


@pytest.mark.parametrize(
    "of", [PIN._replace(step="load"), PIN._replace(attempt=2), PIN._replace(place="back"), PIN._replace(unit="u9")]
)
def test_nothing_else_is_followed(folder: Path, of: Correction) -> None:
    async def main() -> None:
        vision = Watched()
        async with at_the_pin(folder, vision=vision) as cell:
            follow(cell)
            follow(cell, of)  # instead of the first
            await asyncio.sleep(3 * PERIOD_S)
            assert shown(cell) is None

    run_virtual(main)


def test_the_cell_s_own_cameras_measure_it_and_keep_nothing(folder: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with at_the_pin(folder, own_vision=True, data=tmp_path) as cell:
            pin = await put_beside(cell, 2.4, -1.0)
            kept = sorted((tmp_path / "evidence").rglob("*"))
            follow(cell, again(cell))
            off = await look_is(cell, lambda look: look.verdict == "displaced")
            assert off.offset_mm == pytest.approx((2.4, -1.0, 0.0), abs=0.6)
            follow(cell, again(cell))
            move(cell, pin, seat_of(cell), 0.0)
            await look_is(cell, lambda look: look.verdict == "ok")
            hand = cell.cell.world.add("hand", Box((0.12, 0.12, 0.02)), Pose((*seat_of(cell).p[:2], 0.25)))
            follow(cell, again(cell))
            hidden = await look_is(cell, lambda look: look.verdict == "cannot_see")
            assert hidden.text["en"] == "Something in front of it hides it: a hand, perhaps."
            cell.cell.world.remove(hand)
            await look_is(cell, lambda look: look.verdict == "ok")
            assert sorted((tmp_path / "evidence").rglob("*")) == kept

    run_virtual(main)
