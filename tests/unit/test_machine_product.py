"""No dead end: from every state that machines, mode, safety and lanes can come to together, there is a way on.

The product of the machines is searched whole, through the real rules, for a cell with one order of one step that robot
or person may do. What only counts up (attempts, times) is left out of what makes two states differ; so is, but for
TANDEM_SOAK=1, what two failures differ in, gentle verbs for orders, and what the rules treat alike of modes and
safety states; and supervision (levels of autonomy, motions that wait for approval, steps that wait for a word) and
waiting (bins that run empty, pauses) are searched beside modes instead of together with them.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.decide.choices import choices, leftovers
from orchestrator.core.decide.lull import CALMEST_S, lulls
from orchestrator.core.machine import TRANSIENT, Autonomy, CellState, CellVerb, Mode, OrderState, OrderVerb, StepStatus
from orchestrator.core.overdue import climbing, level
from orchestrator.core.ports import Safety
from orchestrator.core.readiness import blockers, crews
from orchestrator.core.retreat import retreats
from tests.unit.core_builders import Bench, ladder, step, variant

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from orchestrator.core.state import State, StepState, UnitState

BOSS = cmd.Who(name="boss", role="supervisor")
ONE = variant(step("load", part="body", at="nest", on_fail={"*": ladder("retry", "ask")}))
WHOLE = bool(os.environ.get("TANDEM_SOAK"))
VERBS = tuple(OrderVerb) if WHOLE else (OrderVerb.START, OrderVerb.ABORT)
LONG_S = 1000.0  # after which whatever waits for a person is a question
OVER = {OrderState.ENDED, OrderState.ABORTED, OrderState.CANCELLED}


@dataclass(frozen=True)
class Range:
    """What of each region is searched together."""

    safety: tuple[Safety, ...]
    modes: tuple[Mode, ...]
    levels: tuple[Autonomy, ...]
    waits: bool = False  # bins run empty, and people pause
    breakpoints: bool = False
    felt: tuple[bool, ...] = ()  # what the gripper says against the ledger
    retreats: bool = False


RANGES = {
    "modes": Range(
        safety=(Safety.NORMAL, Safety.PROTECTIVE_STOP, Safety.EMERGENCY_STOP),
        modes=(Mode.PRODUCTION, Mode.MANUAL),
        levels=(Autonomy.FULL,),
    ),
    "supervision": Range(
        safety=(Safety.NORMAL,),
        modes=(Mode.PRODUCTION,),
        levels=(Autonomy.FULL, Autonomy.SINGLE_STEP),
    ),
    "doubts": Range(
        safety=(Safety.NORMAL,),
        modes=(Mode.PRODUCTION,),
        levels=(Autonomy.FULL,),
        felt=(True, False),
    ),
    "waits": Range(
        safety=(Safety.NORMAL, Safety.PROTECTIVE_STOP), modes=(Mode.PRODUCTION,), levels=(Autonomy.FULL,), waits=True
    ),
    "retreats": Range((Safety.NORMAL,), (Mode.PRODUCTION,), (Autonomy.FULL,), retreats=True),
    "breakpoints": Range((Safety.NORMAL,), (Mode.PRODUCTION,), (Autonomy.FULL,), breakpoints=True),
}
if WHOLE:
    everything = Range(
        tuple(Safety), tuple(Mode), tuple(Autonomy), waits=True, breakpoints=True, felt=(True, False), retreats=True
    )
    RANGES = {"everything": everything}


def key(state: State) -> Hashable:
    """What makes one state another."""
    steps = tuple(
        (
            current.status,
            current.wants,
            bool(current.effect),
            current.actors,
            current.released,
            _late(state, unit),
            *_failure(current),
        )
        for unit in state.units.values()
        for current in unit.steps.values()
    )
    facts = tuple((fact.holder, fact.certainty) for fact in state.world.facts.values())
    lanes = (steps, bool(state.ending), bool(state.unclear), *((tuple(state.places),) if WHOLE else ()))
    cell = (state.cell, state.mode, state.safety, state.acknowledged, state.autonomy)
    waits = (state.suspended, bool(state.bins["rack"]), tuple(sorted(state.pauses)))
    motions = tuple((motion.id, motion.approved, bool(motion.refused)) for motion in state.motions.values())
    retreat = (state.retreat.stopped, bool(state.retreat.peopled)) if state.retreat is not None else None
    units = tuple((bool(u.rechecking), bool(u.rewind)) for u in state.units.values())
    order = state.orders["A"]
    grip = (state.grip.part, state.grip.holding) if state.grip is not None else None
    return cell, waits, motions, retreat, order.state, order.breakpoints, lanes, facts, units, grip


def _late(state: State, unit: UnitState) -> bool:
    return level(state, unit, ONE.by_id["load"]) == "ask"


def _failure(current: StepState) -> tuple[Hashable, ...]:
    return (current.barred, current.rung, current.code) if WHOLE else ()


def asked(state: State, now: float, within: Range) -> Iterator[tuple[str, cmd.Command, cmd.Who]]:
    """Everything that hardware, engine and people may come with, and whose it is."""
    for safety in within.safety:
        yield "hardware", cmd.ReportSafety(safety=safety), cmd.ENGINE
    if state.cell in TRANSIENT:
        yield "engine", cmd.SettleCell(state=state.cell), cmd.ENGINE
    yield "engine", cmd.ReportLull(), cmd.ENGINE
    yield "hardware", cmd.ReportUnasked(), cmd.ENGINE
    yield "engine", cmd.ExpirePause(), cmd.ENGINE
    yield "engine", cmd.ReportRestart(holding=state.world.held() is not None), cmd.ENGINE
    yield from (("engine", command, cmd.ENGINE) for command in _effects(state, now, within))
    if within.retreats:
        yield from (("engine", command, cmd.ENGINE) for command in _retreat(state))
        yield from (("person", command, BOSS) for command in (cmd.Retreat(), cmd.StopRetreat()))
    yield from (("person", command, BOSS) for command in _people(state, within))
    for unit, step_ in climbing(state):
        attempt = unit.steps[step_.id].attempt
        yield "engine", cmd.NoteOverdue(unit=unit.id, step=step_.id, attempt=attempt), cmd.ENGINE


def _effects(state: State, now: float, within: Range) -> Iterator[cmd.Command]:
    yield cmd.StartUnit(order="A")
    yield from (cmd.ReportGrip(holding=holding) for holding in within.felt)
    for unit in state.units.values():
        yield from (cmd.StartUndo(unit=unit.id, step="load", place=place) for place in state.places)
    for unit in state.units.values():
        current = unit.steps["load"]
        ids = {"unit": unit.id, "step": "load", "attempt": current.attempt}
        part = {"effect": "e", "part": f"{unit.id}/body", "kind": "body"}
        if current.status == StepStatus.READY:
            for crew in crews(state, ONE.by_id["load"], current.barred):
                if not blockers(state, unit, ONE.by_id["load"], crew, now):
                    yield cmd.StartStep(unit=unit.id, step="load", actors=crew)
        if "skill" in current.wants or state.ending:
            yield cmd.ReportPart.model_validate({**part, "what": "grasped", "to": "gripper"})
            effect = f"{unit.id}/load/{current.attempt}/skill"
            for outcome in ("succeeded", "failed", "canceled"):
                yield cmd.EndSkill.model_validate({**ids, "effect": effect, "outcome": outcome, "code": "jam"})
            if not state.motions and len(within.levels) > 1:
                yield cmd.ProposeMotion(effect=effect, motion="m")
            elif (m := state.motions.get("m")) is not None and (m.approved or m.refused):
                yield cmd.EndMotion(effect=effect, motion="m", outcome="succeeded")
        held = state.world.held()
        if held is not None:
            yield cmd.ReportPart.model_validate({**part, "what": "placed", "to": unit.nests["nest"]})
            yield cmd.ReportPart.model_validate({**part, "what": "lost", "to": "lost"})
        for effect in (current.effect, *unit.rechecking.values()):
            for verdict in ("ok", "missing", "displaced", "cannot_see") if effect else ():
                measured = {"verdict": verdict, "shot_t": now, "offset_mm": (0.0, 0.0, 0.0)}
                yield cmd.EndCheck.model_validate({**ids, "effect": effect, "measured": measured})


def _retreat(state: State) -> Iterator[cmd.Command]:
    """What the engine says of a retreat: the way that it found, how that was gone, that it is over."""
    if state.retreat is None:
        return
    name, motion = state.retreat.id, state.motions.get("r")
    if motion is None:
        yield cmd.ProposeMotion(effect=name, motion="r")
    elif motion.approved:
        yield from (
            cmd.EndMotion.model_validate({"effect": name, "motion": "r", "outcome": outcome})
            for outcome in ("succeeded", "canceled", "unknown")
        )
    if motion is None or not motion.approved:
        yield from (
            cmd.EndRetreat.model_validate({"retreat": name, "outcome": outcome})
            for outcome in ("succeeded", "canceled", "unknown")
        )


def _people(state: State, within: Range) -> Iterator[cmd.Command]:
    yield from (cmd.ChangeCell(verb=verb, reason="r") for verb in CellVerb if verb != CellVerb.SETTLE)
    yield from (cmd.SetMode(mode=mode) for mode in within.modes)
    yield from (cmd.SetAutonomy(autonomy=level) for level in within.levels)
    if within.breakpoints:
        yield cmd.SetBreakpoint(order="A", step="load")
        yield cmd.ClearBreakpoint(order="A", step="load")
    for motion in state.motions:
        yield cmd.ApproveMotion(motion=motion)
        yield cmd.RefuseMotion(motion=motion)
    yield cmd.Acknowledge()
    yield from (cmd.ChangeOrder(order="A", verb=verb) for verb in VERBS)
    yield cmd.JoinPlace(place="front", operator="op")
    yield cmd.LeavePlace(place="front")
    yield from (cmd.CallHelp(place="front"), cmd.AnswerHelp(of="front"), cmd.WithdrawHelp(place="front"))
    for unit in state.units.values():
        current = unit.steps["load"]
        ids = {"unit": unit.id, "step": "load", "attempt": current.attempt}
        yield cmd.ReleaseStep(unit=unit.id, step="load", attempt=current.attempt)
        for place in state.places:
            yield cmd.ConfirmStep(**ids, place=place)  # type: ignore[arg-type] # checked by the model
            yield cmd.ReportProblem(**ids, place=place, code="problem")  # type: ignore[arg-type]
            yield cmd.GiveStep(**ids, place=place)  # type: ignore[arg-type]
            yield cmd.TakeStep(**ids, place=place)  # type: ignore[arg-type]
    yield from (cmd.ClearPlace(place=place) for place in state.unclear)
    for unit in state.units.values():
        yield cmd.Rewind(unit=unit.id, step="load", reason="r")
        yield cmd.StopRewind(unit=unit.id)
        yield from (
            cmd.ConfirmUndo(unit=unit.id, step="load", attempt=unit.steps["load"].attempt, place=place)
            for place in state.places
        )
    for unit in state.units.values():
        ids = {"unit": unit.id, "step": "load", "attempt": unit.steps["load"].attempt}
        for choice, target in choices(state, unit.id, "load"):
            yield cmd.Choose.model_validate(
                {**ids, "choice": choice, "rework": target or None, "reason": "r", "part_out": True}
            )
    held = state.world.held()
    for part in (*([held.part] if held else []), *leftovers(state)):
        yield cmd.TakePart(part=part)
    yield from (cmd.SettlePart(part=part) for part, fact in state.world.facts.items() if fact.certainty == "doubtful")
    if within.waits and state.cell in {CellState.EXECUTE, CellState.SUSPENDED}:
        yield from (cmd.RefillBin(bin="rack", count=count) for count in (0, 4))
    if within.waits:
        for lane in ("robot", "front") if WHOLE else ("robot",):
            yield cmd.Pause(what="lane", name=lane)
            yield cmd.Resume(what="lane", name=lane)


class Product:
    """The reachable product: each state's key, with the keys that one command leads to, and whose command it was."""

    def __init__(self, within: Range) -> None:
        self.within = within
        bench = Bench()
        bench.do(cmd.StoreOrder(order="A", quantity=1, variant=ONE))
        self.states: dict[Hashable, State] = {}
        self.ways: dict[Hashable, dict[Hashable, str]] = {}
        queue = deque([bench.state])
        self.states[key(bench.state)] = bench.state
        while queue:
            state = queue.popleft()
            found = self.ways.setdefault(key(state), {})
            for whose, command, who in asked(state, bench.t, within):
                bench.state, bench.log = state, []
                # longer than any wait for a lull
                bench.wait(LONG_S if isinstance(command, cmd.NoteOverdue) else CALMEST_S)
                bench.ask(command, who)
                if bench.state is state:
                    continue
                after = key(bench.state)
                found.setdefault(after, whose)
                if after not in self.states:
                    self.states[after] = bench.state
                    queue.append(bench.state)

    def reach(self, goal: set[Hashable]) -> set[Hashable]:
        """Return every key from which a goal can be reached."""
        back: dict[Hashable, list[Hashable]] = {}
        for before, ways in self.ways.items():
            for after in ways:
                back.setdefault(after, []).append(before)
        seen, queue = set(goal), deque(goal)
        while queue:
            for before in back.get(queue.popleft(), ()):
                if before not in seen:
                    seen.add(before)
                    queue.append(before)
        return seen


@pytest.fixture(scope="module", params=RANGES)
def product(request: pytest.FixtureRequest) -> Product:
    return Product(RANGES[request.param])


def ready_for_more(state: State) -> bool:
    """The order is over, nothing lies about, and the next one could begin."""
    clear = not (state.world.held() or state.leftovers() or state.units or state.ending or state.unclear or state.grip)
    rests = state.cell in {CellState.IDLE, CellState.EXECUTE, CellState.COMPLETED}
    good = state.safety == Safety.NORMAL and state.acknowledged and state.mode == Mode.PRODUCTION
    return state.orders["A"].state in OVER and clear and rests and good and not state.pauses


def test_every_combination_of_mode_safety_and_lanes_has_a_way_on(
    product: Product, counted: Callable[[str], None]
) -> None:
    goal = {name for name, state in product.states.items() if ready_for_more(state)}
    lost = product.states.keys() - product.reach(goal)
    edges = sum(len(ways) for ways in product.ways.values())
    combined = {(state.cell, state.mode, state.safety) for state in product.states.values()}
    counted(f"{len(product.states)} states, {edges} ways between them; {len(combined)} of cell, mode and safety")
    assert len(goal) > 0
    assert list(lost)[:3] == []
    assert {cell for cell, _, _ in combined} == set(CellState)


def test_wherever_nothing_is_under_way_somebody_can_do_something(product: Product) -> None:
    """No state waits for what will never come: a person has a command that is allowed and changes something."""
    for name, state in product.states.items():
        if state.cell not in TRANSIENT:
            assert "person" in product.ways[name].values(), name


def test_a_cell_that_suspended_by_itself_says_what_it_waits_for_or_goes_on_by_itself(product: Product) -> None:
    found = [(name, state) for name, state in product.states.items() if state.suspended]
    waits = [state for _, state in found if state.cell == CellState.SUSPENDED]
    assert waits or not product.within.waits  # doubts and places that are not clear suspend it, too
    for name, state in found:
        goes_on = any(product.states[after].cell == CellState.UNSUSPENDING for after in product.ways[name])
        says = bool(lulls(state, state.t)) or bool(state.pauses)  # what is paused is said, and stays suspended
        assert state.cell != CellState.SUSPENDED or says != goes_on


def test_an_arm_that_is_let_retreat_goes_back_to_standing_and_is_alone_with_the_cell(product: Product) -> None:
    moves = [(name, state) for name, state in product.states.items() if retreats(state)]
    assert bool(moves) == product.within.retreats
    stands = {name for name, state in product.states.items() if state.retreat is None and not state.motions}
    assert {name for name, _ in moves} <= product.reach(stands)
    for name, state in moves:
        assert state.cell in {CellState.HELD, CellState.STOPPED}
        assert not state.ending
        for after in product.ways[name]:  # nothing makes the cell go on under it
            assert product.states[after].cell not in {CellState.UNHOLDING, CellState.RESETTING, CellState.STARTING}


def test_a_dead_end_would_be_found(product: Product) -> None:
    """The search itself: without the word that the cell is clear nothing that was stopped goes on."""
    goal = {name for name, state in product.states.items() if ready_for_more(state)}
    kept = product.ways
    product.ways = {
        before: {
            after: whose
            for after, whose in ways.items()
            if product.states[after].acknowledged <= product.states[before].acknowledged
        }
        for before, ways in kept.items()
    }
    try:
        lost = product.states.keys() - product.reach(goal)
    finally:
        product.ways = kept
    assert lost >= {name for name, state in product.states.items() if not state.acknowledged}
