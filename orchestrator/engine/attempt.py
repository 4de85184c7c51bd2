"""The means of one attempt at a robot step: what a skill's surface is built on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.core import commands as cmd
from orchestrator.core.errors import PlanError, RobotError
from orchestrator.core.world import GRIPPER, LOST
from orchestrator.engine.gate import Gate
from orchestrator.engine.handling import Handling, Way

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orchestrator.core.ports import Devices, Motion, Outcome, Plan, Robot, Scene, Segment
    from orchestrator.core.react import RunSkill
    from orchestrator.core.state import State
    from orchestrator.core.variant import Step
    from orchestrator.core.world import Fact
    from orchestrator.engine.runner import Runner

OUT_OF_CONTACT_M = 0.08


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of a plan that is executed without a stop, and what it is for."""

    plan: Plan
    part: slice
    text: str


class Attempt:
    """One attempt: its unit and step, the robot and devices, the gate, and the ledger that it reports to."""

    def __init__(self, runner: Runner, robot: Robot, devices: Devices, effect: RunSkill, step: Step) -> None:
        self.robot = robot
        self.devices = devices
        self.unit = effect.unit
        self.step = step
        self.back: Leg | None = None  # the planned way out of where the arm is
        self.values: dict[str, float | str | bool] = {}
        self._runner = runner
        self._effect = effect.id
        self._gate = Gate(runner, effect.id)

    @property
    def state(self) -> State:
        """The cell's durable state."""
        return self._runner.state

    @property
    def actors(self) -> tuple[str, ...]:
        """Who is at this step."""
        found = self.state.step(self.unit, self.step.id)
        return found[1].actors if found else ()

    def fact(self, part: str) -> Fact | None:
        """Return what the ledger believes of a part of this unit."""
        return self.state.world.get(f"{self.unit}/{part}")

    def handling(self) -> Handling:
        """Return a planner of sequences for the cell as it is now."""
        return Handling(self.state, self.unit, self.robot.state.value.tcp, self.robot.capabilities.home)

    async def plan_first(self, ways: Iterable[Way], scene: Scene) -> tuple[Way, Plan, int]:
        """Plan the first way that works; returns how many segments come before it.

        Where the arm stands too close to something, it goes straight up first. Raises PlanError of the likeliest way.
        """
        await self.robot.sync_scene(scene)
        ways = list(ways)
        refused: list[PlanError] = []
        for prefix in ((), self.handling().away(OUT_OF_CONTACT_M)):
            for way in ways:
                try:
                    return way, await self.robot.plan((*prefix, *way.segments)), len(prefix)
                except PlanError as error:
                    refused.append(error)
        raise refused[0]

    async def plan_any(self, sequences: Iterable[tuple[Segment, ...]]) -> Plan:
        """Plan the first of some sequences that works, in the scene as it is now. Raises PlanError of the first."""
        await self.robot.sync_scene(self.handling().scene())
        refused: list[PlanError] = []
        for sequence in sequences:
            try:
                return await self.robot.plan(sequence)
            except PlanError as error:
                refused.append(error)
        raise refused[0]

    async def follow(self, leg: Leg) -> None:
        """Run a leg of a plan through the gate. Raises RobotError when it does not succeed."""
        await self.move(lambda: self.robot.execute(leg.plan, leg.part), leg.text, leg.plan)

    async def move(self, start: Callable[[], Motion], text: str, plan: Plan | None = None) -> Outcome:
        """Run a motion through the gate. Raises RobotError when it does not succeed."""
        outcome = await self._gate.run(
            start,
            text=text,
            plan=plan.id if plan else "",
            duration_s=plan.duration_s if plan else 0.0,
            preview=plan.preview if plan else (),
        )
        if not outcome.ok:
            message = outcome.message or f"The robot's motion '{text}' was {outcome.kind}."
            raise RobotError(message, remedy=outcome.remedy, code=outcome.code or outcome.kind)
        return outcome

    async def report(self, part: str, kind: str, what: str, to: str, **more: Any) -> None:
        """Have a fact journalled before the skill goes on."""
        await self._runner.ask(self._told(part, kind, what, to, more))

    def note(self, part: str, kind: str, what: str, to: str, **more: Any) -> None:
        """Have a fact journalled without waiting: for a skill that is being cancelled."""
        self._runner.post(self._told(part, kind, what, to, more))

    def _told(self, part: str, kind: str, what: str, to: str, more: dict[str, Any]) -> cmd.ReportPart:
        told = {"effect": self._effect, "part": f"{self.unit}/{part}", "kind": kind, "what": what, "to": to, **more}
        return cmd.ReportPart.model_validate(told)

    async def report_lost(self, part: str) -> None:
        """The ledger says held, the sensor says empty: the part was lost on the way, and the ledger must know."""
        fact = self.fact(part)
        if fact is not None and fact.holder == GRIPPER and not self.robot.state.value.holding:
            await self.report(part, fact.kind, "lost", LOST)
