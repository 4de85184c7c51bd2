"""What a person at a place sees and may do now: the card of their step, of a question, or of having nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.commands import TakePart
from orchestrator.core.corrections import correctable
from orchestrator.core.decide.choices import brought
from orchestrator.core.decide.photos import wanted
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import AT_WORK, CELL, CellState, CellVerb, OrderState, StepStatus
from orchestrator.core.readiness import blockers, crews, supply
from orchestrator.core.second_look import may_look
from orchestrator.core.state import OVER, ROBOT
from orchestrator.engine import late, phrases, rewinding, undoing
from orchestrator.engine.asking import question, seat
from orchestrator.engine.idling import waiting
from orchestrator.engine.naming import about_part
from orchestrator.engine.offers import granted, refill
from orchestrator.engine.standing import to_refill, waits_for
from orchestrator.wire import Ask, Button, Card, Ghost

if TYPE_CHECKING:
    from orchestrator.core.geometry import Pose, Vector
    from orchestrator.core.state import State, StepState, UnitState
    from orchestrator.core.variant import PartSpec, Step
    from orchestrator.engine.captions import Captions


class Cards:
    """Makes the cards of one cell's places."""

    def __init__(self, captions: Captions) -> None:
        self._captions = captions

    def card(self, state: State, place: str) -> Card:
        """Return what a person at a place sees and may do now."""
        if place not in state.places:
            return Card(place=place, status="away", note=phrases.AWAY.texts)
        doing = state.doing(place)
        if doing is not None:
            unit, step_id, current = doing
            if current.status == StepStatus.UNDOING:
                return self._undo_card(state, place, unit, step_id, current)
            at_it = "confirm" in current.wants
            return self._step_card(state, place, unit, step_id, current, "step" if at_it else "checking")
        for unit, step_id, current in state.busy():
            if current.status == StepStatus.VERIFYING and "attest" in current.wants:
                step = state.variant_of(unit.id).by_id[step_id]
                if may_look(step, current, state.places[place].operator):
                    return self._step_card(state, place, unit, step_id, current, "step")
        for unit, step_id, current in state.busy():  # before any question: else one flashes up during each check
            looked = "attest" in current.wants  # by this person: the next look is another's
            if current.status == StepStatus.VERIFYING and place in current.actors and not looked:
                return self._step_card(state, place, unit, step_id, current, "checking")
        for unit, step_id, current in state.busy():
            if current.status == StepStatus.ATTENTION:
                return self._step_card(state, place, unit, step_id, current, "attention")
        for unit, step, _ in late.asked(state):
            return self._step_card(state, place, unit, step.id, unit.steps[step.id], "attention")
        return self._idle_card(state, place)

    def _step_card(
        self, state: State, place: str, unit: UnitState, step_id: str, current: StepState, status: Any
    ) -> Card:
        variant = state.variant_of(unit.id)
        order = state.orders[unit.order]
        step = variant.by_id[step_id]
        attest = "attest" in current.wants
        given = set(current.values)
        asks = [
            Ask(value=name, spec=spec.model_copy(update={"pattern": spec.pattern.replace("$serial", unit.id)}))
            for name, spec in step.result.values.items()
            if name not in given
        ]
        spec = variant.parts.get(step.result.kind or "")
        tracked = (step.result.part,) if spec and spec.track and step.result.part and not attest else ()
        nominal = state.result_pose(unit.id, step)
        mine = place in current.actors or attest
        buttons: tuple[Button, ...] = ()
        note: dict[str, str] = {}
        if status == "step" and mine:
            key = {"unit": unit.id, "step": step_id, "attempt": current.attempt, "place": place}
            buttons = (Button(label="problem", command={"type": "report_problem", **key}, needs_reason=True),)
            whose = {"operator": state.places[place].operator}
            if attest or brought(state, unit.id, step_id):
                word = Button(label="attest" if attest else "confirm", command={"type": "confirm_step", **key, **whose})
                buttons = (word, *buttons)
            done = phrases.ATTEST if ROBOT in current.actors else phrases.ATTEST_PERSON
            note = done.texts if attest else self._last_word(state, current, seat(state, unit.id, step_id))
            if reminder := late.reminder(state, unit, step):
                note, buttons = reminder, (*buttons, *late.own(state, place, unit, step, granted))
            buttons = (*buttons, *undoing.own(state, place, granted))
        elif status == "attention":
            asked = question(self._captions, state, unit.id, step_id)
            buttons = (*asked.buttons, *late.others(state, place, granted))
            note = asked.reason
        elif status == "checking":
            note = phrases.CHECKING.texts
            if current.ride == "wanted" and why_not(state):
                note = phrases.LOOKS_LATER.texts
            elif any(motion.approved for motion in state.motions.values()):
                note = phrases.CHECKING_BETWEEN.texts
        words = self._captions.texts(variant.product, step, unit.id)
        return Card(
            place=place,
            status=status,
            note=note,
            unit=unit.id,
            unit_n=unit.n,
            order=order.id,
            quantity=order.quantity,
            step=step_id,
            attempt=current.attempt,
            k=step.k,
            n=step.n,
            words=words,
            hazards=self._captions.hazards(variant.product, step, unit.id),
            asks=tuple(asks) if mine else (),
            lots=tracked,
            photo=status == "step" and mine and wanted(step, current),
            tool=step.tool or "",
            bin=self._bin(state, unit, step),
            part_name=dict(spec.name) if spec else {},
            qty=step.result.qty,
            ghost=self._ghost(state, unit, step, spec, nominal),
            focus=nominal or self._focus(state, unit, step),
            offset_mm=None if attest or late.reached(state, unit, step) else _deviation(current, status),
            live=not attest and correctable(state, place, unit.id, step_id),
            together=step.together,
            started_t=current.started_t,
            paused_t=current.paused_t,
            paused_s=current.paused_s,
            expected_s=step.time_s.get("human"),
            overdue=late.reached(state, unit, step),
            buttons=buttons,
            upcoming=self._upcoming(state, place, step_id),
        )

    def _undo_card(self, state: State, place: str, unit: UnitState, step_id: str, current: StepState) -> Card:
        step, title = state.variant_of(unit.id).by_id[step_id], self._captions.title(state, unit.id, step_id)
        plain = self._step_card(state, place, unit, step_id, current, "checking")
        return plain.model_copy(
            update={
                "status": "step",
                "note": late.reminder(state, unit, step) or self._why_back(state, unit),
                "words": rewinding.instruction(self._captions.library, state, unit.id, step, title),
                "asks": (),
                "lots": (),
                "photo": False,
                "hazards": {},
                "tool": "",
                "bin": "",
                "ghost": None,
                "live": False,
                "together": False,
                "started_t": current.patient_t,
                "expected_s": None,
                "buttons": rewinding.buttons(unit, step, place, state.places[place].operator),
            }
        )

    def _why_back(self, state: State, unit: UnitState) -> dict[str, str]:
        return (
            rewinding.note(unit, self._captions.title(state, unit.id, unit.rewind.to))
            if unit.rewind is not None
            else {}
        )

    def _idle_card(self, state: State, place: str) -> Card:
        running = [order for order in state.orders.values() if order.state in {OrderState.RUNNING, OrderState.PAUSED}]
        stored = any(order.state == OrderState.STORED for order in state.orders.values())
        over = bool(state.orders) and not running and not state.units and not stored
        blocked = state.cell not in CELL[CellVerb.COMPLETE] and bool(running)
        status = "done" if over and state.cell != CellState.IDLE else "blocked" if blocked else "idle"
        whys = waits_for(state) or why_not(state) or (f"The cell is {state.cell}: wait until it has settled.",)
        note = phrases.told(*whys) if blocked else waiting(self._captions, state, place)
        held = state.world.held()
        take: tuple[Button, ...] = ()
        if held is not None and self._gripper_blocks(state, place) and granted(state, TakePart(part=held.part)):
            take = (about_part(state, "take_part", TakePart(part=held.part)),)
        take += tuple(refill(state, name) for name in to_refill(state) if name in state.bins)
        buttons = (*take, *late.others(state, place, granted), *undoing.own(state, place, granted))
        return Card(place=place, status=status, note=note, buttons=buttons, upcoming=self._upcoming(state, place, ""))

    def _gripper_blocks(self, state: State, actor: str) -> bool:
        """Whether someone waits for the gripper to be empty, and the robot can't go on with what it holds."""
        held = state.world.held()
        unit = state.units.get(held.unit) if held is not None else None
        if unit is not None and unit.rewind is not None:
            return True  # nobody takes apart what the gripper holds
        if state.cell not in AT_WORK or _goes_on(state):
            return False
        return any(
            any(reason.code == "gripper" for reason in blockers(state, unit, step, crew, state.t))
            for unit in state.units.values()
            for step in state.variant_of(unit.id).steps
            if unit.steps[step.id].status == StepStatus.READY
            for crew in crews(state, step, unit.steps[step.id].barred)
            if actor in crew
        )

    def _upcoming(self, state: State, place: str, now: str) -> tuple[dict[str, str], ...]:
        out = []
        for unit in state.units.values():
            for step in state.variant_of(unit.id).steps:
                if step.human is None or step.id == now or unit.steps[step.id].status in OVER or place == ROBOT:
                    continue
                if unit.steps[step.id].status in {StepStatus.WAITING, StepStatus.READY, StepStatus.UNDONE}:
                    out.append(self._captions.title(state, unit.id, step.id))
                if len(out) == 3:
                    return tuple(out)
        return tuple(out)

    def _last_word(self, state: State, current: StepState, seat: Pose | None) -> dict[str, str]:
        """What the attempt before this one failed on."""
        if len(current.attempts) < 2:
            return {}
        last = current.attempts[-2]
        return phrases.reason(last.code, last.message, last.measured, seat, state.spec.names) if last.code else {}

    def _ghost(
        self, state: State, unit: UnitState, step: Step, spec: PartSpec | None, nominal: Pose | None
    ) -> Ghost | None:
        if spec is None or not spec.mesh or nominal is None or step.result.part is None:
            return None
        fact = state.world.get(f"{unit.id}/{step.result.part}")
        start = state.world.pose(f"{unit.id}/{step.result.part}") if fact else None
        if start is None and (name := self._bin(state, unit, step)):
            start = _next_slot(state, name)
        return Ghost(
            part=step.result.part, kind=step.result.kind or "", mesh=spec.mesh, start=start, end=nominal.rounded()
        )

    def _bin(self, state: State, unit: UnitState, step: Step) -> str:
        if step.result.kind is None or state.world.get(f"{unit.id}/{step.result.part}") is not None:
            return ""
        return supply(state, unit, step, unit.steps[step.id].actors)[0]

    def _focus(self, state: State, unit: UnitState, step: Step) -> Pose | None:
        target = step.result.at or step.result.along
        return state.target_pose(unit.id, target) if target else None


def _next_slot(state: State, name: str) -> Pose:
    """Return where the next part of a bin is to be taken, m in the cell: the slot that the robot would take as well."""
    spec = state.spec.supply[name]
    left = state.bins.get(name, 0)
    if spec.grid is None or spec.capacity is None or left <= 0:
        return spec.at
    return spec.slot(max(0, spec.capacity - left))


def _deviation(current: StepState, status: str) -> Vector | None:
    """Return how far beside its seat the part was measured: by the attempt in question, or by the one before this."""
    attempts = {"attention": current.attempts, "step": current.attempts[:-1]}.get(status, ())
    measured = attempts[-1].measured if attempts else None
    return measured.offset_mm if measured is not None and measured.verdict == "displaced" else None


def _goes_on(state: State) -> bool:
    """Whether a step is left that the robot may do with the part in its gripper."""
    held = state.world.held()
    unit = state.units.get(held.unit) if held is not None else None
    if held is None or unit is None:
        return False
    return any(
        held.part == f"{unit.id}/{step.result.part}"
        and unit.steps[step.id].status not in OVER
        and any(ROBOT in crew for crew in crews(state, step, unit.steps[step.id].barred))
        for step in state.variant_of(unit.id).steps
    )
