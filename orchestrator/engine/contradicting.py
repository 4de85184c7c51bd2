"""What screens say of parts that are doubtful: which source says what, in each language, and how to settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.decide.contradictions import in_question
from orchestrator.core.world import CELL, GRIPPER
from orchestrator.engine import phrases
from orchestrator.engine.languages import phrase
from orchestrator.engine.naming import about_part
from orchestrator.wire import Contradiction, Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.commands import Measured
    from orchestrator.core.state import State
    from orchestrator.core.world import Fact

    Granted = Callable[[State, cmd.Command], bool]

_UNNAMED = phrase("Something in the gripper", "Etwas im Greifer")
_LEDGER = {
    "gripper": phrase("it is in the gripper", "es ist im Greifer"),
    "cell": phrase("it is at {frame}", "es liegt auf {frame}"),
    "either": phrase("it is at {frame} or at {other}", "es liegt auf {frame} oder auf {other}"),
    "place": phrase("{place} has it", "{place} hat es"),
    "part": phrase("it sits on {owner} ({frame})", "es sitzt auf {owner} ({frame})"),
    "nothing": phrase("the gripper is empty", "der Greifer ist leer"),
}
_FEELS = {
    True: phrase("something is between the fingers", "zwischen den Fingern ist etwas"),
    False: phrase("nothing is between the fingers", "zwischen den Fingern ist nichts"),
}
_BY_WORD = phrase("a person said so; nobody has seen it", "jemand hat es gesagt; niemand hat es gesehen")
_IN_HAND = phrase(
    "somebody had it in hand when its unit was given up",
    "jemand hatte es in der Hand, als das Werkstück aufgegeben wurde",
)
_SEEN = phrase("it is in its place", "es ist an seinem Platz")
_TAKE_OUT = phrase(
    "Take it out of the gripper: once the fingers are empty this is settled.",
    "Aus dem Greifer nehmen: sobald die Finger leer sind, ist es geklärt.",
)
_ANSWER = phrase("Answer the question about it.", "Die Frage dazu beantworten.")
_SAY = phrase("Look, and say how it is.", "Nachsehen und sagen, wie es ist.")


def contradictions(state: State, granted: Granted) -> tuple[Contradiction, ...]:
    """Return everything that is doubtful now, by part; what the gripper feels and nobody knows comes first."""
    out = []
    if state.grip is not None and not state.grip.part:
        says = (Said(source="ledger", text=_LEDGER["nothing"].texts), Said(source="gripper", text=_FEELS[True].texts))
        out.append(
            Contradiction(part="", title=_UNNAMED.texts, says=says, settle=_TAKE_OUT.texts, since_t=state.grip.t)
        )
    for fact in sorted(state.world.facts.values(), key=lambda fact: fact.part):
        if fact.certainty == "doubtful":
            out.append(_of(state, fact, granted))
    return tuple(out)


def _of(state: State, fact: Fact, granted: Granted) -> Contradiction:
    says = [Said(source="ledger", text=_where(state, fact))]
    grip = state.grip
    if grip is not None and grip.part == fact.part:
        says.append(Said(source="gripper", text=_FEELS[grip.holding].texts))
    if (measured := _last_look(state, fact)) is not None:
        text = _SEEN.texts if measured.verdict == "ok" else phrases.reason(measured.verdict, measured.reason, measured)
        says.append(Said(source="camera", text=text))
    elif fact.holder != GRIPPER and fact.source != "measured":
        says.append(Said(source="person", text=(_BY_WORD if fact.unit in state.units else _IN_HAND).texts))
    if (remain := state.remains.get(fact.part)) is not None and remain.measured is not None:
        looked = remain.measured
        says.append(Said(source="camera", text=phrases.reason(looked.verdict, looked.reason, looked)))
    asked = in_question(state, fact.part)
    there, gone = cmd.SettlePart(part=fact.part), cmd.TakePart(part=fact.part)
    buttons = []
    if granted(state, there):
        buttons.append(about_part(state, "settle_part", there))
    if granted(state, gone):
        buttons.append(about_part(state, "take_part", gone, danger=True))
    return Contradiction(
        part=fact.part,
        title=_name(state, fact),
        says=tuple(says),
        settle=(_ANSWER if asked else _SAY).texts,
        since_t=grip.t if grip is not None and grip.part == fact.part else fact.t,
        buttons=tuple(buttons),
    )


def _last_look(state: State, fact: Fact) -> Measured | None:
    """Return what a camera last said of a part, in the attempt that is newest."""
    unit = state.units.get(fact.unit)
    if unit is None:
        return None
    looks = []
    for step in state.variant_of(unit.id).steps:
        current = unit.steps[step.id]
        if f"{unit.id}/{step.result.part}" == fact.part and current.attempts:
            first, again = current.attempts[-1].measured, current.seen_again
            looks += [look for look in (first, again) if look is not None]
    return max(looks, key=lambda look: look.shot_t, default=None)


def _where(state: State, fact: Fact) -> dict[str, str]:
    if fact.holder == GRIPPER:
        return _LEDGER["gripper"].texts
    if fact.holder == CELL and fact.perhaps is not None:
        return _LEDGER["either"].filled(frame=fact.frame, other=fact.perhaps.frame)
    if fact.holder == CELL:
        return _LEDGER["cell"].filled(frame=fact.frame)
    if fact.holder.startswith("place:"):
        return _LEDGER["place"].filled(place=fact.holder.removeprefix("place:"))
    owner = state.world.get(fact.holder)
    names = _name(state, owner) if owner is not None else fact.holder
    return _LEDGER["part"].filled(owner=names, frame=fact.frame)


def _name(state: State, fact: Fact) -> dict[str, str]:
    spec = state.part_spec(fact.unit, fact.kind)
    return (dict(spec.name) if spec is not None else {}) or {"en": fact.part}
