"""The bodies of the people at the worker places: where they stand and reach to, as the bus tells of their work.

Beside `people`, which moves the parts. A real cell has real people; here somebody must stand where a person who has
signed in would stand, and reach where their work is, so that the arm has someone to keep away from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.adapters.sim.person import Person
from orchestrator.core.state import ROBOT
from orchestrator.core.world import CELL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from orchestrator.adapters.sim.world import World
    from orchestrator.core.cell import CellSpec
    from orchestrator.core.geometry import Pose, Vector
    from orchestrator.core.state import State
    from orchestrator.core.variant import Step
    from orchestrator.engine.bus import Fresh

OVER_M = 0.06  # a hand works this much above the part
OFFERED_M = 0.8  # from the place: a part that the robot holds still within this is held out to the person
WAY_M, WAY_S = 0.7, 4.0  # how far and how long a person steps back when the arm waits for them


class Presence:
    """One person for each place of the cell. `now` is the loop's time, s; `seed` makes them repeatable."""

    def __init__(self, spec: CellSpec, world: World, now: Callable[[], float], *, seed: int) -> None:
        self._world = world
        self._now = now
        robot = spec.robot.at.p
        self.persons = {name: Person(name, place.at, robot, seed=seed) for name, place in spec.places.items()}
        self._signed_in: set[str] = set()
        self._tasks: dict[str, tuple[object, ...]] = {}
        self._points: dict[str, tuple[Vector, ...]] = {}

    def here(self, t: float) -> list[Person]:
        """Return who is in the cell at a time."""
        return [person for person in self.persons.values() if person.present(t)]

    def held_up(self, for_s: float) -> None:
        """The machine was at something else for so long, and the arm did not move: nobody moved either."""
        for person in self.persons.values():
            person.held_up(for_s)

    def give_way(self, person: Person, t: float) -> None:
        """The arm waits for a person: they step back, let it pass, and go on with what they did."""
        person.give_way(t, WAY_M, WAY_S)
        if points := self._points.get(person.place):
            person.reach(t, points)

    def observe(self, _before: State, after: State, _events: Sequence[Fresh]) -> None:
        """Follow a committed batch; for the bus."""
        self.follow(after)

    def follow(self, state: State) -> None:
        """Let everybody do what a state of the cell says that they are doing."""
        t = self._now()
        for name, person in self.persons.items():
            signed_in = name in state.places
            if signed_in is not (name in self._signed_in):
                (person.come if signed_in else person.leave)(t)
                (self._signed_in.add if signed_in else self._signed_in.discard)(name)
            if signed_in:
                self._work(state, person, t)

    def _work(self, state: State, person: Person, t: float) -> None:
        doing = state.doing(person.place)
        points: tuple[Vector, ...] = ()
        task: tuple[object, ...] = ()
        person.with_robot = False
        if doing is not None:
            unit, step_id, current = doing
            found = state.step(unit.id, step_id)
            assert found is not None
            person.with_robot = ROBOT in current.actors
            if not person.with_robot:
                points = self._alone(state, unit.id, found[0])
            elif "confirm" in current.wants:
                points = self._together(state, unit.id, found[0], person)
            task = (unit.id, step_id, current.attempt, len(points))
        if task == self._tasks.get(person.place, ()):
            return
        self._tasks[person.place], self._points[person.place] = task, points
        if points:
            person.reach(t, points)
        else:
            person.rest(t)

    def _alone(self, state: State, unit: str, step: Step) -> tuple[Vector, ...]:
        """Where the hand goes in a step of the person's own: to the part first, then to its place."""
        part, kind = step.result.part, step.result.kind
        start: Pose | None = None
        if part is not None and kind is not None:
            fact = state.world.get(f"{unit}/{part}")
            if fact is not None and fact.holder == CELL:
                start = state.world.pose(fact.part)
            elif fact is None:
                start = next((state.spec.supply[name].at for name in state.spec.bins_for(kind, "human")), None)
        return tuple(_above(pose) for pose in (start, _target(state, unit, step)) if pose is not None)

    def _together(self, state: State, unit: str, step: Step, person: Person) -> tuple[Vector, ...]:
        """Where the hand goes at a handover: nowhere until the robot holds the part out, then there, then on."""
        part = f"{unit}/{step.result.part}"
        held = state.world.held()
        if held is not None and held.part == part:
            still = not state.motions
            near = person.distance(self._world.tcp.p) < OFFERED_M
            return (self._world.tcp.p,) if still and near else ()
        fact = state.world.get(part)
        target = _target(state, unit, step)
        if fact is not None and fact.holder.startswith("place:") and target is not None:
            return (self._world.tcp.p, _above(target))
        return ()


def _target(state: State, unit: str, step: Step) -> Pose | None:
    if step.result.part is not None and (pose := state.result_pose(unit, step)) is not None:
        return pose
    return state.target_pose(unit, step.result.at) if step.result.at is not None else None


def _above(pose: Pose) -> Vector:
    return (pose.p[0], pose.p[1], pose.p[2] + OVER_M)
