"""Retreats of an arm in a held cell: planned, previewed, approved by people, and followed slowly."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.errors import PlanError, RobotError, TandemError
from orchestrator.core.ports import Outcome
from orchestrator.core.retreat import RETREATS_FROM
from orchestrator.engine.gate import REFUSED, Gate
from orchestrator.engine.handling import Handling
from orchestrator.engine.trail import TrailKeeper
from orchestrator.engine.wayout import WayOuts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from orchestrator.core.ports import Motion, Plan, Robot, Scene
    from orchestrator.core.react import RunRetreat
    from orchestrator.core.state import State
    from orchestrator.core.variant import PartSpec
    from orchestrator.engine.bus import Fresh
    from orchestrator.engine.runner import Runner


CHANGED = "Something has changed since the way was shown: look."
AGAIN = "Then ask for the retreat again."
LATE = "The robot took long to get ready, and did not set out."
READY_NOW = "It is ready now: look, and ask for the retreat again."
SAME_M = 1e-3  # two ways that are nowhere farther apart are one
PROMPT_S = 5.0  # an arm that has not set out by then surprises whoever let it go
_STALE = frozenset({"stale_scene", "stale_start", "stale_tool"})


class Retreating:
    """Retreats of one robot. Whether the arm may move is the core's to say; `turn` lets a picture be finished first.

    It has the way that the arm came noted as soon as a cell has come to stand, so that a restart does not lose it.
    """

    def __init__(
        self, runner: Runner, robot: Robot, kinds: Mapping[str, PartSpec], turn: Callable[[], Awaitable[None]]
    ) -> None:
        self._runner = runner
        self._robot = robot
        self._kinds = kinds
        self._turn = turn
        self._trail = TrailKeeper(robot)
        self._noted = False
        self._plan: Plan | None = None  # of the way that is shown, or gone
        self._ends = (self._trail.close, runner.bus.join(self._observe))

    def close(self) -> None:
        """Stop listening."""
        for end in self._ends:
            end()

    async def perform(self, effect: RunRetreat) -> cmd.EndRetreat:
        """Bring the arm out; being cancelled, it returns when the arm stands."""
        try:
            outcome = await self._out(effect)
        except asyncio.CancelledError:
            outcome = Outcome("canceled", "canceled")
        except TandemError as error:
            remedy = error.remedy if error.code != REFUSED else ""  # which is of a step
            outcome = Outcome("rejected", error.code, error.message, remedy)
        if outcome.code in _STALE:
            outcome = replace(outcome, message=CHANGED, remedy=AGAIN)
        return cmd.EndRetreat(
            retreat=effect.id,
            outcome=outcome.kind,
            code=outcome.code,
            message=outcome.message[:2000],
            remedy=outcome.remedy[:2000],
        )

    async def _out(self, effect: RunRetreat) -> Outcome:
        state, robot = self._runner.state, self._robot
        scene = self._around(state)
        await robot.sync_scene(scene)
        trail = self._trail.trail()
        if len(trail.points) < 2 and self._trail.take_up(state.trail):
            trail = self._trail.trail()
        way = await WayOuts(robot, state, scene, trail if len(trail.points) > 1 else None).find()
        self._plan = way.plan
        gate = Gate(self._runner, effect.id, robot.stop, progress=self._progress, turn=self._turn)
        try:
            return await gate.run(
                self._start,
                text=way.text,
                plan=way.plan.id,
                duration_s=way.plan.duration_s,
                preview=way.plan.preview,
                end=way.plan.rests[-1] if way.plan.rests else (),
                before=self._made_ready,
            )
        finally:
            if self._trail.back:
                self._trail.arrived()

    async def _made_ready(self) -> None:
        """Bring the robot to where it can move, and hold the way that was approved against what is there by now.

        Raises RobotError: something has come into that way (stale_scene), the arm is elsewhere (stale_start), or it
            took so long that nobody expects it to move any more (late).
        """
        clock = asyncio.get_running_loop().time
        let_go = clock()
        await self._held_against_what_is_there()
        if clock() - let_go > PROMPT_S:
            raise RobotError(LATE, remedy=READY_NOW, code="late")

    async def _held_against_what_is_there(self) -> None:
        robot, shown = self._robot, self._plan
        assert shown is not None
        if not robot.state.value.program_running:
            await robot.ready()
        if await robot.sync_scene(self._around(self._runner.state)) == shown.scene:
            return
        try:
            again = await robot.plan(shown.segments)
        except PlanError as error:
            raise RobotError(error.message, remedy=error.remedy, code="stale_scene") from error
        if not _same_way(shown, again):
            raise RobotError("The arm is not where it was.", code="stale_start")
        self._plan = again

    def _start(self) -> Motion:
        assert self._plan is not None
        self._trail.back = True
        return self._robot.execute(self._plan)

    def _around(self, state: State) -> Scene:
        home = self._robot.capabilities.home
        return Handling(state, "", self._robot.state.value.tcp, home, self._kinds).scene()

    def _progress(self) -> object:
        """How far the arm is, for the gate: at speed zero it stands because somebody wants it to."""
        reading = self._robot.state.value
        return object() if reading.speed_factor == 0.0 else reading.joints

    def _observe(self, _before: State, after: State, _events: Sequence[Fresh]) -> None:
        moves = after.motions or after.ending or after.manual is not None or after.retreat is not None
        if after.cell not in RETREATS_FROM or moves:
            self._noted = False
        elif not self._noted:
            self._noted = True
            trail = self._trail.trail()
            if len(trail.points) > 1:
                self._runner.post(cmd.NoteTrail(points=trail.points, stands=trail.stands, since=trail.since))


def _same_way(one: Plan, other: Plan) -> bool:
    """Tell whether two plans lead the TCP the same way."""
    pairs = zip(one.preview, other.preview, strict=False)
    return len(one.preview) == len(other.preview) and all(math.dist(a.p, b.p) <= SAME_M for a, b in pairs)
