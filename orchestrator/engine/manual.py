"""Moving the robot by hand: presses of jog buttons and their renewals, the gripper, and what is taught."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError
from orchestrator.core.interlock import why_not_manual
from orchestrator.core.ports import JOG_RENEW_S, Grip, Outcome, Twist
from orchestrator.engine.drive import Drives
from orchestrator.engine.gate import stand
from orchestrator.engine.handling import STROKE_M, Handling
from orchestrator.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.ports import Motion, Robot
    from orchestrator.core.react import RunManual
    from orchestrator.core.variant import PartSpec
    from orchestrator.engine.runner import Runner

PRESSES = 256  # that are remembered, so that a renewal which comes late can't start anything
LAPSED = Outcome(
    "aborted", "not_renewed", f"The jog was not renewed for {JOG_RENEW_S:g} s.", "Keep the connection, and press again."
)
OVER = Outcome("rejected", "stale", "This press is over.", "Press again.")


@dataclass
class _Press:
    """A press of a jog button: what it wishes now, since when (s, loop), its motion, and how it ended."""

    twist: Twist
    t_s: float
    asking: bool = True  # until the core has judged it
    motion: Motion | None = None
    ended: Outcome | None = None


class Manual:
    """Motions by hand of one robot. Who may move is the core's to say; renewals are no commands."""

    def __init__(self, runner: Runner, robot: Robot, kinds: Mapping[str, PartSpec]) -> None:
        self._runner = runner
        self._robot = robot
        self._kinds = kinds
        self._presses: OrderedDict[tuple[str, str], _Press] = OrderedDict()
        self.drives = Drives(runner, robot)

    async def jog(self, press: str, twist: Twist, by: cmd.Who, t: float) -> Answer:
        """Begin or renew a press; a twist of zero releases it. Once a press has ended it stays so, and says why."""
        now_s = asyncio.get_running_loop().time()
        key = (by.name, press)
        known = self._presses.get(key)
        if known is None:
            mine = self._presses[key] = _Press(twist, now_s)
            while len(self._presses) > PRESSES:
                self._presses.popitem(last=False)
            if twist.zero:  # the release overtook its press
                mine.ended = Outcome("succeeded")
                return _said(press, mine.ended)
            request = cmd.Request(id=f"jog-{press}@{by.name}"[:120], by=by, t=t, command=cmd.StartJog(press=press))
            answer = await self._runner.submit(request)
            mine.asking = False
            if not answer.ok:
                mine.ended = Outcome("rejected", answer.code, answer.message, answer.remedy)
            elif not self._moves(key):
                mine.ended = mine.ended or OVER
            return _said(press, mine.ended)
        if not known.asking and not self._moves(key):
            known.ended = known.ended or OVER  # called off before it began
        if known.ended is not None:
            return _said(press, Outcome("succeeded") if twist.zero else known.ended)
        known.twist, known.t_s = twist, now_s
        if known.motion is not None:
            renewed = self._robot.jog(Twist() if self._reasons(key) else twist)
            if renewed is not known.motion:  # that one has just ended, and no other may begin in its place
                await renewed.cancel()
                known.ended = known.ended or OVER
        return _said(press, known.ended)

    async def perform(self, effect: RunManual) -> cmd.EndManual:
        """Perform a motion by hand; being cancelled, it returns when the arm stands."""
        press = self._presses.get((effect.by, effect.press)) if effect.what == "jog" else None
        outcome = Outcome("canceled", "canceled", "The motion was called off.")
        try:
            outcome = await self._motion(effect, press)
        except asyncio.CancelledError:
            pass  # it stands, or has not begun
        except RobotError as error:
            outcome = Outcome("rejected", error.code, error.message, error.remedy)
        finally:
            if press is not None:
                press.motion, press.ended = None, outcome
            if effect.what == "drive":
                self.drives.end(effect, outcome)
        tcp = self._robot.state.value.tcp.rounded()
        return cmd.EndManual(
            motion=effect.id, outcome=outcome.kind, code=outcome.code, message=outcome.message[:2000], tcp=tcp
        )

    async def teach(self, name: str, relative_to: str, by: cmd.Who, t: float) -> Answer:
        """Keep where the TCP is, under a name. Raises RobotError while the arm moves."""
        reading = self._robot.state.value
        if reading.moving:
            raise RobotError("The arm moves.", remedy="Teach where it stands.", code="moving")
        command = cmd.TeachFrame(
            name=name,
            relative_to=relative_to,
            tcp=reading.tcp,
            joints_rad=reading.joints,
            opening_m=reading.opening_m,
        )
        return await self._runner.submit(cmd.Request(id=f"teach-{name}@{t:.6f}", by=by, t=t, command=command))

    async def _motion(self, effect: RunManual, press: _Press | None) -> Outcome:
        robot = self._robot
        if not robot.state.value.program_running:
            await robot.ready()
        home = robot.capabilities.home
        around = Handling(self._runner.state, "", robot.state.value.tcp, home, self._kinds).scene()
        await robot.sync_scene(around)
        if reasons := why_not_manual(self._runner.state, motion=effect.id):
            return Outcome("rejected", "interlock", "The robot may not be moved by hand now.", " ".join(reasons))
        if effect.what == "drive":
            return await self.drives.perform(effect)
        if effect.what != "jog":
            close = effect.what == "close"
            return await self._stood(robot.grip(Grip(close=close, opening_m=0.0 if close else STROKE_M)))
        if press is None or asyncio.get_running_loop().time() - press.t_s > JOG_RENEW_S:
            return LAPSED
        if press.twist.zero:
            return Outcome("succeeded")
        press.motion = robot.jog(press.twist)
        return await self._stood(press.motion)

    async def _stood(self, motion: Motion) -> Outcome:
        try:
            return await motion.result()
        except asyncio.CancelledError:
            return await stand(motion, self._robot.stop)

    def _moves(self, key: tuple[str, str]) -> bool:
        """Whether the motion by hand that is under way belongs to this press."""
        moving = self._runner.state.manual
        return moving is not None and (moving.by, moving.press) == key

    def _reasons(self, key: tuple[str, str]) -> tuple[str, ...]:
        state = self._runner.state
        mine = state.manual.id if state.manual is not None and self._moves(key) else ""
        return why_not_manual(state, motion=mine)


def _said(press: str, ended: Outcome | None) -> Answer:
    if ended is None or ended.ok:
        return Answer(id=press, ok=True)
    return Answer(id=press, ok=False, code=ended.code, message=ended.message, remedy=ended.remedy)
