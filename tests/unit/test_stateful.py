"""Random commands and outcomes, also stale, doubled and absurd ones, against what must always hold.

TANDEM_SOAK=1 runs many more and longer examples.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.decide.choices import brought, choices, leftovers
from orchestrator.core.decide.progress import amiss
from orchestrator.core.events import EVENT
from orchestrator.core.handed import wants_word
from orchestrator.core.interlock import why_not
from orchestrator.core.machine import (
    ASKS_STEP,
    CELL,
    MOTION_ALLOWED,
    ORDER,
    STEP,
    Autonomy,
    CellState,
    CellVerb,
    Mode,
    OrderVerb,
)
from orchestrator.core.overdue import climbing, overdue
from orchestrator.core.pauses import RUNS, lane_pauses, robot_pauses, step_pauses
from orchestrator.core.ports import Safety
from orchestrator.core.react import GoHome, Look, RideAndLook, RunRetreat, RunSkill, react
from orchestrator.core.readiness import blockers, crews
from orchestrator.core.retreat import retreats, why_not_retreat
from orchestrator.core.rides import ride_blockers
from orchestrator.core.state import BUSY, OVER, State, UnitState, moves_robot, skill_effect
from orchestrator.core.unasked import asked_for
from orchestrator.core.variant import Step, Wait
from orchestrator.engine.snapshot import Snapshot
from tests.unit.core_builders import CLAIM, TORQUE, Bench, cell, ladder, step, types, variant

PRODUCT = variant(
    step("purge", part="glue", at="waste", by="robot", check=["none"], per="order"),
    step("load", part="body", at="nest", by="robot", on_fail=ladder("retry", "ask")),
    step("board", ["load"], part="board", at="body/side", by="human", check=["person"], values=CLAIM, undo=False),
    step(
        "pin",
        ["load", "purge"],
        part="pin",
        at="body/seat",
        look={"camera": "wrist", "stand": {"frame": "press"}},
        on_fail=ladder("retry", "other_actor", "ask"),
    ),
    step("lid", [Wait(step="pin", min_s=10, max_s=300)], part="lid", at="body/top", together=True, per="unit"),
    step(
        "screw@1",
        ["lid"],
        at="lid/hole_1",
        check=[],
        values=TORQUE,
        tool="driver",
        critical=True,
        on_fail={"*": ladder("retry", "rework:pin", "ask"), "stripped": ladder("scrap")},
    ),
    step(
        "screw@2",
        ["screw@1"],
        at="lid/hole_2",
        check=[],
        values=TORQUE,
        tool="driver",
        on_fail={"*": ladder("retry", "skip"), "too_late": ladder("retry", "skip")},
    ),
    step("gauge", ["lid"], by="human", check=["two_people", "photo"], per="2"),
    step("out", ["board", "screw@2", "gauge"], part="body", at="out", by="human", check=["camera", "person"]),
)
CAMERAS = {
    "wrist": {"on": "flange", "at": {}, "model": "structured_light"},
    "top": {"at": {"xyz_mm": [400, 0, 1000], "rpy_deg": [180, 0, 90]}, "model": "structured_light"},
}
PEOPLE = {"person": 1, "photo": 1, "two_people": 2}
MOVES = {(old, new) for row in STEP.values() for old, new in row.items()}
ONCE = "done once for several units"

PLACES = st.sampled_from(["front", "back", "nowhere"])
ROLES = st.sampled_from(["worker", "programmer", "supervisor", "auditor", "engine"])
REASONS = st.sampled_from(["", "because"])
VERDICTS = st.sampled_from(["ok", "ok", "ok", "displaced", "missing", "flipped", "wrong", "cannot_see"])
STEPS = st.sampled_from([*PRODUCT.by_id, "no_such_step"])
UNITS = st.sampled_from(["u1", "u2", "u3", "u9"])
SOON = st.sampled_from([0.0, 0.5, 11.0, 400.0])


class CellMachine(RuleBasedStateMachine):
    """A cell with two orders, and everything that can come."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(cell(cameras=CAMERAS, approvals={"motions": 2}), joined=())
        self.under_way: dict[str, RunSkill | Look | RideAndLook | GoHome] = {}
        self.retreats: list[str] = []  # whose end has not been told
        self.past: list[cmd.Command] = []

    @initialize()
    def orders(self) -> None:
        self.send(cmd.StoreOrder(order="A", quantity=2, variant=PRODUCT))
        self.send(cmd.StoreOrder(order="B", quantity=1, variant=PRODUCT))
        for order in "AB":
            self.send(cmd.ChangeOrder(order=order, verb=OrderVerb.START))
        for place in ("front", "back"):
            self.send(cmd.JoinPlace(place=place, operator=f"op-{place}"))
        self.send(cmd.ChangeCell(verb=CellVerb.START))
        self.send(cmd.SettleCell(state="starting"))
        self.send(cmd.StartUnit(order="A"))

    # ---- how a request goes through ----------------------------------------------------------------------------

    def send(self, command: cmd.Command, role: str = "engine") -> None:
        bench = self.bench
        if isinstance(command, cmd.ReportRestart):
            self.under_way.clear()
            self.retreats.clear()
        self.past = [*self.past[-40:], command]
        who = cmd.Who.model_validate({"name": role, "role": role})
        verdict = decide(bench.state, cmd.Request(id="r", by=who, t=bench.t, command=command), bench.t)
        if isinstance(verdict, Rejected):
            assert verdict.code
            assert verdict.message
            assert verdict.code != "illegal_move" or command.type in {"change_cell", "change_order", "settle_cell"}
            return
        start = bench.state
        for event in verdict:
            before = bench.state
            assert EVENT.validate_json(event.model_dump_json()) == event
            if isinstance(event, ev.StepDone):
                self.supported(start, before, event)
            if isinstance(event, ev.StepStarted) and self.stops(before, event):
                assert before.units[event.unit].steps[event.step].released
            if isinstance(event, ev.StepStarted) and "robot" in event.actors and before.autonomy in ASKS_STEP:
                assert before.units[event.unit].steps[event.step].released
            if isinstance(event, ev.MotionIntended):
                self.let_go(before, command, event)
            bench.tell(event)
            self.legal(before, bench.state)
            if isinstance(event, ev.StepFailed) and event.answer == "again":
                self.hands_are_looked_for(before, event)
        for event in verdict:
            for effect in react(bench.state, event):
                if isinstance(effect, RunSkill | Look | RideAndLook | GoHome):
                    assert effect.id not in self.under_way
                    self.under_way[effect.id] = effect
                if isinstance(effect, RunRetreat):
                    assert not self.retreats
                    self.retreats.append(effect.id)

    def hands_are_looked_for(self, before: State, event: ev.StepFailed) -> None:
        """Whoever was in a handover that is broken off may still be there, till somebody says that they are not."""
        old = before.units[event.unit].steps[event.step]
        if "confirm" in old.wants and "robot" in old.actors:
            assert set(old.actors) - {"robot"} <= set(self.bench.state.unclear)

    def let_go(self, state: State, command: cmd.Command, event: ev.MotionIntended) -> None:
        """A motion goes ahead only where its own list of reasons is empty; of a retreat, only on a person's word."""
        if event.effect.startswith("retreat/"):
            assert isinstance(command, cmd.ApproveMotion)
            assert command.motion == event.motion
            assert state.retreat is not None
            assert (state.retreat.id, state.retreat.stopped) == (event.effect, False)
            assert why_not_retreat(state, event.effect) == ()
            assert state.cell in {"held", "stopped"}
        else:
            assert why_not(state) == ()
            assert state.retreat is None

    def stops(self, state: State, event: ev.StepStarted) -> bool:
        """Whether a breakpoint stands before a step that begins."""
        unit = state.units[event.unit]
        names = {event.step, event.step.split("@", maxsplit=1)[0]}
        return bool(names & (unit.breakpoints | state.orders[unit.order].breakpoints))

    def legal(self, before: State, after: State) -> None:
        if before.cell != after.cell:
            table = {(old, new) for row in CELL.values() for old, new in row.items()}
            home = {CellState.HELD, CellState.STOPPED, CellState.ABORTED}
            assert (before.cell, after.cell) in table or (after.cell in home and after.cell_reason == "restarted")
        for name, order in before.orders.items():
            if name in after.orders and after.orders[name].state != order.state:
                assert (order.state, after.orders[name].state) in {
                    pair for row in ORDER.values() for pair in row.items()
                }
        for name, unit in before.units.items():
            for step_id, old in unit.steps.items() if name in after.units else ():
                new = after.units[name].steps[step_id]
                shared = new.status == "done" and new.waived == ONCE
                over = old.status in {"done", "skipped", "undoing"}
                undone = over and new.status in {"ready", "waiting"}  # undone, and at once free or not
                assert old.status == new.status or (old.status, new.status) in MOVES or shared or undone
                if undone:
                    assert (old.status, "undone") in MOVES

    def supported(self, start: State, state: State, event: ev.StepDone) -> None:
        """Evidence of every declared kind, newer than the last contact, or a recorded waiver."""
        if {"forced", "skipped"} & set(event.evidence):
            assert event.waived
            return
        found = state.step(event.unit, event.step)
        assert found is not None
        authored, current = found
        last = current.attempts[-1]
        for name, spec in authored.result.values.items():
            assert name in current.values
            assert amiss(name, spec, current.values, event.unit) == ""
        part = f"{event.unit}/{authored.result.part}"
        if "camera" in authored.check:
            assert last.measured is not None
            assert last.measured.verdict == "ok"
            assert last.measured.shot_t >= max(start.world.last_contact(part), last.started_t)
        assert len(set(current.witnesses)) >= max((PEOPLE.get(kind, 0) for kind in authored.check), default=0)
        assert "photo" not in authored.check or current.photo in current.photos
        assert ("none" in authored.check) == bool(event.waived)
        if authored.result.part and (fact := state.world.get(part)) and fact.holder != "gripper":
            target = authored.result.at
            assert target is not None
            assert fact.holder == (f"{event.unit}/{target.owner}" if target.owner else "cell")

    # ---- what comes --------------------------------------------------------------------------------------------

    def ready(self) -> list[tuple[UnitState, Step, tuple[str, ...]]]:
        state = self.bench.state
        return [
            (unit, authored, crew)
            for unit in state.units.values()
            for authored in state.variant_of(unit.id).steps
            if unit.steps[authored.id].status == "ready"
            for crew in crews(state, authored, unit.steps[authored.id].barred)
            if not blockers(state, unit, authored, crew, self.bench.t)
        ]

    def one_good_thing(self, pick: int) -> None:
        """What a cell does all day."""
        state = self.bench.state
        if state.cell != CellState.EXECUTE or not state.acknowledged or state.safety not in {"normal", "reduced"}:
            self.the_cell_is_brought_back()
        elif asked := self.asked():
            self.confirm(*asked[pick % len(asked)])
        elif self.under_way:
            self.end(sorted(self.under_way)[pick % len(self.under_way)], "succeeded", "", "ok", 12.0, 0.0)
        elif rides := self.rides():
            self.send(cmd.StartLook(unit=rides[0][0], step=rides[0][1]))
        elif ready := self.ready():
            unit, authored, crew = ready[pick % len(ready)]
            self.send(cmd.StartStep(unit=unit.id, step=authored.id, actors=crew))
        elif held := state.world.held():
            self.send(cmd.TakePart(part=held.part))
        elif left := leftovers(state):
            self.send(cmd.TakePart(part=left[0]))
        else:
            for order, record in state.orders.items():
                for name in record.breakpoints:
                    self.send(cmd.ClearBreakpoint(order=order, step=name))
            for unit in state.units.values():
                for name in unit.breakpoints:
                    self.send(cmd.ClearBreakpoint(order=unit.order, step=name, unit=unit.id))
            for name in ("rack", "tray", "box"):
                self.send(cmd.RefillBin(bin=name, count=4))
            for order in state.orders:
                self.send(cmd.ChangeOrder(order=order, verb=OrderVerb.RESUME))
                self.send(cmd.StartUnit(order=order))
            self.bench.wait(11.0)

    def rides(self) -> list[tuple[str, str]]:
        """Which results the arm can bring its camera to now: unit and step."""
        state = self.bench.state
        return [(unit.id, name) for unit, name, current in state.busy() if not ride_blockers(state, current)]

    @precondition(lambda self: self.rides())
    @rule(data=st.data())
    def the_arm_sets_out_to_a_look(self, data: st.DataObject) -> None:
        unit, name = data.draw(st.sampled_from(self.rides()))
        self.send(cmd.StartLook(unit=unit, step=name))

    @rule(unit=UNITS, name=STEPS)
    def the_arm_would_set_out_anywhere(self, unit: str, name: str) -> None:
        self.send(cmd.StartLook(unit=unit, step=name))

    @rule(picks=st.lists(st.integers(0, 3), min_size=4, max_size=24))
    def the_work_goes_on(self, picks: list[int]) -> None:
        for pick in picks:
            self.one_good_thing(pick)

    @precondition(lambda self: self.ready())
    @rule(data=st.data(), wait=st.sampled_from([0.0, 1.0]))
    def a_ready_step_starts(self, data: st.DataObject, wait: float) -> None:
        unit, authored, crew = data.draw(st.sampled_from(self.ready()))
        self.bench.wait(wait)
        self.send(cmd.StartStep(unit=unit.id, step=authored.id, actors=crew))

    @precondition(lambda self: self.under_way)
    @rule(
        data=st.data(),
        outcome=st.sampled_from(["succeeded", "succeeded", "succeeded", "failed", "canceled"]),
        code=st.sampled_from(["jam", "stripped", "interrupted", "too_late"]),
        verdict=VERDICTS,
        torque=st.sampled_from([12.0, 12.0, 99.0, "x", True, None]),
        age_s=st.sampled_from([0.0, 0.0, 0.0, 5.0]),
        off=st.sampled_from([False, False, False, True]),
    )
    def an_effect_ends(
        self, data: st.DataObject, outcome: Any, code: str, verdict: Any, torque: Any, age_s: float, off: bool
    ) -> None:
        self.end(data.draw(st.sampled_from(sorted(self.under_way))), outcome, code, verdict, torque, age_s, off=off)

    def end(
        self, name: str, outcome: Any, code: str, verdict: Any, torque: Any, age_s: float, *, off: bool = False
    ) -> None:
        effect = self.under_way.pop(name)
        ids = {"effect": name, "unit": effect.unit, "step": effect.step, "attempt": effect.attempt}
        home = "the fit is tight" if off and outcome == "failed" else None  # whoever failed is away from home
        if isinstance(effect, GoHome):
            self.send(cmd.EndHome(effect=name, outcome=outcome))
        elif isinstance(effect, RunSkill):
            authored = PRODUCT.by_id[effect.step]
            if authored.result.part:
                for what, to in (("grasped", "gripper"), ("placed", "press"))[: 2 if outcome == "succeeded" else 1]:
                    part = f"{effect.unit}/{authored.result.part}"
                    kind = authored.result.kind
                    bin_ = "tray" if what == "grasped" else ""
                    self.send(
                        cmd.ReportPart.model_validate(
                            {"effect": name, "part": part, "kind": kind, "what": what, "to": to, "bin": bin_}
                        )
                    )
            values = {"torque_Nm": torque} if authored.result.values and torque is not None else {}
            ended = {"outcome": outcome, "code": code, "values": values, "way_home": home}
            self.send(cmd.EndSkill.model_validate({**ids, **ended}))
        else:
            measured = {"verdict": verdict, "shot_t": self.bench.t - age_s, "offset_mm": (0.1, 0, 0)}
            if effect.step in {"pin", "lid"}:  # which the body carries
                measured |= {"datum": (f"{effect.unit}/body",), "datum_offset_mm": (4.0 if off else 0.2, 0, 0)}
            how: dict[str, Any] = {"measured": measured}
            if outcome == "canceled":  # the arm was stopped on its way, or stands in the way of a camera
                how = {"canceled": True} if isinstance(effect, RideAndLook) else {"blocked": "/recheck" not in name}
            self.send(cmd.EndCheck.model_validate({**ids, **how}))

    def asked(self) -> list[tuple[str, str, str]]:
        """Where a person's word is wanted: unit, step, place."""
        out = []
        for unit, step_id, current in self.bench.state.busy():
            for place in self.bench.state.places:
                acting = "confirm" in current.wants and place in current.actors
                if (acting and brought(self.bench.state, unit.id, step_id)) or "attest" in current.wants:
                    out.append((unit.id, step_id, place))
        return out

    @precondition(lambda self: self.asked())
    @rule(data=st.data(), good=st.sampled_from([True, True, True, False]))
    def a_person_confirms(self, data: st.DataObject, good: bool) -> None:
        self.confirm(*data.draw(st.sampled_from(self.asked())), good=good)

    def confirm(self, unit: str, name: str, place: str, *, good: bool = True) -> None:
        authored = PRODUCT.by_id[name]
        values: dict[str, Any] = dict.fromkeys(authored.result.values, True if authored.id == "board" else 12.0)
        if not good and values:
            values = {} if authored.id == "board" else {"torque_Nm": -3.0}
        attempt = self.bench.at(name, unit).attempt
        photo = ""
        if "photo" in authored.check and good:
            photo = f"{attempt:064x}"
            self.send(self.photo(unit, name, attempt, place))
        lots = {"board": "S1"} if good else {}
        self.send(
            cmd.ConfirmStep(unit=unit, step=name, attempt=attempt, place=place, values=values, lots=lots, photo=photo)
        )

    def photo(self, unit: str, name: str, attempt: int, place: str) -> cmd.KeepPhoto:
        about = {"unit": unit, "step": name, "attempt": attempt, "place": place}
        return cmd.KeepPhoto(**about, sha256=f"{attempt:064x}", width=640, height=480, size_bytes=9_000)

    @rule(unit=UNITS, name=STEPS, attempt=st.integers(0, 4), place=PLACES, role=ROLES)
    def a_picture_comes(self, unit: str, name: str, attempt: int, place: str, role: str) -> None:
        self.send(self.photo(unit, name, attempt, place), role)

    @rule(unit=UNITS, name=STEPS, attempt=st.integers(0, 4), place=PLACES, role=ROLES)
    def a_confirmation_comes_late(self, unit: str, name: str, attempt: int, place: str, role: str) -> None:
        lots = {"board": "S1"}
        self.send(cmd.ConfirmStep(unit=unit, step=name, attempt=attempt, place=place, lots=lots), role)

    @rule(data=st.data(), place=PLACES, code=st.sampled_from(["problem", "dropped", "stripped"]))
    def a_person_reports_a_problem(self, data: st.DataObject, place: str, code: str) -> None:
        busy = [(unit.id, name, current.attempt) for unit, name, current in self.bench.state.busy()]
        unit, name, attempt = data.draw(st.sampled_from(busy or [("u1", "pin", 1)]))
        self.send(cmd.ReportProblem(unit=unit, step=name, attempt=attempt, place=place, code=code))

    def questions(self) -> list[tuple[str, str]]:
        state = self.bench.state
        asked = [(unit.id, waits.id) for unit, waits, _, rung in overdue(state) if rung == "ask"]
        return asked + [(unit.id, name) for unit, name, step_ in state.busy() if step_.status == "attention"]

    @precondition(lambda self: self.questions())
    @rule(
        data=st.data(), role=st.sampled_from(["supervisor", "supervisor", "worker"]), reason=REASONS, out=st.booleans()
    )
    def a_person_decides(self, data: st.DataObject, role: str, reason: str, out: bool) -> None:
        unit, name = data.draw(st.sampled_from(self.questions()))
        choice, target = data.draw(st.sampled_from(choices(self.bench.state, unit, name)))
        attempt = self.bench.at(name, unit).attempt
        command = {"unit": unit, "step": name, "attempt": attempt, "choice": choice, "rework": target or None}
        self.send(cmd.Choose.model_validate({**command, "reason": reason, "part_out": out}), role)

    @rule(seconds=st.sampled_from([200.0, 400.0]))
    def a_wait_grows_long(self, seconds: float) -> None:
        self.bench.wait(seconds)
        for unit, waits in tuple(climbing(self.bench.state)):
            attempt = unit.steps[waits.id].attempt
            self.send(cmd.NoteOverdue(unit=unit.id, step=waits.id, attempt=attempt))

    @rule(unit=UNITS, name=STEPS, attempt=st.integers(0, 3), place=PLACES)
    def a_step_changes_hands(self, unit: str, name: str, attempt: int, place: str) -> None:
        ids = {"unit": unit, "step": name, "attempt": attempt, "place": place}
        self.send(cmd.GiveStep.model_validate(ids), "worker")
        self.send(cmd.TakeStep.model_validate(ids), "worker")

    @precondition(lambda self: any(True for _ in overdue(self.bench.state)))
    @rule(data=st.data(), place=PLACES)
    def what_is_overdue_changes_hands(self, data: st.DataObject, place: str) -> None:
        unit, waits, current, _ = data.draw(st.sampled_from([*overdue(self.bench.state)]))
        self.a_step_changes_hands(unit.id, waits.id, current.attempt, place)  # type: ignore[operator] # a rule

    @rule(unit=UNITS, name=STEPS, reason=REASONS)
    def a_unit_goes_back(self, unit: str, name: str, reason: str) -> None:
        self.send(cmd.Rewind(unit=unit, step=name, reason=reason), "worker")

    def rewinding(self) -> list[UnitState]:
        return [unit for unit in self.bench.state.units.values() if unit.rewind is not None]

    @precondition(lambda self: self.rewinding())
    @rule(data=st.data(), place=PLACES, how=st.sampled_from(["off", "off", "off", "stuck", "stop"]))
    def something_is_taken_off(self, data: st.DataObject, place: str, how: str) -> None:
        unit = data.draw(st.sampled_from(self.rewinding()))
        assert unit.rewind is not None
        name = unit.rewind.todo[0]
        self.send(cmd.StartUndo(unit=unit.id, step=name, place=place))
        ids = {"unit": unit.id, "step": name, "attempt": unit.steps[name].attempt, "place": place}
        if how == "off":
            self.send(cmd.ConfirmUndo.model_validate(ids), "worker")
        elif how == "stuck":
            self.send(cmd.ReportProblem.model_validate(ids), "worker")
        else:
            self.send(cmd.StopRewind(unit=unit.id))

    @rule(holding=st.booleans())
    def the_gripper_feels(self, holding: bool) -> None:
        self.send(cmd.ReportGrip(holding=holding))

    @rule()
    def the_arm_moves_unasked(self) -> None:
        asked = asked_for(self.bench.state)
        self.send(cmd.ReportUnasked())
        assert asked or self.bench.state.cell not in MOTION_ALLOWED or not self.bench.state.acknowledged

    @rule(data=st.data())
    def a_doubt_is_settled(self, data: st.DataObject) -> None:
        self.send(cmd.SettlePart(part=data.draw(st.sampled_from([*self.bench.state.world.facts, "u1/none"]))), "worker")

    @rule(place=PLACES)
    def a_place_is_clear(self, place: str) -> None:
        self.send(cmd.ClearPlace(place=place))

    @rule(unit=UNITS, name=STEPS)
    def a_step_is_undone(self, unit: str, name: str) -> None:
        self.send(cmd.UndoStep(unit=unit, step=name, part_out=True))

    @rule(order=st.sampled_from(["A", "B"]))
    def a_unit_starts(self, order: str) -> None:
        self.send(cmd.StartUnit(order=order))

    @rule(order=st.sampled_from(["A", "B", "C"]), verb=st.sampled_from(list(OrderVerb)), often=st.integers(0, 3))
    def an_order_is_told(self, order: str, verb: OrderVerb, often: int) -> None:
        gentle = {OrderVerb.PAUSE, OrderVerb.RESUME, OrderVerb.START}
        if often == 0 or verb in gentle:
            self.send(cmd.ChangeOrder(order=order, verb=verb))

    @rule(verb=st.sampled_from(list(CellVerb)), role=ROLES)
    def the_cell_is_told(self, verb: CellVerb, role: str) -> None:
        self.send(cmd.ChangeCell(verb=verb), role)

    @rule()
    def the_cell_settles(self) -> None:
        self.send(cmd.SettleCell(state=self.bench.state.cell))

    @rule()
    def the_cell_is_brought_back(self) -> None:
        """What a person does to go on after whatever stopped the cell."""
        self.what_is_paused_goes_on()
        for retreat in tuple(self.retreats):
            self.retreats.clear()
            self.send(cmd.EndMotion(effect=retreat, motion=f"{retreat}/m1", outcome="canceled"))
            self.send(cmd.EndRetreat(retreat=retreat, outcome="canceled"))
        self.send(cmd.ReportSafety(safety=Safety.NORMAL))
        self.send(cmd.Acknowledge())
        self.send(cmd.SetMode(mode=Mode.PRODUCTION))
        self.send(cmd.SetAutonomy(autonomy=Autonomy.FULL))
        for _ in range(8):
            cell = self.bench.state.cell
            verb = {
                "idle": CellVerb.START,
                "held": CellVerb.UNHOLD,
                "suspended": CellVerb.HOLD if self.bench.state.suspended else CellVerb.UNSUSPEND,
                "stopped": CellVerb.RESET,
                "aborted": CellVerb.CLEAR,
                "completed": CellVerb.RESET,
            }.get(cell)
            if cell == CellState.SUSPENDED:
                self.what_is_paused_goes_on()
            self.send(cmd.ChangeCell(verb=verb) if verb else cmd.SettleCell(state=cell))
        for place in ("front", "back"):
            self.send(cmd.JoinPlace(place=place, operator=f"op-{place}"))
        order_stands = any(
            key.startswith("order/") for key in robot_pauses(self.bench.state)
        )  # until its skill has ended
        assert self.bench.state.cell == CellState.EXECUTE or order_stands, why_not(self.bench.state)

    def what_is_paused_goes_on(self) -> None:
        for target in tuple(self.bench.state.pauses):
            what, _, name = target.partition("/")
            if what == "order":  # which keeps the robot still while its skill has not said its end
                self.send(cmd.ChangeOrder(order=name, verb=OrderVerb.RESUME))
            else:
                self.send(cmd.Resume.model_validate({"what": what, "name": name}))

    @rule(
        lane=st.sampled_from(["", "robot", "front", "nobody"]),
        go_on=st.booleans(),
        role=ROLES,
        seconds=st.sampled_from([0.0, 5.0, 130.0]),
    )
    def something_is_paused(self, lane: str, go_on: bool, role: str, seconds: float) -> None:
        what = {"what": "lane" if lane else "cell", "name": lane}
        self.send(cmd.Resume.model_validate(what) if go_on else cmd.Pause.model_validate(what), role)
        self.bench.wait(seconds)
        before = self.bench.state
        self.send(cmd.ExpirePause())
        if self.bench.state is not before:
            assert self.bench.state.cell == CellState.HOLDING
            assert robot_pauses(before)

    @invariant()
    def what_is_paused_begins_nothing(self) -> None:
        state = self.bench.state
        assert bool(robot_pauses(state)) <= bool(why_not(state))
        for _, _, crew in self.ready():
            assert not lane_pauses(state, crew)
        for unit, _, current in state.busy():
            stands = current.paused_t is not None
            assert stands <= bool(step_pauses(state, unit.id, current))
            assert stands or current.status != "active" or not step_pauses(state, unit.id, current)
        assert state.cell in RUNS or not {"cell", "lane/robot"} & state.pauses.keys()

    @rule(seconds=st.sampled_from([0.5, 6.0, 1000.0]))
    def the_engine_sees_a_lull(self, seconds: float) -> None:
        self.bench.wait(seconds)
        before = self.bench.state
        self.send(cmd.ReportLull())
        after = self.bench.state
        if after is not before:  # the engine ends what it began, and only that
            can = any(not blockers(before, *ready, self.bench.t) for ready in self.ready_as_if_executing(before))
            assert (after.cell == CellState.SUSPENDING) == (before.cell == CellState.EXECUTE)
            assert after.cell == CellState.SUSPENDING or (before.suspended and before.acknowledged)
            assert not (after.cell == CellState.SUSPENDING and can)

    def ready_as_if_executing(self, state: State) -> list[tuple[UnitState, Step, tuple[str, ...]]]:
        return [
            (unit, authored, crew)
            for unit in state.units.values()
            for authored in state.variant_of(unit.id).steps
            if unit.steps[authored.id].status == "ready"
            for crew in crews(state, authored, unit.steps[authored.id].barred)
        ]

    @rule(safety=st.sampled_from(list(Safety)))
    def the_robot_reports_safety(self, safety: Safety) -> None:
        self.send(cmd.ReportSafety(safety=safety))

    @rule(
        autonomy=st.sampled_from(list(Autonomy)),
        motion=st.sampled_from(["m1", "m2"]),
        supervised=st.sampled_from(["", "tight fit"]),
        end=st.booleans(),
    )
    def a_motion_goes_its_way(self, autonomy: Autonomy, motion: str, supervised: str, end: bool) -> None:
        self.send(cmd.SetAutonomy(autonomy=autonomy))
        effect = next((name for name in sorted(self.under_way) if moves_robot(name)), "u1/pin/1/skill")
        self.send(cmd.ProposeMotion(effect=effect, motion=motion, supervised=supervised))
        for place in ("front", "back", ""):
            self.send(cmd.ApproveMotion(motion=motion, place=place))
        if end:
            self.send(cmd.EndMotion(effect=effect, motion=motion, outcome="succeeded"))

    @rule(role=ROLES, verb=st.sampled_from([CellVerb.HOLD, CellVerb.STOP, None]))
    def somebody_wants_the_arm_out(self, role: str, verb: CellVerb | None) -> None:
        if verb is not None:
            self.send(cmd.ChangeCell(verb=verb))
            for name in [name for name in sorted(self.under_way) if moves_robot(name)]:
                self.end(name, "canceled", "", "ok", None, 0.0)
            self.send(cmd.SettleCell(state=self.bench.state.cell))
            self.send(cmd.Acknowledge())
        self.send(cmd.Retreat(), role)

    @precondition(lambda self: self.retreats)
    @rule(
        data=st.data(),
        what=st.sampled_from(["shown", "shown", "approved", "approved", "refused", "stopped", "held", "ended"]),
        outcome=st.sampled_from(["succeeded", "succeeded", "canceled", "rejected", "aborted", "unknown"]),
        role=ROLES,
    )
    def a_retreat_goes_its_way(self, data: st.DataObject, what: str, outcome: Any, role: str) -> None:
        retreat, motion = self.retreats[0], f"{self.retreats[0]}/m1"
        if what == "shown":
            self.send(cmd.ProposeMotion(effect=retreat, motion=motion))
        elif what == "approved":
            place = data.draw(st.sampled_from(["front", "back", ""]))
            self.send(cmd.ApproveMotion(motion=motion, place=place), role)
        elif what == "refused":
            self.send(cmd.RefuseMotion(motion=motion, reason="no"), role)
        elif what in {"stopped", "held"}:
            self.send(cmd.StopRetreat() if what == "stopped" else cmd.ChangeCell(verb=CellVerb.HOLD), role)
        else:
            self.retreats.clear()
            self.send(cmd.EndMotion(effect=retreat, motion=motion, outcome=outcome))
            self.send(cmd.EndRetreat(retreat=retreat, outcome=outcome))

    @rule(stands=st.sampled_from([(0,), (0, 1), (3,)]))
    def the_arm_s_way_is_noted(self, stands: tuple[int, ...]) -> None:
        self.send(cmd.NoteTrail(points=((0.0,) * 6, (1.0,) * 6), stands=stands, since=self.bench.t))

    @invariant()
    def a_retreat_is_alone_with_the_arm(self) -> None:
        state = self.bench.state
        if state.retreat is not None:
            assert self.retreats == [state.retreat.id]
            assert why_not(state)
            assert state.manual is None
        if retreats(state):
            assert state.cell in {"held", "stopped"}
            assert not any("skill" in current.wants for _, _, current in state.busy())
        if state.trail is not None:
            assert not any(motion.approved for motion in state.motions.values())

    @rule(autonomy=st.sampled_from(list(Autonomy)), role=ROLES)
    def the_level_of_autonomy_is_told(self, autonomy: Autonomy, role: str) -> None:
        before = self.bench.state.autonomy
        self.send(cmd.SetAutonomy(autonomy=autonomy), role)
        lowers = list(Autonomy).index(autonomy) > list(Autonomy).index(before)
        may = role in {"engine", "supervisor", "programmer"} or (lowers and role == "worker")
        assert self.bench.state.autonomy == (autonomy if may else before)

    @rule(motion=st.sampled_from(["m1", "m2"]), place=PLACES, role=ROLES, like_this=st.booleans())
    def a_person_judges_a_preview(self, motion: str, place: str, role: str, like_this: bool) -> None:
        at = "" if place == "nowhere" else place
        if like_this:
            self.send(cmd.ApproveMotion(motion=motion, place=at), role)
        else:
            self.send(cmd.RefuseMotion(motion=motion, reason="no", place=at), role)

    @rule(
        order=st.sampled_from(["A", "B", "C"]), name=STEPS, unit=st.sampled_from(["", "", "u1", "u2"]), on=st.booleans()
    )
    def a_breakpoint_is_set_or_cleared(self, order: str, name: str, unit: str, on: bool) -> None:
        kind = cmd.SetBreakpoint if on else cmd.ClearBreakpoint
        self.send(kind(order=order, step=name, unit=unit))

    @rule(unit=UNITS, name=STEPS, attempt=st.integers(0, 3), role=ROLES)
    def a_person_says_next(self, unit: str, name: str, attempt: int, role: str) -> None:
        self.send(cmd.ReleaseStep(unit=unit, step=name, attempt=attempt), role)

    @rule(place=PLACES, operator=st.sampled_from(["op-front", "op-back", "op-third"]), leave=st.booleans())
    def people_come_and_go(self, place: str, operator: str, leave: bool) -> None:
        self.send(cmd.LeavePlace(place=place) if leave else cmd.JoinPlace(place=place, operator=operator))

    @rule(
        unit=UNITS,
        part=st.sampled_from(["body", "pin", "lid"]),
        what=st.sampled_from(["grasped", "released", "placed", "lost", "consumed"]),
        to=st.sampled_from(["gripper", "place:front", "nest_1", "lost", "body", "pin"]),
    )
    def a_part_is_reported(self, unit: str, part: str, what: Any, to: str) -> None:
        holder = f"{unit}/{to}" if to in {"body", "pin"} else to
        self.send(cmd.ReportPart(effect="e", part=f"{unit}/{part}", kind=part, what=what, to=holder))

    @rule(data=st.data())
    def a_part_is_taken(self, data: st.DataObject) -> None:
        self.send(cmd.TakePart(part=data.draw(st.sampled_from([*self.bench.state.world.facts, "u1/none"]))))

    @rule(name=st.sampled_from(["tray", "rack", "box", "shelf", "none"]), count=st.integers(0, 7))
    def a_bin_is_filled(self, name: str, count: int) -> None:
        self.send(cmd.RefillBin(bin=name, count=count))

    @rule(often=st.integers(0, 3), holding=st.sampled_from([True, False, None]))
    def the_orchestrator_restarts(self, often: int, holding: bool | None) -> None:
        if often == 0:
            self.send(cmd.ReportRestart(holding=holding))

    @precondition(lambda self: self.past)
    @rule(data=st.data(), role=ROLES)
    def something_comes_twice(self, data: st.DataObject, role: str) -> None:
        command = data.draw(st.sampled_from(self.past))
        if not isinstance(command, cmd.ReportRestart | cmd.StoreOrder):
            self.send(command, role)

    @rule(seconds=SOON)
    def time_passes(self, seconds: float) -> None:
        self.bench.wait(seconds)

    # ---- what always holds -------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_held_twice(self) -> None:
        state = self.bench.state
        held = [name for _, _, current in state.busy() for name in current.resources]
        assert len(held) == len(set(held))
        at_it = [step_ for _, _, step_ in state.busy() if step_.status in {"active", "undoing"}]
        acting = [actor for step_ in at_it for actor in step_.actors]
        acting += ["robot" for _, _, step_ in state.busy() if step_.ride == "under_way"]
        assert len(acting) == len(set(acting))
        nests = [frame for unit in state.units.values() for frame in unit.nests.values()]
        assert len(nests) == len(set(nests))
        lying = {state.world.facts[part].frame for part in state.leftovers()}
        for unit, authored, _crew in self.ready():  # a leftover may be set down where another unit is to be built
            assert authored.id != "load" or unit.nests["nest"] not in lying
        assert sum(fact.holder == "gripper" for fact in state.world.facts.values()) <= 1

    @invariant()
    def a_unit_that_goes_back_has_something_to_take_back(self) -> None:
        for unit in self.bench.state.units.values():
            undoing = [name for name, current in unit.steps.items() if current.status == "undoing"]
            assert len(undoing) <= 1
            assert unit.rewind is not None or not undoing
            if unit.rewind is not None:
                assert not undoing or undoing == [unit.rewind.todo[0]]
                assert all(unit.steps[name].status in {*OVER, "attention", "undoing"} for name in unit.rewind.todo)

    @invariant()
    def what_the_gripper_contradicts_is_in_doubt(self) -> None:
        state = self.bench.state
        if state.grip is not None and state.grip.part:
            assert state.world.facts[state.grip.part].certainty == "doubtful"

    @invariant()
    def the_robot_is_never_where_hands_may_be(self) -> None:
        state = self.bench.state
        hands = {name for names in state.unclear.values() for name in names}
        for _, name, current in state.busy():
            if "skill" in current.wants:
                assert not hands & set(current.resources), name

    @invariant()
    def what_is_waited_for_is_under_way(self) -> None:
        state = self.bench.state
        for unit, name, current in state.busy():
            if "skill" in current.wants:
                assert skill_effect(unit.id, name, current.attempt) in self.under_way
            if "camera" in current.wants and current.ride != "wanted":
                assert current.effect in self.under_way
            assert bool(current.wants) == (current.status != "attention")
        assert state.ending <= self.under_way.keys()
        assert not state.homing or state.homing in state.ending

    @invariant()
    def nothing_goes_ahead_with_less_supervision_than_asked_for(self) -> None:
        state = self.bench.state
        for motion in state.motions.values():
            assert len(motion.approved_by) == len(set(motion.approved_by))
            assert not (motion.approved and len(motion.approved_by) < motion.needs)
            assert not (motion.approved and motion.refused)
            assert motion.approved or motion.needs == state.spec.approvals.motions
        for unit in state.units.values():
            for current in unit.steps.values():
                assert not (current.released and state.cell not in MOTION_ALLOWED)

    @invariant()
    def every_order_goes_on_or_says_why_not(self) -> None:
        state = self.bench.state
        for unit in state.units.values():
            assert not unit.finished or unit.rechecking
            assert set(unit.rechecking.values()) <= self.under_way.keys()
            statuses = {current.status for current in unit.steps.values()}
            assert unit.rechecking or statuses & (BUSY | {"ready"}), f"{unit.id} is stuck: {statuses}"
            assert set(unit.busy) == {name for name, current in unit.steps.items() if current.status in BUSY}
            for name, current in unit.steps.items():
                authored = state.variant_of(unit.id).by_id[name]
                free = all(unit.steps[wait.step].status in OVER for wait in authored.after)
                assert not (current.status in {"waiting", "undone"} and free)
                assert not (current.status == "ready" and not free)
                if current.status == "ready" and not crews(state, authored, current.barred):
                    assert blockers(state, unit, authored, (), self.bench.t)
        for order in state.orders.values():
            mine = [unit for unit in state.units.values() if unit.order == order.id]
            assert order.in_work == len(mine)
            if order.state in {"running", "paused", "stopping"}:
                assert mine or (order.started < order.quantity and order.state != "stopping")
            else:
                assert not mine

    @invariant()
    def the_ledger_knows_only_what_is_here(self) -> None:
        state = self.bench.state
        for part, fact in state.world.facts.items():
            below = [*state.world.chain(part)][-1]
            assert fact.unit in state.units or below.holder in {"gripper", "cell"}
        assert set(state.behind) <= {fact.unit for fact in state.world.facts.values()} - set(state.units)
        assert all(count >= 0 for count in state.bins.values())

    @invariant()
    def what_is_offered_is_what_is_accepted(self) -> None:
        bench = self.bench
        for part in leftovers(bench.state):
            request = cmd.Request(id="q", by=cmd.ENGINE, t=bench.t, command=cmd.TakePart(part=part))
            assert not isinstance(decide(bench.state, request, bench.t), Rejected)
        for unit, name in self.questions():
            offered = set(choices(bench.state, unit, name))
            assert offered
            reopens = [("rework", other) for other in PRODUCT.by_id]
            plain: list[Any] = [(choice, "") for choice in cmd.Choice.__args__ if choice != "rework"]  # type: ignore[attr-defined]
            for choice, target in plain + reopens:
                said = wants_word(bench.state, unit, name, choice, target) != ""
                more = {"reason": "because", "rework": target or None, "part_out": said}
                command = bench.choice(name, choice, unit=unit, **more)
                verdict = decide(bench.state, cmd.Request(id="q", by=cmd.ENGINE, t=bench.t, command=command), bench.t)
                accepted = not isinstance(verdict, Rejected)
                assert accepted == ((choice, target) in offered), (choice, target, types(verdict))

    def teardown(self) -> None:
        state = self.bench.state
        assert self.bench.replayed() == state
        kept = Snapshot(state.seq, "", state)
        assert Snapshot.from_bytes(kept.to_bytes(), state.spec) == kept


SOAK = bool(os.environ.get("TANDEM_SOAK"))
CellMachine.TestCase.settings = settings(
    max_examples=2000 if SOAK else 60,
    stateful_step_count=150 if SOAK else 40,
    deadline=None,
    derandomize=not SOAK,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
TestCell = CellMachine.TestCase
