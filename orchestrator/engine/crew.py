"""Performs effects with the cell's robot, devices and eyes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import structlog

from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError, TandemError
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import CellState
from orchestrator.core.ports import Acknowledgement, Safety
from orchestrator.engine.attempt import Attempt
from orchestrator.engine.limit import Limit
from orchestrator.engine.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.ports import Devices, Robot, RobotState
    from orchestrator.core.react import Look, Recover, RunSkill, Settle
    from orchestrator.core.variant import Step
    from orchestrator.engine.eyes import Eyes
    from orchestrator.engine.registry import Registry, Skill
    from orchestrator.engine.runner import Runner

log = structlog.get_logger(__name__)

STOP_S = 2.0  # how long the robot may take to answer a stop
_NEEDS_POWER = frozenset({CellState.STARTING, CellState.UNHOLDING, CellState.UNSUSPENDING})
_STOPPED = frozenset({"interlock", "stale", "stopped", "unsafe", "not_ready", "no_answer", *map(str, Safety)})
_STANDS = frozenset({CellState.ABORTING, CellState.STOPPING, CellState.HOLDING})


class CellCrew:
    """The crew of a cell with one robot. `surface` makes what a skill gets as its first argument."""

    def __init__(
        self,
        runner: Runner,
        robot: Robot,
        devices: Devices,
        eyes: Eyes,
        registry: Registry,
        surface: Callable[[Attempt], Any],
    ) -> None:
        self._runner = runner
        self._robot = robot
        self._devices = devices
        self._eyes = eyes
        self._registry = registry
        self._surface = surface
        self._stops: set[asyncio.Task[None]] = set()
        self._watch: Watch | None = None
        robot.safety.listen(self._safety)

    def watch(self) -> Watch:
        """Take the robot's safety state for unknown whenever its readings cease; close what is returned to end it."""
        self._watch = Watch(self._robot, self._safety)
        return self._watch

    async def skill(self, effect: RunSkill) -> cmd.EndSkill:
        """Run a skill; what it raises is its outcome."""
        found = self._runner.state.step(effect.unit, effect.step)
        if found is None or found[0].robot is None:
            raise TandemError("The step has no robot work.", code="no_skill")
        step = found[0]
        assert step.robot is not None
        skill = self._registry.get(step.robot.skill)
        arguments = skill.bind(step.robot.parameters, offered(step))
        limit = Limit(skill.timeout_s)
        attempt = Attempt(self._runner, self._robot, self._devices, effect, step, limit)
        self._check_gripper(effect, step)
        try:
            await self._run(skill, arguments, attempt, limit)
        except asyncio.CancelledError:
            if not attempt.values:
                raise
            return _ended(effect, "canceled", attempt)  # what a tool has measured was measured
        except TandemError as error:
            if _called_off():  # whatever the skill says to it
                return _ended(effect, "canceled", attempt)
            raise await self._out_of_the_way(attempt, error) from error
        return _ended(effect, "succeeded", attempt)

    async def _run(self, skill: Skill, arguments: dict[str, Any], attempt: Attempt, limit: Limit) -> None:
        paused = False

        def on_reading(reading: RobotState) -> None:
            nonlocal paused
            if paused is not (reading.speed_factor == 0.0):
                paused = not paused
                (limit.stand if paused else limit.go_on)("speed")

        unlisten = self._robot.state.listen(on_reading)
        try:
            on_reading(self._robot.state.value)
            async with limit:
                await skill.run(self._surface(attempt), **arguments)
        except TimeoutError:
            raise RobotError(
                f"{skill.name} did not end within {skill.timeout_s:g} s.",
                remedy="See what holds it up, then retry.",
                code="timeout",
            ) from None
        finally:
            unlisten()

    async def _out_of_the_way(self, attempt: Attempt, error: TandemError) -> TandemError:
        """Bring the arm home after a failure: whoever mends it must not find it where they work. Returns the error."""
        if why_not(self._runner.state) or error.code in _STOPPED:
            return error
        try:
            await attempt.home()
        except TandemError as also:
            message = f"{error.message} The arm could not go home, and still stands where it was: {also.message}"
            return TandemError(message, remedy=error.remedy, code=error.code)
        return error

    async def look(self, effect: Look) -> cmd.EndCheck:
        """Take a picture and judge a result."""
        return await self._eyes.look(self._runner.state, effect)

    async def settle(self, effect: Settle) -> None:
        """Do what a transient state is for."""
        if effect.state in _NEEDS_POWER:
            await self._robot.ready()
        elif effect.state in _STANDS:
            await self._stop()

    async def recover(self, effect: Recover) -> None:
        """Release a protective stop, on a person's word."""
        if self._robot.safety.value == Safety.PROTECTIVE_STOP:
            await self._robot.recover(Acknowledgement(by=effect.by, t=effect.t))

    def stop_at_once(self) -> None:
        """Stop whatever moves, without waiting."""
        task = asyncio.get_running_loop().create_task(self._stop(), name="stop")
        self._stops.add(task)
        task.add_done_callback(self._stopped)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        self._stops.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the robot could not be stopped", error=str(error))

    async def _stop(self) -> None:
        """Stop the robot. One that fails to is in no known safety state until it answers. Raises RobotError."""
        try:
            async with asyncio.timeout(STOP_S):
                await self._robot.stop()
        except Exception as error:
            self._safety(Safety.UNKNOWN)
            raise RobotError(
                f"The robot does not answer a stop: {str(error) or f'nothing came within {STOP_S:g} s'}",
                remedy="Press the emergency stop, then see the robot's connection.",
                code="no_stop",
            ) from error
        self._safety(self._robot.safety.value)

    def _safety(self, safety: Safety) -> None:
        if self._watch is not None and self._watch.stale:
            safety = Safety.UNKNOWN
        self._runner.post(cmd.ReportSafety(safety=safety))

    def _check_gripper(self, effect: RunSkill, step: Step) -> None:
        """Something is between the fingers that the ledger does not know of: a person must look."""
        held = self._runner.state.world.held()
        if self._robot.state.value.holding and held is None:
            raise RobotError(
                f"The gripper holds something unknown before {step.id} of {effect.unit}.",
                remedy="Take it out of the gripper, then retry.",
                code="gripper_not_empty",
            )


def _called_off() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _ended(effect: RunSkill, outcome: Literal["succeeded", "canceled"], attempt: Attempt) -> cmd.EndSkill:
    return cmd.EndSkill(
        effect=effect.id,
        unit=effect.unit,
        step=effect.step,
        attempt=effect.attempt,
        outcome=outcome,
        values=attempt.values,
    )


def offered(step: Step) -> dict[str, Any]:
    """Return what a step's result gives to a skill: part, place, tool, and its values' setpoints."""
    result = step.result
    out: dict[str, Any] = {name: spec.nominal for name, spec in result.values.items() if spec.nominal is not None}
    if result.part:
        out["part"] = result.part
    target = result.at or result.along
    if target:
        out["at"] = target
    if step.tool:
        out["tool"] = step.tool
    return out
