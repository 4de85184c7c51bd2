"""Performs effects with the cell's robot, devices and eyes."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal

import structlog

from orchestrator.core import commands as cmd
from orchestrator.core.errors import RobotError, TandemError, VisionError
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import ASKS_MOTION
from orchestrator.core.ports import Acknowledgement, Safety
from orchestrator.core.transient import TRANSIENTS, Awaited
from orchestrator.engine.attempt import Attempt
from orchestrator.engine.gate import REFUSED
from orchestrator.engine.heartbeat import Heartbeat
from orchestrator.engine.limit import Limit, at_speed_zero
from orchestrator.engine.manual import Manual
from orchestrator.engine.requirements import Requirements
from orchestrator.engine.retreating import Retreating
from orchestrator.engine.ride import Ride
from orchestrator.engine.standstill import ARM_IDLE
from orchestrator.engine.stillness import MOVES_ON, stands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestrator.core.ports import Devices, Robot
    from orchestrator.core.react import (
        GoHome,
        Look,
        LookForRemains,
        Recover,
        RideAndLook,
        RunManual,
        RunRetreat,
        RunSkill,
        Settle,
    )
    from orchestrator.core.state import StepState
    from orchestrator.core.variant import PartSpec, Step
    from orchestrator.engine.eyes import Eyes
    from orchestrator.engine.registry import Registry, Skill
    from orchestrator.engine.runner import Runner

log = structlog.get_logger(__name__)

RIDE_S = 60.0  # how long a look from the wrist may take, there and back
STOP_S = 2.0  # how long the robot may take to answer a stop
_UNKNOWN = frozenset({"no_answer", "no_stand", "crashed", "unknown"})  # nobody knows what the arm did: a person looks
_STOPPED = frozenset({REFUSED, "interlock", "stale", "stopped", "unsafe", "not_ready", *_UNKNOWN, *map(str, Safety)})


class CellCrew:
    """The crew of a cell with one robot. `surface` makes what a skill gets as its first argument.

    `kinds` are all kinds of parts that the cell's bins may hold.
    """

    def __init__(
        self,
        runner: Runner,
        robot: Robot,
        devices: Devices,
        eyes: Eyes,
        registry: Registry,
        surface: Callable[[Attempt], Any],
        kinds: Mapping[str, PartSpec],
    ) -> None:
        self._runner = runner
        self._robot = robot
        self._devices = devices
        self._eyes = eyes
        self._registry = registry
        self._surface = surface
        self._kinds = kinds
        self._stops: set[asyncio.Task[None]] = set()
        self._told = runner.state.safety
        self._heartbeat: Heartbeat | None = None
        self.by_hand = Manual(runner, robot, kinds)
        self.retreating = Retreating(runner, robot, kinds, eyes.turn)
        robot.safety.listen(self._safety)

    def watch(self) -> Heartbeat:
        """Take the robot's safety state for unknown whenever its readings cease; close what is returned to end it."""
        self._heartbeat = Heartbeat(self._robot, self._safety)
        return self._heartbeat

    async def skill(self, effect: RunSkill) -> cmd.EndSkill:
        """Run a skill; what it raises is its outcome."""
        found = self._runner.state.step(effect.unit, effect.step)
        if found is None or found[0].robot is None:
            raise TandemError("The step has no robot work.", code="no_skill")
        step = found[0]
        assert step.robot is not None
        skill = self._registry.get(step.robot.skill)
        _check_edited(skill, found[1])
        arguments = skill.bind(step.robot.parameters, offered(step))
        limit = Limit(skill.timeout_s)
        attempt = Attempt(self._runner, self._robot, self._devices, self._eyes, effect, step, limit, self._kinds)
        if skill.promise.autonomy == "approve":
            attempt.supervised = f"{skill.name} wants each of its motions approved."
        self._check_gripper(effect, step)
        required = Requirements(skill, attempt, arguments)
        await _report_lost(attempt)
        required.before()
        again = skill.promise.retry
        try:
            await self._run(skill, arguments, attempt, limit)
            required.after()
        except asyncio.CancelledError:  # what a tool has measured was measured
            return _ended(effect, "canceled", attempt, retry=again)
        except TandemError as error:
            if _called_off():  # whatever the skill says to it
                return _ended(effect, "canceled", attempt, retry=again)
            failed = await self._out_of_the_way(attempt, error)
            failed.retry = again and error.code not in {REFUSED, *_UNKNOWN}
            raise failed from error
        except Exception as error:
            if again:
                raise
            log.exception("a skill that may not be retried crashed", effect=effect.id)
            crashed = TandemError(f"{type(error).__name__}: {error}", remedy="See the log.", code="crashed")
            crashed.retry = False
            raise crashed from error
        return _ended(effect, "succeeded", attempt)

    async def _run(self, skill: Skill, arguments: dict[str, Any], attempt: Attempt, limit: Limit) -> None:
        stands = at_speed_zero(limit, self._robot.state) if skill.promise.pausable else nullcontext()
        try:
            with stands:
                async with limit:
                    await skill.run(self._surface(attempt), **arguments)
        except TimeoutError:
            raise RobotError(
                f"{skill.name} did not end within {skill.timeout_s:g} s.",
                remedy="See what holds it up, then retry.",
                code="timeout",
            ) from None

    async def _out_of_the_way(self, attempt: Attempt, error: TandemError) -> TandemError:
        """Bring the arm home after a failure: whoever mends it must not find it where they work. Returns the error.

        Where people approve its motions the error asks for the way home instead: nobody would hear of it meanwhile.
        """
        paused = self._robot.state.value.speed_factor == 0.0  # on the way home nobody would hear of the failure
        if attempt.stays or paused or why_not(self._runner.state) or error.code in _STOPPED:
            return error
        if attempt.supervised or self._runner.state.autonomy in ASKS_MOTION:
            error.way_home = None if attempt.at_home else attempt.supervised
            return error
        try:
            await attempt.home()
        except TandemError as also:
            message = f"{error.message} The arm could not go home, and still stands where it was: {also.message}"
            return TandemError(message, remedy=error.remedy, code=error.code)
        return error

    async def manual(self, effect: RunManual) -> cmd.EndManual:
        """Move by hand."""
        return await self.by_hand.perform(effect)

    async def retreat(self, effect: RunRetreat) -> cmd.EndRetreat:
        """Bring the arm out of where it is, once people have approved the way."""
        return await self.retreating.perform(effect)

    async def look(self, effect: Look) -> cmd.EndCheck:
        """Take a picture and judge a result, unless the arm stands in the way with nothing to do there."""
        try:
            return await self._eyes.look(lambda: self._runner.state, effect)
        except VisionError as error:
            if error.code != ARM_IDLE:
                raise
            ids = {"effect": effect.id, "unit": effect.unit, "step": effect.step}
            return cmd.EndCheck(**ids, attempt=effect.attempt, blocked=True)

    async def look_for_remains(self, effect: LookForRemains) -> cmd.EndRemainsLook:
        """Tell whether a part stands where a unit that was given up may have left it. Raises VisionError."""
        measured = await self._eyes.look_for(lambda: self._runner.state, effect.id, effect.part)
        return cmd.EndRemainsLook(effect=effect.id, part=effect.part, measured=measured)

    async def ride_and_look(self, effect: RideAndLook) -> cmd.EndCheck:
        """Bring the arm's camera to a result, or the arm home where others look, and have the result judged.

        Raises TandemError where it can't get there, VisionError where there is no picture that counts.
        """
        found = self._runner.state.step(effect.unit, effect.step)
        if found is None:
            raise TandemError("The unit has left the cell.", code="no_step")
        step = found[0]
        self._check_gripper(effect, step)
        limit = Limit(RIDE_S)
        attempt = Attempt(self._runner, self._robot, self._devices, self._eyes, effect, step, limit, self._kinds)
        try:
            with at_speed_zero(limit, self._robot.state):
                async with limit:
                    return await Ride(attempt, self._eyes, effect).run()
        except TimeoutError:
            raise RobotError(
                f"The arm's camera had no verdict within {RIDE_S:g} s.",
                remedy="See what holds the arm up, then check again.",
                code="timeout",
            ) from None
        except TandemError as error:
            if _called_off():
                raise asyncio.CancelledError from error
            raise await self._out_of_the_way(attempt, error) from error

    async def go_home(self, effect: GoHome) -> cmd.EndHome:
        """Bring the arm home after a failure that has been told already. Raises TandemError where it can't."""
        found = self._runner.state.step(effect.unit, effect.step)
        if found is None:
            raise TandemError("The unit has left the cell.", code="no_step")
        limit = Limit(RIDE_S)
        attempt = Attempt(self._runner, self._robot, self._devices, self._eyes, effect, found[0], limit, self._kinds)
        attempt.supervised = effect.supervised
        try:
            with at_speed_zero(limit, self._robot.state):
                async with limit:
                    await attempt.home()
        except TimeoutError:
            raise RobotError(
                f"The arm was not home within {RIDE_S:g} s.", remedy="See what holds it up.", code="timeout"
            ) from None
        except TandemError as error:
            if _called_off():
                raise asyncio.CancelledError from error
            raise
        return cmd.EndHome(effect=effect.id, outcome="succeeded")

    async def settle(self, effect: Settle) -> None:
        """Ask the robot for what a transient state waits for, and wait until it is so."""
        waits = TRANSIENTS[effect.state].waits
        if Awaited.READY in waits:
            await self._robot.ready()
        elif Awaited.STAND in waits:
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
            if self._heartbeat is not None:  # whose robot sends readings
                await stands(self._robot.state)
        except Exception as error:
            self._safety(Safety.UNKNOWN)
            if isinstance(error, RobotError) and error.code == MOVES_ON:
                raise
            raise RobotError(
                f"The robot does not answer a stop: {str(error) or f'nothing came within {STOP_S:g} s.'}",
                remedy="Press the emergency stop, then see the robot's connection.",
                code="no_stop",
            ) from error
        safety = self._robot.safety.value
        if {safety} != {self._told, self._runner.state.safety}:  # else a journal that fails would be asked for ever
            self._safety(safety)

    def _safety(self, safety: Safety) -> None:
        if self._heartbeat is not None and self._heartbeat.stale:
            safety = Safety.UNKNOWN
        self._told = safety
        self._runner.post(cmd.ReportSafety(safety=safety))

    def _check_gripper(self, effect: RunSkill | RideAndLook, step: Step) -> None:
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


def _check_edited(skill: Skill, current: StepState) -> None:
    """Refuse a skill that was edited after its hash went into the attempt's journal. Raises TandemError."""
    noted = current.attempts[-1].skill_sha256 if current.attempts else ""
    if noted and noted != skill.sha256:
        raise TandemError(
            f"{skill.file} was edited just as {skill.name} began.",
            remedy="Retry: the next attempt runs what it says now.",
            code="skill_changed",
        )


async def _report_lost(attempt: Attempt) -> None:
    """What the ledger has in the gripper and the sensor has not is lost, whichever skill finds out."""
    held = attempt.state.world.held()
    if held is not None and held.unit == attempt.unit:
        await attempt.report_lost(held.part.removeprefix(f"{attempt.unit}/"))


def _ended(
    effect: RunSkill, outcome: Literal["succeeded", "canceled"], attempt: Attempt, *, retry: bool = True
) -> cmd.EndSkill:
    return cmd.EndSkill(
        effect=effect.id,
        unit=effect.unit,
        step=effect.step,
        attempt=effect.attempt,
        outcome=outcome,
        values=attempt.values,
        retry=retry,
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
