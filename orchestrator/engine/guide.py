"""From state to what people see: one function for each topic of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.commands import Acknowledge, ChangeCell, JoinPlace, Pause, Resume, TakePart
from orchestrator.core.decide.choices import leftovers
from orchestrator.core.holding import HOLDS_ALREADY
from orchestrator.core.interlock import why_not_manual
from orchestrator.core.lead import begins_t
from orchestrator.core.machine import CellState, CellVerb, Mode, OrderVerb, StepStatus, allowed
from orchestrator.core.pauses import THE_CELL
from orchestrator.core.photo import path_of
from orchestrator.core.state import OVER, ROBOT
from orchestrator.core.supervision import breakpoint_at, released_by
from orchestrator.core.waits import reasons
from orchestrator.engine import late, phrases, rewinding
from orchestrator.engine.ahead import Ahead
from orchestrator.engine.asking import question
from orchestrator.engine.captions import Captions
from orchestrator.engine.cards import Cards
from orchestrator.engine.contradicting import contradictions
from orchestrator.engine.helping import help_view
from orchestrator.engine.idling import waiting
from orchestrator.engine.naming import about_part
from orchestrator.engine.offers import granted, is_low, refill
from orchestrator.engine.oversight import (
    autonomy_buttons,
    breakpoint_button,
    held_steps,
    motion_buttons,
    release_button,
)
from orchestrator.engine.recovery_view import recovery
from orchestrator.engine.remaining import remaining_s
from orchestrator.engine.retreat_view import retreat_lane, retreat_view
from orchestrator.engine.standing import condition, pause_button, to_refill
from orchestrator.wire import (
    BinLevel,
    Button,
    Card,
    CellView,
    Intent,
    LaneView,
    OrderView,
    PartView,
    Question,
    RecoveryView,
    Rewinding,
    RewindView,
    StepView,
    UnitView,
)

if TYPE_CHECKING:
    from orchestrator.core.state import State, StepState, UnitState
    from orchestrator.engine.library import Library

_OFFERED = (
    CellVerb.START,
    CellVerb.HOLD,
    CellVerb.UNHOLD,
    CellVerb.SUSPEND,
    CellVerb.UNSUSPEND,
    CellVerb.STOP,
    CellVerb.ABORT,
    CellVerb.CLEAR,
    CellVerb.RESET,
)
_DANGER = frozenset({CellVerb.ABORT, CellVerb.STOP})
_ORDER_DANGER = frozenset({OrderVerb.ABORT, OrderVerb.CANCEL})


class Guide:
    """Makes views of one cell. Words come from the library, in every language that screens offer."""

    def __init__(self, library: Library, *, simulated: bool) -> None:
        self._captions = Captions(library)
        self._cards = Cards(self._captions)
        self._simulated = simulated
        self._ahead = Ahead()

    def cell(self, state: State) -> CellView:
        """Return the cell at a glance, with the buttons that are legal now."""
        offered = [verb for verb in allowed("cell", state.cell) if verb in _OFFERED]
        if state.manual is not None and CellVerb.STOP not in offered:  # the cell stands, the robot is moved by hand
            offered.append(CellVerb.STOP)
        if state.cell in HOLDS_ALREADY:
            offered.insert(0, CellVerb.HOLD)
        verbs = [verb for verb in offered if granted(state, ChangeCell(verb=verb, reason="asked"))]
        buttons = [
            Button(
                label="hold_too" if verb == CellVerb.HOLD and state.cell in HOLDS_ALREADY else str(verb),
                command={"type": "change_cell", "verb": str(verb)},
                needs_reason=verb in _DANGER,
                danger=verb in _DANGER,
            )
            for verb in verbs
        ]
        if not state.acknowledged and granted(state, Acknowledge()):
            buttons.insert(0, Button(label="acknowledge", command={"type": "acknowledge", "n": state.alarms}))
        if granted(state, Resume(what="cell") if THE_CELL in state.pauses else Pause(what="cell")):
            buttons.append(pause_button("cell", paused=THE_CELL in state.pauses))
        held = state.world.held()
        if held is not None and granted(state, TakePart(part=held.part)):
            buttons.append(about_part(state, "take_part", TakePart(part=held.part)))
        buttons += [about_part(state, "take_part", TakePart(part=part)) for part in leftovers(state)]
        buttons += late.clearing(state)
        buttons += [refill(state, name) for name in state.bins if is_low(state, name) or name in to_refill(state)]
        if state.cell in {CellState.IDLE, CellState.STOPPED, CellState.COMPLETED, CellState.ABORTED}:
            buttons += [
                Button(label=str(mode), command={"type": "set_mode", "mode": str(mode)})
                for mode in Mode
                if mode != state.mode
            ]
        buttons += autonomy_buttons(state)
        return CellView(
            name=state.spec.name,
            state=str(state.cell),
            mode=str(state.mode),
            safety=str(state.safety),
            autonomy=str(state.autonomy),
            reason=state.cell_reason,
            reasons=reasons(state),
            approvals=state.spec.approvals.motions,
            four_eyes=state.spec.approvals.four_eyes,
            condition=condition(state),
            simulated=self._simulated,
            acknowledged=state.acknowledged,
            buttons=tuple(buttons),
            places=tuple(state.spec.places),
            robots=(ROBOT,),
            manual_reasons=why_not_manual(state, motion=state.manual.id if state.manual else ""),
            manual_by=state.manual.by if state.manual else "",
            taught=tuple(state.taught),
            contradictions=contradictions(state, granted),
            retreat=retreat_view(state),
            rehearsal=state.spec.rehearsal,
            supervised=state.spec.supervised,
        )

    def order(self, state: State, order_id: str) -> OrderView:
        """Return an order and how far it is."""
        order = state.orders[order_id]
        verbs = [verb for verb in allowed("order", order.state) if verb != OrderVerb.END]
        return OrderView(
            id=order.id,
            product=order.variant.product,
            options=order.variant.options,
            quantity=order.quantity,
            started=order.started,
            done=order.done,
            scrapped=order.scrapped,
            state=str(order.state),
            due_t=order.due_t,
            breakpoints=tuple(sorted(order.breakpoints)),
            buttons=tuple(
                Button(
                    label=str(verb),
                    command={"type": "change_order", "order": order.id, "verb": str(verb)},
                    needs_reason=verb == OrderVerb.ABORT,
                    danger=verb in _ORDER_DANGER,
                )
                for verb in verbs
            ),
        )

    def unit(self, state: State, unit_id: str) -> UnitView:
        """Return a unit in work and how far it is."""
        unit = state.units[unit_id]
        return UnitView(
            id=unit.id,
            order=unit.order,
            n=unit.n,
            nest=next(iter(unit.nests.values()), ""),
            steps=len(unit.steps),
            done=sum(step.status in OVER for step in unit.steps.values()),
            started_t=unit.started_t,
            breakpoints=tuple(sorted(unit.breakpoints)),
            rewinding=self._rewinding(state, unit),
            left_s=remaining_s(state, unit_id),
        )

    def rewind(self, state: State, unit_id: str, step_id: str) -> RewindView:
        """Return what going back to before a step of a unit in work would mean."""
        titles = {step.id: self._captions.title(state, unit_id, step.id) for step in state.variant_of(unit_id).steps}
        return rewinding.preview(state, unit_id, step_id, titles)

    def _rewinding(self, state: State, unit: UnitState) -> Rewinding | None:
        if unit.rewind is None:
            return None
        return Rewinding(
            to=unit.rewind.to,
            left=len(unit.rewind.todo),
            text=rewinding.note(unit, self._captions.title(state, unit.id, unit.rewind.to)),
            waits=rewinding.stands_still(state, unit),
            buttons=rewinding.stopping(unit),
        )

    def step(self, state: State, unit_id: str, step_id: str) -> StepView:
        """Return one step of a unit in work."""
        variant = state.variant_of(unit_id)
        step, current = variant.by_id[step_id], state.units[unit_id].steps[step_id]
        measured = current.attempts[-1].measured if current.attempts else None
        who = tuple(kind for kind, work in (("robot", step.robot), ("human", step.human)) if work is not None)
        kind = "robot" if ROBOT in current.actors or (not current.actors and who == ("robot",)) else "human"
        return StepView(
            unit=unit_id,
            id=step.id,
            group=step.group,
            k=step.k,
            n=step.n,
            index=next(i for i, each in enumerate(variant.steps) if each is step),
            title={
                language: words.title
                for language, words in self._captions.texts(variant.product, step, unit_id).items()
            },
            status=str(current.status),
            who=who,
            together=step.together,
            actors=current.actors or (current.attempts[-1].actors if current.attempts else ()),
            attempt=current.attempt,
            after=tuple(wait.step for wait in step.after),
            started_t=current.started_t,
            ended_t=current.ended_t,
            expected_s=step.time_s.get(kind),  # type: ignore[call-overload]
            offset_mm=measured.offset_mm if measured else None,
            verdict=measured.verdict if measured else "",
            waived=bool(current.waived),
            breakpoint=breakpoint_at(state, state.units[unit_id], step) is not None,
            buttons=breakpoint_button(state, state.units[unit_id], step),
            overdue=late.reached(state, state.units[unit_id], step),
            photo=path_of(current.photo) if current.photo else "",
        )

    def lane(self, state: State, actor: str) -> LaneView:
        """Return what an actor does now."""
        if actor == ROBOT and (retreats := retreat_lane(state)) is not None:
            return retreats
        human = actor != ROBOT
        person = state.places.get(actor)
        base: dict[str, Any] = {
            "actor": actor,
            "kind": "human" if human else "robot",
            "operator": person.operator if person else "",
            "help": help_view(state, actor),
            "ahead": self._ahead.of(state, actor),
        }
        paused = f"lane/{actor}" in state.pauses
        if (paused or not human or person) and granted(
            state, Resume(what="lane", name=actor) if paused else Pause(what="lane", name=actor)
        ):
            base["pausing"] = (pause_button("lane", actor, paused=paused),)
        if human and person is None:
            return LaneView(**base, status="away", text=phrases.AWAY.texts)
        doing = state.doing(actor)
        if doing is None:
            if not human and state.homing and (moves := self._intent(state, state.homing)) is not None:
                status = "waiting" if moves.proposed else "working"
                return LaneView(**base, status=status, text=phrases.GOING_HOME.texts, intent=moves)
            look = next((b for b in state.busy() if b[2].status == StepStatus.VERIFYING and _mine(b[2], actor)), None)
            if look is not None:
                title = self._captions.title(state, look[0].id, look[1])
                return LaneView(**base, status="checking", text=phrases.checking(title), unit=look[0].id, step=look[1])
            if held := next(held_steps(state, actor), None):
                unit, step = held
                text = phrases.waits_for_next(self._captions.title(state, unit.id, step.id))
                ids = {"unit": unit.id, "step": step.id}
                return LaneView(**base, **ids, status="waiting", text=text, buttons=(release_button(unit, step),))
            return LaneView(**base, status="idle", text=waiting(self._captions, state, actor))
        unit, step_id, current = doing
        step = state.variant_of(unit.id).by_id[step_id]
        if current.status == StepStatus.UNDOING:
            text = rewinding.describe(state, unit.id, step, self._captions.title(state, unit.id, step_id))
            at_it = {"unit": unit.id, "step": step_id, "started_t": current.patient_t}
            return LaneView(**base, status="working", text=text, **at_it)
        intent = (
            self._intent(state, f"{unit.id}/{step_id}", self._captions.names(state, unit.id, step_id))
            if not human
            else None
        )
        over = not human and "skill" not in current.wants and not current.ride  # its share is done, the person's is not
        return LaneView(
            **base,
            status="waiting" if over or (intent and intent.proposed) else "working",
            text=self._captions.title(state, unit.id, step_id),
            unit=unit.id,
            step=step_id,
            started_t=current.started_t,
            paused_t=current.paused_t,
            paused_s=current.paused_s,
            expected_s=step.time_s.get("human" if human else "robot"),
            intent=intent,
        )

    def recovery(self, state: State) -> RecoveryView | None:
        """Return how a recovery stands; None where there is nothing to recover from."""
        return recovery(state, lambda unit, step: self._captions.title(state, unit, step))

    def question(self, state: State, unit_id: str, step_id: str) -> Question:
        """Return a step that needs a decision, with the choices that the rules allow."""
        return question(self._captions, state, unit_id, step_id)

    def card(self, state: State, place: str) -> Card:
        """Return what a person at a place sees and may do now."""
        card = self._cards.card(state, place)
        if place not in state.screens_lost:
            return card
        there = state.places[place]
        word = JoinPlace(place=place, operator=there.operator, qualifications=there.qualifications)
        here = Button(label="work_here", command=word.model_dump(mode="json"))
        return card.model_copy(update={"buttons": (*card.buttons, here)})

    def bin(self, state: State, name: str) -> BinLevel:
        """Return how full a counted bin is."""
        spec, count = state.spec.supply[name], state.bins[name]
        return BinLevel(name=name, count=count, capacity=spec.capacity or count, low=is_low(state, name))

    def part(self, state: State, part_id: str) -> PartView | None:
        """Return a part for the scene; None when it has no shape or no known place."""
        fact = state.world.facts[part_id]
        spec = state.part_spec(fact.unit, fact.kind)
        if spec is None or not spec.mesh or fact.certainty == "unknown" or fact.holder.startswith("place:"):
            return None
        carried = _in_gripper(state, part_id)
        pose = fact.pose if carried else state.world.pose(part_id)
        if pose is None:
            return None
        return PartView(
            id=part_id,
            kind=fact.kind,
            mesh=spec.mesh,
            pose=pose,
            holder="gripper" if carried else fact.holder,
            certainty=fact.certainty,
            source=fact.source,
        )

    def _intent(self, state: State, of: str, part: dict[str, str] | None = None) -> Intent | None:
        """Return the newest motion of an effect, or of a step's effects (unit/step); `part` is what it is called."""
        mine = [m for m in state.motions.values() if f"{m.effect}/".startswith(f"{of}/")]
        if not mine:
            return None
        motion = mine[-1]
        return Intent(
            motion=motion.id,
            text=phrases.motion(motion.text, part or {}),
            preview=motion.preview,
            duration_s=motion.duration_s,
            started_t=motion.t,
            proposed=not motion.approved,
            buttons=motion_buttons(state, motion),
            needs=motion.needs,
            approved_by=motion.approved_by,
            supervised=motion.supervised,
            released_by=released_by(state, motion),
            begins_t=begins_t(motion),
            end=motion.end,
        )


def _mine(current: StepState, actor: str) -> bool:
    return actor in current.actors


def _in_gripper(state: State, part: str) -> bool:
    fact = state.world.get(part)
    while fact is not None:
        if fact.holder == "gripper":
            return True
        fact = state.world.get(fact.holder)
    return False
