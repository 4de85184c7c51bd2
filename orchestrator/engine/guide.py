"""From state to what people see: one function for each topic of the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.core.commands import Acknowledge, ChangeCell, Pause, Request, Resume, TakePart, Who
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.decide.choices import brought, choices, leftovers
from orchestrator.core.handed import must_be_said
from orchestrator.core.interlock import why_not, why_not_manual
from orchestrator.core.machine import (
    AT_WORK,
    CELL,
    CellState,
    CellVerb,
    Mode,
    OrderState,
    OrderVerb,
    StepStatus,
    allowed,
)
from orchestrator.core.overdue import since
from orchestrator.core.pauses import THE_CELL, lane_pauses, said
from orchestrator.core.questions import asks
from orchestrator.core.readiness import blockers, crews
from orchestrator.core.rights import LEAD_CHOICES
from orchestrator.core.state import OVER, ROBOT
from orchestrator.core.supervision import breakpoint_at
from orchestrator.core.waits import reasons
from orchestrator.engine import late, phrases, rewinding
from orchestrator.engine.contradicting import contradictions
from orchestrator.engine.oversight import (
    autonomy_buttons,
    breakpoint_button,
    held_steps,
    motion_buttons,
    release_button,
)
from orchestrator.engine.recovery_view import recovery
from orchestrator.engine.standing import condition, pause_button, to_refill, waits_for
from orchestrator.wire import (
    Ask,
    BinLevel,
    Button,
    Card,
    CellView,
    Ghost,
    Intent,
    LaneView,
    OrderView,
    PartView,
    Question,
    RecoveryView,
    Rewinding,
    RewindView,
    StepView,
    StepWords,
    UnitView,
)

if TYPE_CHECKING:
    from orchestrator.core.commands import Command
    from orchestrator.core.geometry import Pose
    from orchestrator.core.state import State, StepState, UnitState
    from orchestrator.core.variant import PartSpec, Step
    from orchestrator.engine.library import Library

LANGUAGES = ("en", "de")
_OFFERED = (
    CellVerb.START,
    CellVerb.HOLD,
    CellVerb.UNHOLD,
    CellVerb.UNSUSPEND,
    CellVerb.STOP,
    CellVerb.ABORT,
    CellVerb.CLEAR,
    CellVerb.RESET,
)
_DOUBTS = frozenset({"unclear", "unsaid", "contradiction", "doubtful"})
_TOLD = _DOUBTS | {"starved", "gripper", "leftover", "qualification", "tool_due", "release", "screen"}
_ANYBODY = Who(name="anybody", role="supervisor")
_DANGER = frozenset({CellVerb.ABORT, CellVerb.STOP})
_ORDER_DANGER = frozenset({OrderVerb.ABORT, OrderVerb.CANCEL})


class Guide:
    """Makes views of one cell. Words come from the library, in every language that screens offer."""

    def __init__(self, library: Library, *, simulated: bool) -> None:
        self._library = library
        self._simulated = simulated
        self._words: dict[tuple[str, str, str], dict[str, StepWords]] = {}
        self._hazards: dict[tuple[str, str, str], dict[str, Any]] = {}

    def cell(self, state: State) -> CellView:
        """Return the cell at a glance, with the buttons that are legal now."""
        offered = [verb for verb in allowed("cell", state.cell) if verb in _OFFERED]
        if state.manual is not None and CellVerb.STOP not in offered:  # the cell stands, the robot is moved by hand
            offered.append(CellVerb.STOP)
        verbs = [verb for verb in offered if _granted(state, ChangeCell(verb=verb, reason="asked"))]
        buttons = [
            Button(
                label=str(verb),
                command={"type": "change_cell", "verb": str(verb)},
                needs_reason=verb in _DANGER,
                danger=verb in _DANGER,
            )
            for verb in verbs
        ]
        if not state.acknowledged and _granted(state, Acknowledge()):
            buttons.insert(0, Button(label="acknowledge", command={"type": "acknowledge"}))
        if _granted(state, Resume(what="cell") if THE_CELL in state.pauses else Pause(what="cell")):
            buttons.append(pause_button("cell", paused=THE_CELL in state.pauses))
        held = state.world.held()
        if held is not None and _granted(state, TakePart(part=held.part)):
            buttons.append(Button(label="take_part", command={"type": "take_part", "part": held.part}))
        buttons += [Button(label="take_part", command={"type": "take_part", "part": part}) for part in leftovers(state)]
        buttons += late.clearing(state)
        buttons += [_refill(state, name) for name in state.bins if is_low(state, name) or name in to_refill(state)]
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
            condition=condition(state),
            simulated=self._simulated,
            acknowledged=state.acknowledged,
            buttons=tuple(buttons),
            places=tuple(state.spec.places),
            robots=(ROBOT,),
            manual_reasons=why_not_manual(state, motion=state.manual.id if state.manual else ""),
            manual_by=state.manual.by if state.manual else "",
            taught=tuple(state.taught),
            contradictions=contradictions(state, _granted),
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
        )

    def rewind(self, state: State, unit_id: str, step_id: str) -> RewindView:
        """Return what going back to before a step of a unit in work would mean."""
        titles = {step.id: self._title(state, unit_id, step.id) for step in state.variant_of(unit_id).steps}
        return rewinding.preview(state, unit_id, step_id, titles)

    def _rewinding(self, state: State, unit: UnitState) -> Rewinding | None:
        if unit.rewind is None:
            return None
        return Rewinding(
            to=unit.rewind.to,
            left=len(unit.rewind.todo),
            text=rewinding.note(unit, self._title(state, unit.id, unit.rewind.to)),
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
            title={language: words.title for language, words in self._texts(variant.product, step, unit_id).items()},
            status=str(current.status),
            who=who,
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
        )

    def lane(self, state: State, actor: str) -> LaneView:
        """Return what an actor does now."""
        human = actor != ROBOT
        person = state.places.get(actor)
        base: dict[str, Any] = {
            "actor": actor,
            "kind": "human" if human else "robot",
            "operator": person.operator if person else "",
        }
        paused = f"lane/{actor}" in state.pauses
        if (paused or not human or person) and _granted(
            state, Resume(what="lane", name=actor) if paused else Pause(what="lane", name=actor)
        ):
            base["pausing"] = (pause_button("lane", actor, paused=paused),)
        if human and person is None:
            return LaneView(**base, status="away", text=phrases.AWAY)
        doing = state.doing(actor)
        if doing is None:
            look = next((b for b in state.busy() if b[2].status == StepStatus.VERIFYING and _mine(b[2], actor)), None)
            if look is not None:
                title = self._title(state, look[0].id, look[1])
                return LaneView(**base, status="checking", text=phrases.checking(title), unit=look[0].id, step=look[1])
            if held := next(held_steps(state, actor), None):
                unit, step = held
                text = phrases.waits_for_next(self._title(state, unit.id, step.id))
                ids = {"unit": unit.id, "step": step.id}
                return LaneView(**base, **ids, status="waiting", text=text, buttons=(release_button(unit, step),))
            return LaneView(**base, status="idle", text=self._waiting(state, actor))
        unit, step_id, current = doing
        step = state.variant_of(unit.id).by_id[step_id]
        if current.status == StepStatus.UNDOING:
            text = rewinding.describe(state, unit.id, step, self._title(state, unit.id, step_id))
            at_it = {"unit": unit.id, "step": step_id, "started_t": current.patient_t}
            return LaneView(**base, status="working", text=text, **at_it)
        intent = self._intent(state, unit.id, step_id) if not human else None
        over = not human and "skill" not in current.wants and not current.ride  # its share is done, the person's is not
        return LaneView(
            **base,
            status="waiting" if over or (intent and intent.proposed) else "working",
            text=self._title(state, unit.id, step_id),
            unit=unit.id,
            step=step_id,
            started_t=current.started_t,
            paused_t=current.paused_t,
            paused_s=current.paused_s,
            expected_s=step.time_s.get("human" if human else "robot"),
            intent=intent,
        )

    def question(self, state: State, unit_id: str, step_id: str) -> Question:
        """Return a step that needs a decision, with the choices that the rules allow."""
        current = state.units[unit_id].steps[step_id]
        unit, step = state.units[unit_id], state.variant_of(unit_id).by_id[step_id]
        overdue = late.reached(state, unit, step) == "ask"
        measured = current.attempts[-1].measured if current.attempts and not overdue else None
        look = {"other_actor", "skip"} if must_be_said(step, current) else set()  # the person is the camera
        buttons = [
            Button(
                label=f"{choice}_empty" if choice in look else choice,
                command={
                    "type": "choose",
                    "unit": unit_id,
                    "step": step_id,
                    "attempt": current.attempt,
                    "choice": choice,
                    "answers": asks(current),
                    **({"rework": target} if target else {}),
                    **({"part_out": True} if choice in look else {}),
                },
                needs_reason=choice in LEAD_CHOICES,
                # asked again: it undoes what was done, or takes what is in a person's hands
                danger=choice in LEAD_CHOICES or choice == "rework" or (overdue and choice == "other_actor"),
            )
            for choice, target in choices(state, unit_id, step_id)
        ]
        held = state.world.held()
        stuck = held is not None and (held.certainty == "doubtful" or current.code == "gripper_not_empty")
        if held is not None and stuck and _granted(state, TakePart(part=held.part)):
            buttons.insert(0, Button(label="take_part", command={"type": "take_part", "part": held.part}))
        return Question(
            unit=unit_id,
            step=step_id,
            attempt=current.attempt,
            title=self._title(state, unit_id, step_id),
            reason=late.why(state, unit, step)
            if overdue
            else phrases.reason(current.code, current.message, measured, self._seat(state, unit_id, step_id)),
            remedy="" if overdue else current.remedy,
            offset_mm=measured.offset_mm if measured else None,
            evidence=measured.evidence if measured else "",
            since_t=since(state, unit, step) if overdue else current.doubted_t or current.ended_t or state.t,
            buttons=tuple(buttons),
        )

    def recovery(self, state: State) -> RecoveryView | None:
        """Return how a recovery stands; None where there is nothing to recover from."""
        return recovery(state, lambda unit, step: self._title(state, unit, step))

    def bin(self, state: State, name: str) -> BinLevel:
        """Return how full a counted bin is."""
        spec, count = state.spec.supply[name], state.bins[name]
        return BinLevel(name=name, count=count, capacity=spec.capacity or count, low=is_low(state, name))

    def part(self, state: State, part_id: str) -> PartView | None:
        """Return a part for the scene; None when it has no shape or no known place."""
        fact = state.world.facts[part_id]
        spec = self._spec(state, fact.unit, fact.kind)
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

    def card(self, state: State, place: str) -> Card:
        """Return what a person at a place sees and may do now."""
        if place not in state.places:
            return Card(place=place, status="away", note=phrases.AWAY)
        doing = state.doing(place)
        if doing is not None:
            unit, step_id, current = doing
            if current.status == StepStatus.UNDOING:
                return self._undo_card(state, place, unit, step_id, current)
            waiting = "confirm" not in current.wants
            return self._step_card(state, place, unit, step_id, current, "checking" if waiting else "step")
        for unit, step_id, current in state.busy():
            if current.status == StepStatus.VERIFYING and "attest" in current.wants:
                return self._step_card(state, place, unit, step_id, current, "step")
        for unit, step_id, current in state.busy():  # before any question: else one flashes up during each check
            if current.status == StepStatus.VERIFYING and place in current.actors:
                return self._step_card(state, place, unit, step_id, current, "checking")
        for unit, step_id, current in state.busy():
            if current.status == StepStatus.ATTENTION:
                return self._step_card(state, place, unit, step_id, current, "attention")
        for unit, step, _ in late.asked(state):
            return self._step_card(state, place, unit, step.id, unit.steps[step.id], "attention")
        return self._idle_card(state, place)

    # ---- cards -------------------------------------------------------------------------------------------------

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
            if attest or brought(state, unit.id, step_id):
                word = Button(label="attest" if attest else "confirm", command={"type": "confirm_step", **key})
                buttons = (word, *buttons)
            note = phrases.ATTEST if attest else self._last_word(current, self._seat(state, unit.id, step_id))
            if reminder := late.reminder(state, unit, step):
                note, buttons = reminder, (*buttons, *late.own(state, place, unit, step, _granted))
        elif status == "attention":
            question = self.question(state, unit.id, step_id)
            buttons = (*question.buttons, *late.others(state, place, _granted))
            note = question.reason
        elif status == "checking":
            note = phrases.CHECKING
        words = self._texts(variant.product, step, unit.id)
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
            hazards=self._hazards[variant.product, step.id, unit.id],
            asks=tuple(asks) if mine else (),
            lots=tracked,
            tool=step.tool or "",
            bin=self._bin(state, unit, step),
            part_name=dict(spec.name) if spec else {},
            qty=step.result.qty,
            ghost=self._ghost(state, unit, step, spec, nominal),
            focus=nominal or self._focus(state, unit, step),
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
        step, title = state.variant_of(unit.id).by_id[step_id], self._title(state, unit.id, step_id)
        plain = self._step_card(state, place, unit, step_id, current, "checking")
        return plain.model_copy(
            update={
                "status": "step",
                "note": late.reminder(state, unit, step) or self._why_back(state, unit),
                "words": rewinding.instruction(self._library, state, unit.id, step, title),
                "asks": (),
                "lots": (),
                "hazards": {},
                "tool": "",
                "bin": "",
                "ghost": None,
                "together": False,
                "started_t": current.patient_t,
                "expected_s": None,
                "buttons": rewinding.buttons(unit, step, place),
            }
        )

    def _why_back(self, state: State, unit: UnitState) -> dict[str, str]:
        return rewinding.note(unit, self._title(state, unit.id, unit.rewind.to)) if unit.rewind is not None else {}

    def _idle_card(self, state: State, place: str) -> Card:
        running = [order for order in state.orders.values() if order.state in {OrderState.RUNNING, OrderState.PAUSED}]
        waiting = any(order.state == OrderState.STORED for order in state.orders.values())
        over = bool(state.orders) and not running and not state.units and not waiting
        blocked = state.cell not in CELL[CellVerb.COMPLETE] and bool(running)
        status = "done" if over and state.cell != CellState.IDLE else "blocked" if blocked else "idle"
        whys = waits_for(state) or why_not(state) or (f"The cell is {state.cell}: wait until it has settled.",)
        note = phrases.told(*whys) if blocked else self._waiting(state, place)
        held = state.world.held()
        take: tuple[Button, ...] = ()
        if held is not None and self._gripper_blocks(state, place) and _granted(state, TakePart(part=held.part)):
            take = (Button(label="take_part", command={"type": "take_part", "part": held.part}),)
        take += tuple(_refill(state, name) for name in to_refill(state) if name in state.bins)
        buttons = (*take, *late.others(state, place, _granted))
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

    def _waiting(self, state: State, actor: str) -> dict[str, str]:
        """Why an actor has nothing to do: the first reason that isn't just somebody else's turn."""
        if not state.orders:
            return phrases.NO_ORDER
        if paused := lane_pauses(state, (actor,)):
            return phrases.told(*(said(key) for key in paused))
        if state.cell != CellState.EXECUTE:
            reasons = waits_for(state) or why_not(state)[:1]
            return phrases.told(*reasons or (f"The cell is {state.cell}: wait until it has settled.",))
        for unit in state.units.values():
            if unit.rechecking and actor != ROBOT:
                return phrases.LOOKING_AGAIN
            for step in state.variant_of(unit.id).steps:
                if unit.steps[step.id].status != StepStatus.READY:
                    continue
                for crew in crews(state, step, unit.steps[step.id].barred):
                    why = blockers(state, unit, step, crew, state.t) if actor in crew else []
                    starved = [reason for reason in why if reason.code in _TOLD]
                    if starved and starved[0].code == "release":
                        return phrases.waits_for_next(self._title(state, unit.id, step.id))
                    if starved:
                        return phrases.told(starved[0].message)
        if all(order.state == OrderState.STORED for order in state.orders.values()):
            return phrases.START_ORDER
        return phrases.FREE if actor == ROBOT else phrases.IDLE

    def _upcoming(self, state: State, place: str, now: str) -> tuple[dict[str, str], ...]:
        out = []
        for unit in state.units.values():
            for step in state.variant_of(unit.id).steps:
                if step.human is None or step.id == now or unit.steps[step.id].status in OVER or place == ROBOT:
                    continue
                if unit.steps[step.id].status in {StepStatus.WAITING, StepStatus.READY, StepStatus.UNDONE}:
                    out.append(self._title(state, unit.id, step.id))
                if len(out) == 3:
                    return tuple(out)
        return tuple(out)

    def _last_word(self, current: StepState, seat: Pose | None) -> dict[str, str]:
        """What the attempt before this one failed on."""
        if len(current.attempts) < 2:
            return {}
        last = current.attempts[-2]
        return phrases.reason(last.code, last.message, last.measured, seat) if last.code else {}

    def _seat(self, state: State, unit: str, step: str) -> Pose | None:
        """The frame in which a step's offset is measured."""
        return state.result_pose(unit, state.variant_of(unit).by_id[step])

    # ---- small things ------------------------------------------------------------------------------------------

    def _texts(self, product: str, step: Step, unit: str) -> dict[str, StepWords]:
        key = (product, step.id, unit)
        if key not in self._words:
            if len(self._words) > 5000:
                self._words.clear()
                self._hazards.clear()
            found = {language: self._library.words(product, step, language, unit) for language in LANGUAGES}
            self._words[key] = {
                language: StepWords(
                    title=words.title,
                    do=words.do,
                    more=words.more,
                    ask=words.ask,
                    hazards={hazard.id: hazard.text for hazard in words.hazards},
                    media={media.path: media.alt for media in words.media},
                )
                for language, words in found.items()
            }
            self._hazards[key] = {hazard.id: hazard.level for words in found.values() for hazard in words.hazards}
        return self._words[key]

    def _title(self, state: State, unit: str, step: str) -> dict[str, str]:
        variant = state.variant_of(unit)
        texts = self._texts(variant.product, variant.by_id[step], unit)
        return {language: words.title for language, words in texts.items()}

    def _intent(self, state: State, unit: str, step: str) -> Intent | None:
        mine = [m for m in state.motions.values() if m.effect.startswith(f"{unit}/{step}/")]
        if not mine:
            return None
        motion = mine[-1]
        return Intent(
            motion=motion.id,
            text=phrases.motion(motion.text, self._names(state, unit, step)),
            preview=motion.preview,
            duration_s=motion.duration_s,
            started_t=motion.t,
            proposed=not motion.approved,
            buttons=motion_buttons(motion),
            needs=motion.needs,
            approved_by=motion.approved_by,
            supervised=motion.supervised,
        )

    def _names(self, state: State, unit: str, step: str) -> dict[str, str]:
        """What the step's part is called in each language."""
        variant = state.variant_of(unit)
        result = variant.by_id[step].result
        spec = variant.parts.get(result.kind or "")
        return dict(spec.name) if spec else {}

    def _ghost(
        self, state: State, unit: UnitState, step: Step, spec: PartSpec | None, nominal: Pose | None
    ) -> Ghost | None:
        if spec is None or not spec.mesh or nominal is None or step.result.part is None:
            return None
        fact = state.world.get(f"{unit.id}/{step.result.part}")
        start = state.world.pose(f"{unit.id}/{step.result.part}") if fact else None
        if start is None and (name := self._bin(state, unit, step)):
            start = state.spec.supply[name].at
        return Ghost(
            part=step.result.part, kind=step.result.kind or "", mesh=spec.mesh, start=start, end=nominal.rounded()
        )

    def _bin(self, state: State, unit: UnitState, step: Step) -> str:
        if step.result.kind is None or state.world.get(f"{unit.id}/{step.result.part}") is not None:
            return ""
        return next(iter(state.spec.bins_for(step.result.kind, "human")), "")

    def _focus(self, state: State, unit: UnitState, step: Step) -> Pose | None:
        target = step.result.at or step.result.along
        return state.target_pose(unit.id, target) if target else None

    def _spec(self, state: State, unit: str, kind: str) -> PartSpec | None:
        return state.part_spec(unit, kind)


def _refill(state: State, name: str) -> Button:
    return Button(
        label="refill", command={"type": "refill_bin", "bin": name, "count": state.spec.supply[name].capacity}
    )


def is_low(state: State, name: str) -> bool:
    """Tell whether a counted bin wants refilling."""
    return state.bins[name] < max(1, state.spec.supply[name].min)


def _granted(state: State, command: Command) -> bool:
    """Whether a command would be granted now."""
    verdict = decide(state, Request(id="may", by=_ANYBODY, t=state.t, command=command), state.t)
    return not isinstance(verdict, Rejected)


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


def _mine(current: StepState, actor: str) -> bool:
    return actor in current.actors


def _in_gripper(state: State, part: str) -> bool:
    fact = state.world.get(part)
    while fact is not None:
        if fact.holder == "gripper":
            return True
        fact = state.world.get(fact.holder)
    return False
