"""A small cell, variants made in code, and a driver that feeds requests through `decide` and `fold`."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.cell import CellSpec
from orchestrator.core.decide import Rejected, decide
from orchestrator.core.events import EVENT
from orchestrator.core.fold import fold
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellState, CellVerb, OrderVerb
from orchestrator.core.state import State, StepState, initial, skill_effect
from orchestrator.core.variant import (
    HumanWork,
    PartSpec,
    Result,
    RobotWork,
    Rung,
    Step,
    Target,
    ValueSpec,
    Variant,
    Wait,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SUPERVISOR = cmd.Who(name="boss", role="supervisor")
WORKER = cmd.Who(name="worker", role="worker")
ASK = (Rung(do="ask"),)


def cell(**more: Any) -> CellSpec:
    """A cell with two nests, a press, two places, a driver and a few bins."""
    data: dict[str, Any] = {
        "name": "bench",
        "robot": {"model": "ur5e", "payload_kg": 5},
        "frames": {
            "nest_1": {"xyz_mm": [400, -150, 0]},
            "nest_2": {"xyz_mm": [400, 150, 0]},
            "press": {"xyz_mm": [300, 450, 0]},
            "out": {"xyz_mm": [0, -500, 0]},
            "waste": {"xyz_mm": [0, 400, 0]},
        },
        "nests": {"nest": ["nest_1", "nest_2"]},
        "zones": {
            "west": {"box_mm": [[300, -300, -10], [500, -1, 400]]},
            "east": {"box_mm": [[300, 1, -10], [500, 300, 400]]},
        },
        "places": {"front": {"at": {}}, "back": {"at": {"xyz_mm": [0, 900, 0]}}},
        "tools": {"driver": {"for": ["robot", "human"]}},
        "supply": {
            "rack": {"parts": ["body"], "at": {}, "grid": [2, 2], "pitch_mm": [200, 200]},
            "tray": {"parts": ["pin"], "at": {}, "grid": [2, 3], "pitch_mm": [40, 40]},
            "box": {"parts": ["lid", "pin"], "at": {}, "holds": 50},
            "shelf": {"parts": ["glue", "board"], "at": {}},
        },
    }
    return CellSpec.model_validate({**data, **more})


def parts() -> dict[str, PartSpec]:
    """The kinds of the test product."""
    seat = {"seat": Pose((0.0, 0.0, 0.05)), "side": Pose((0.05, 0.0, 0.02)), "top": Pose((0.0, 0.0, 0.06))}
    return {
        "body": PartSpec(name={"en": "Body"}, mass_kg=2, frames=seat),
        "pin": PartSpec(name={"en": "Pin"}, mass_kg=0.1, frames={"tip": Pose((0.0, 0.0, 0.03))}),
        "lid": PartSpec(name={"en": "Lid"}, mass_kg=0.4, frames={"hole_1": Pose(), "hole_2": Pose((0.02, 0.0, 0.0))}),
        "glue": PartSpec(name={"en": "Glue"}, unit="ml", once=True),
        "board": PartSpec(name={"en": "Board"}, track="serial", mass_kg=0.05),
    }


def step(
    id_: str,
    after: Iterable[str | Wait] = (),
    *,
    part: str | None = None,
    at: str | None = None,
    by: str = "robot human",
    check: Sequence[str] = ("camera",),
    on_fail: Any = ASK,
    needs: Sequence[str] = (),
    values: dict[str, ValueSpec] | None = None,
    qty: float = 1,
    **more: Any,
) -> Step:
    """One step. `at` is `owner/frame` or a cell frame; `by` names robot, human or both."""
    owner, _, frame = (at or "").rpartition("/")
    target = Target(owner=owner or None, frame=frame) if at else None
    kind = part.split(".")[0].split("#")[0] if part else None
    return Step.model_validate(
        {
            "id": id_,
            "group": id_.split("@", maxsplit=1)[0],
            "after": tuple(wait if isinstance(wait, Wait) else Wait(step=wait) for wait in after),
            "result": Result(part=part, kind=kind, at=target, qty=qty, values=values or {}),
            "check": tuple(check),
            "robot": RobotWork(skill="work") if "robot" in by else None,
            "human": HumanWork(needs=tuple(needs)) if "human" in by else None,
            "on_fail": on_fail if isinstance(on_fail, dict) else {"*": tuple(on_fail)},
            **more,
        }
    )


def ladder(*rungs: str) -> tuple[Rung, ...]:
    """Rungs from words: `retry`, `rework:step`."""
    return tuple(
        Rung(do="rework", step=word.split(":")[1]) if ":" in word else Rung.model_validate({"do": word})
        for word in rungs
    )


def variant(*steps: Step) -> Variant:
    """A variant of the test product."""
    return Variant(product="thing", procedure_sha256="p" * 64, parts=parts(), steps=steps)


TORQUE = {"torque_Nm": ValueSpec(kind="number", nominal=12, low=10.5, high=13.5, unit="Nm")}
CLAIM = {"snapped": ValueSpec(kind="claim")}


class Refused(AssertionError):
    """A request of a test that should have been granted was not."""


class Bench:
    """Feeds requests through `decide` and `fold`, keeps every event, and lets time pass by hand."""

    def __init__(self, spec: CellSpec | None = None, *, joined: Sequence[str] = ("front", "back")) -> None:
        self.spec = spec or cell()
        self.state: State = initial(self.spec)
        self.t = 1000.0
        self.log: list[tuple[float, ev.Event]] = []
        self._ids = itertools.count(1)
        for place in joined:
            self.do(cmd.JoinPlace(place=place, operator=f"op-{place}"))

    # ---- asking ------------------------------------------------------------------------------------------------

    def ask(
        self, command: cmd.Command, by: cmd.Who = cmd.ENGINE, kept: cmd.Kept | None = None
    ) -> list[ev.Event] | Rejected:
        """Judge a command and fold what follows."""
        request = cmd.Request(id=f"r{next(self._ids)}", by=by, t=self.t, command=command, kept=kept)
        verdict = decide(self.state, request, self.t)
        if not isinstance(verdict, Rejected):
            self.tell(*verdict)
        return verdict

    def tell(self, *events: ev.Event) -> None:
        """Fold events as they are."""
        for event in events:
            self.state = fold(self.state, event, self.t, self.state.seq + 1)
            self.log.append((self.t, event))

    def do(self, command: cmd.Command, by: cmd.Who = cmd.ENGINE) -> list[ev.Event]:
        """Ask for what must be granted."""
        verdict = self.ask(command, by)
        if isinstance(verdict, Rejected):
            raise Refused(f"{command.type}: {verdict.code}: {verdict.message} {verdict.remedy}")
        return verdict

    def no(self, command: cmd.Command, by: cmd.Who = cmd.ENGINE) -> str:
        """Ask for what must be refused; returns the code."""
        before = self.state
        verdict = self.ask(command, by)
        assert isinstance(verdict, Rejected), f"{command.type} was granted: {verdict}"
        assert self.state is before
        assert verdict.message
        return verdict.code

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.t = round(self.t + seconds, 6)

    # ---- the usual ---------------------------------------------------------------------------------------------

    def running(self, what: Variant, *, quantity: int = 1, order: str = "A", units: int = 1) -> Bench:
        """Store and start an order, bring the cell to Execute, and begin units."""
        self.do(cmd.StoreOrder(order=order, quantity=quantity, variant=what))
        self.do(cmd.ChangeOrder(order=order, verb=OrderVerb.START))
        if self.state.cell == CellState.IDLE:
            self.verb(CellVerb.START)
        for _ in range(units):
            self.do(cmd.StartUnit(order=order))
        return self

    def verb(self, verb: CellVerb) -> list[ev.Event]:
        """Give a PackML command and let the transient state end."""
        events = self.do(cmd.ChangeCell(verb=verb))
        return events + self.do(cmd.SettleCell(state=self.state.cell))

    def start(self, step_id: str, *actors: str, unit: str = "u1") -> int:
        """Begin a step, after a look at what it carries away where one is due; returns the attempt."""
        self.do(cmd.StartStep(unit=unit, step=step_id, actors=actors))
        while self.state.units[unit].rechecking:
            self.look_again(unit=unit)
            self.do(cmd.StartStep(unit=unit, step=step_id, actors=actors))
        return self.at(step_id, unit).attempt

    def look_again(self, verdict: str = "ok", *, unit: str = "u1", **more: Any) -> list[ev.Event]:
        """Give all looks at results that were seen before the same verdict."""
        out: list[ev.Event] = []
        for step_id in tuple(self.state.units[unit].rechecking):
            out += self.do(self.seen_again(step_id, verdict, unit=unit, **more))
        return out

    def seen_again(self, step_id: str, verdict: str = "ok", *, unit: str = "u1", **more: Any) -> cmd.EndCheck:
        """The command that ends the second look at a result."""
        return self.seen(step_id, verdict, unit=unit, effect=self.state.units[unit].rechecking[step_id], **more)

    def skill(self, step_id: str, outcome: str = "succeeded", *, unit: str = "u1", **more: Any) -> cmd.EndSkill:
        """The command that ends the skill of a step's attempt."""
        attempt = more.pop("attempt") if "attempt" in more else self.at(step_id, unit).attempt
        return cmd.EndSkill.model_validate(
            {
                "effect": skill_effect(unit, step_id, attempt),
                "unit": unit,
                "step": step_id,
                "attempt": attempt,
                "outcome": outcome,
                **more,
            }
        )

    def seen(self, step_id: str, verdict: str = "ok", *, unit: str = "u1", **more: Any) -> cmd.EndCheck:
        """The command that ends the look that is under way; by default at a picture taken now."""
        current = self.at(step_id, unit)
        effect = more.pop("effect", current.effect or "none")
        return cmd.EndCheck(
            effect=effect,
            unit=unit,
            step=step_id,
            attempt=current.attempt,
            measured=cmd.Measured.model_validate({"verdict": verdict, "shot_t": self.t, **more}),
        )

    def confirm(self, step_id: str, place: str = "front", *, unit: str = "u1", **more: Any) -> cmd.ConfirmStep:
        """The command that confirms the current attempt."""
        attempt = more.pop("attempt") if "attempt" in more else self.at(step_id, unit).attempt
        return cmd.ConfirmStep(unit=unit, step=step_id, attempt=attempt, place=place, **more)

    def choice(self, step_id: str, choice: str, *, unit: str = "u1", **more: Any) -> cmd.Choose:
        """The command that answers a step in attention; who forces a result says what shows it."""
        attempt = more.pop("attempt") if "attempt" in more else self.at(step_id, unit).attempt
        shown = {"shown": "gauge 3: 4.02 mm"} if choice == "force" else {}
        data = {"unit": unit, "step": step_id, "attempt": attempt, "choice": choice, **shown, **more}
        return cmd.Choose.model_validate(data)

    def moved(self, part: str, what: str, to: str, *, unit: str = "u1", **more: Any) -> cmd.ReportPart:
        """The command that reports a part's move."""
        kind = part.split(".", maxsplit=1)[0].split("#", maxsplit=1)[0]
        data = {"effect": "e", "part": f"{unit}/{part}", "kind": kind, "what": what, "to": to, **more}
        return cmd.ReportPart.model_validate(data)

    def finish(self, step_id: str, *actors: str, unit: str = "u1", **more: Any) -> None:
        """Take a step from ready to done, whatever its checks ask."""
        crew = actors or (("robot",) if self.step(step_id, unit).robot else ("front",))
        self.start(step_id, *crew, unit=unit)
        for place in crew:
            if place != "robot":
                self.do(self.confirm(step_id, place, unit=unit, **more))
        if "robot" in crew:
            self.do(self.skill(step_id, unit=unit, values=more.get("values", {})))
        while unit in self.state.units and (wants := self.at(step_id, unit).wants):
            if self.at(step_id, unit).ride == "wanted":
                self.do(cmd.StartLook(unit=unit, step=step_id))
            if "camera" in wants:
                self.do(self.seen(step_id, unit=unit))
            else:
                looked = self.at(step_id, unit).witnesses
                place = next(name for name, who in self.state.places.items() if who.operator not in looked)
                self.do(self.confirm(step_id, place, unit=unit, **more))
        if unit in self.state.units:
            self.look_again(unit=unit)

    # ---- reading -----------------------------------------------------------------------------------------------

    def step(self, step_id: str, unit: str = "u1") -> Step:
        """A step as authored."""
        return self.state.variant_of(unit).by_id[step_id]

    def at(self, step_id: str, unit: str = "u1") -> StepState:
        """Where a step stands."""
        return self.state.units[unit].steps[step_id]

    def status(self, unit: str = "u1") -> dict[str, str]:
        """The status of every step of a unit."""
        return {name: str(current.status) for name, current in self.state.units[unit].steps.items()}

    def replayed(self) -> State:
        """The state that the journal gives when it is read again."""
        state = initial(self.spec)
        for seq, (t, event) in enumerate(self.log, start=1):
            state = fold(state, EVENT.validate_json(event.model_dump_json()), t, seq)
        return state


def types(events: list[ev.Event] | Rejected) -> str:
    """The events of a verdict in short, or its code."""
    if isinstance(events, Rejected):
        return f"refused: {events.code}"
    return " ".join(event.type for event in events) or "nothing"
