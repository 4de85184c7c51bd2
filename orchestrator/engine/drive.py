"""Bringing the arm to a pose while a person holds a button: planned whole, slow, over as soon as they let go."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from orchestrator.core import commands as cmd
from orchestrator.core.interlock import why_not_manual
from orchestrator.core.ports import JOG_RENEW_S, Move, Outcome
from orchestrator.engine.gate import stand

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Motion, Robot
    from orchestrator.core.react import RunManual
    from orchestrator.engine.runner import Runner

DRIVE_M_S = 0.1  # of the TCP: whoever holds the button walks along
PRESSES = 64  # that are remembered, so that a renewal which comes late can't start anything
LAPSED = Outcome("aborted", "not_renewed", f"The press was not renewed for {JOG_RENEW_S:g} s.", "Press again.")
RELEASED = Outcome("canceled", "released", "The button was let go of.", "Hold it until the arm is there.")
OVER = Outcome("rejected", "stale", "This press is over.", "Press again.")


@dataclass(frozen=True, slots=True)
class Driven:
    """What has become of a press: the arm moves, is there, or the press is over, and why."""

    state: Literal["moving", "arrived", "over"]
    code: str = ""
    message: str = ""
    remedy: str = ""


@dataclass
class _Press:
    """A press: where to, when it was last renewed (s, loop), whether the button is down, and how it ended."""

    to: Pose
    t_s: float
    down: bool = True
    asking: bool = True  # until the core has judged it
    ended: Outcome | None = None
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def left_s(self, now_s: float) -> float:
        """For how long it is good without another renewal."""
        return self.t_s + JOG_RENEW_S - now_s if self.down else 0.0

    def release(self) -> None:
        """Let go."""
        self.down = False
        self.let_go.set()


class Drives:
    """Drives of one robot. Whether the arm may move is the core's to say; renewals are no commands."""

    def __init__(self, runner: Runner, robot: Robot) -> None:
        self._runner = runner
        self._robot = robot
        self._presses: OrderedDict[tuple[str, str], _Press] = OrderedDict()

    @property
    def tcp(self) -> Pose:
        """Where the tool centre point is (world)."""
        return self._robot.state.value.tcp

    async def hold(self, press: str, to: Pose, by: cmd.Who, t: float) -> Driven:
        """Begin or renew a press that brings the TCP to a pose (world). Once it has ended it stays so, and says why."""
        now_s = asyncio.get_running_loop().time()
        key = (by.name, press)
        known = self._presses.get(key)
        if known is None:
            known = self._keep(key, _Press(to, now_s))
            request = cmd.Request(
                id=f"drive-{press}@{by.name}"[:120], by=by, t=t, command=cmd.StartDrive(press=press, to=to)
            )
            answer = await self._runner.submit(request)
            known.asking = False
            if not answer.ok:
                known.ended = Outcome("rejected", answer.code, answer.message, answer.remedy)
        elif known.ended is None and known.down:
            known.t_s = now_s
        return self._said(key, known)

    async def release(self, press: str, by: cmd.Who) -> Driven:
        """Let go: the arm comes to a stand. A release that overtakes its press keeps it from beginning."""
        key = (by.name, press)
        known = self._presses.get(key)
        if known is None:
            known = self._keep(key, _Press(self.tcp, 0.0, asking=False, ended=RELEASED))
        known.release()
        return self._said(key, known)

    async def perform(self, effect: RunManual) -> Outcome:
        """Bring the arm there; the scene is the robot's already. Cancelled, it returns when the arm stands.

        Raises PlanError where nothing reaches the pose.
        """
        press = self._presses.get((effect.by, effect.press))
        loop = asyncio.get_running_loop()
        if press is None or effect.to is None:
            return OVER
        if press.left_s(loop.time()) <= 0:
            return _why(press)
        plan = await self._robot.plan([Move(effect.to, speed_m_s=DRIVE_M_S)])
        if reasons := why_not_manual(self._runner.state, motion=effect.id):
            return Outcome("rejected", "interlock", "The robot may not be moved by hand now.", " ".join(reasons))
        if press.left_s(loop.time()) <= 0:  # planning may have taken longer than the press was held
            return _why(press)
        return await self._followed(self._robot.execute(plan), press)

    def end(self, effect: RunManual, outcome: Outcome) -> None:
        """Note how the motion of a press ended."""
        press = self._presses.get((effect.by, effect.press))
        if press is not None:
            press.ended = outcome

    async def _followed(self, motion: Motion, press: _Press) -> Outcome:
        """Wait for the end of a motion, for as long as the button is held."""
        loop = asyncio.get_running_loop()
        result, let_go = asyncio.ensure_future(motion.result()), asyncio.ensure_future(press.let_go.wait())
        try:
            while not result.done():
                left_s = press.left_s(loop.time())
                if left_s <= 0:
                    stood = await stand(motion, self._robot.stop)
                    return stood if stood.kind in {"succeeded", "unknown"} else _why(press)
                await asyncio.wait({result, let_go}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            return result.result()
        except asyncio.CancelledError:
            await stand(motion, self._robot.stop)
            raise
        finally:
            result.cancel()
            let_go.cancel()

    def _keep(self, key: tuple[str, str], press: _Press) -> _Press:
        self._presses[key] = press
        while len(self._presses) > PRESSES:
            self._presses.popitem(last=False)
        return press

    def _said(self, key: tuple[str, str], press: _Press) -> Driven:
        moving = self._runner.state.manual
        mine = moving is not None and (moving.by, moving.press) == key
        if press.ended is None and not press.asking and not mine:
            press.ended = OVER  # called off before it began
        ended = press.ended
        if ended is None or mine:  # it has ended once that is durable: a picture may be taken then
            return Driven("moving")
        if ended.ok:
            return Driven("arrived")
        return Driven("over", ended.code, ended.message, ended.remedy)


def _why(press: _Press) -> Outcome:
    return LAPSED if press.down else RELEASED
