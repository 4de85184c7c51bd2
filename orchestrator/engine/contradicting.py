"""What screens say of parts that are doubtful: which source says what, in each language, and how to settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.decide.contradictions import in_question
from orchestrator.core.world import CELL, GRIPPER
from orchestrator.engine import phrases
from orchestrator.engine.naming import about_part
from orchestrator.wire import Contradiction, Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.commands import Measured
    from orchestrator.core.state import State
    from orchestrator.core.world import Fact

    Granted = Callable[[State, cmd.Command], bool]

LANGUAGES = ("en", "de")
_UNNAMED = {"en": "Something in the gripper", "de": "Etwas im Greifer"}
_LEDGER = {
    "gripper": {"en": "it is in the gripper", "de": "es ist im Greifer"},
    "cell": {"en": "it is at {frame}", "de": "es liegt auf {frame}"},
    "either": {"en": "it is at {frame} or at {other}", "de": "es liegt auf {frame} oder auf {other}"},
    "place": {"en": "{place} has it", "de": "{place} hat es"},
    "part": {"en": "it sits on {owner} ({frame})", "de": "es sitzt auf {owner} ({frame})"},
    "nothing": {"en": "the gripper is empty", "de": "der Greifer ist leer"},
}
_FEELS = {
    True: {"en": "something is between the fingers", "de": "zwischen den Fingern ist etwas"},
    False: {"en": "nothing is between the fingers", "de": "zwischen den Fingern ist nichts"},
}
_BY_WORD = {"en": "a person said so; nobody has seen it", "de": "jemand hat es gesagt; niemand hat es gesehen"}
_IN_HAND = {
    "en": "somebody had it in hand when its unit was given up",
    "de": "jemand hatte es in der Hand, als das Werkstück aufgegeben wurde",
}
_SEEN = {"en": "it is in its place", "de": "es ist an seinem Platz"}
_TAKE_OUT = {
    "en": "Take it out of the gripper: once the fingers are empty this is settled.",
    "de": "Aus dem Greifer nehmen: sobald die Finger leer sind, ist es geklärt.",
}
_ANSWER = {"en": "Answer the question about it.", "de": "Die Frage dazu beantworten."}
_SAY = {"en": "Look, and say how it is.", "de": "Nachsehen und sagen, wie es ist."}


def contradictions(state: State, granted: Granted) -> tuple[Contradiction, ...]:
    """Return everything that is doubtful now, by part; what the gripper feels and nobody knows comes first."""
    out = []
    if state.grip is not None and not state.grip.part:
        says = (Said(source="ledger", text=_LEDGER["nothing"]), Said(source="gripper", text=_FEELS[True]))
        out.append(Contradiction(part="", title=_UNNAMED, says=says, settle=_TAKE_OUT, since_t=state.grip.t))
    for fact in sorted(state.world.facts.values(), key=lambda fact: fact.part):
        if fact.certainty == "doubtful":
            out.append(_of(state, fact, granted))
    return tuple(out)


def _of(state: State, fact: Fact, granted: Granted) -> Contradiction:
    says = [Said(source="ledger", text=_where(state, fact))]
    grip = state.grip
    if grip is not None and grip.part == fact.part:
        says.append(Said(source="gripper", text=_FEELS[grip.holding]))
    if (measured := _last_look(state, fact)) is not None:
        text = dict(_SEEN) if measured.verdict == "ok" else phrases.reason(measured.verdict, measured.reason, measured)
        says.append(Said(source="camera", text=text))
    elif fact.holder != GRIPPER and fact.source != "measured":
        says.append(Said(source="person", text=_BY_WORD if fact.unit in state.units else _IN_HAND))
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
        settle=_ANSWER if asked else _SAY,
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
        return dict(_LEDGER["gripper"])
    if fact.holder == CELL and fact.perhaps is not None:
        frames = {"frame": fact.frame, "other": fact.perhaps.frame}
        return {lang: _LEDGER["either"][lang].format(**frames) for lang in LANGUAGES}
    if fact.holder == CELL:
        return {lang: _LEDGER["cell"][lang].format(frame=fact.frame) for lang in LANGUAGES}
    if fact.holder.startswith("place:"):
        place = fact.holder.removeprefix("place:")
        return {lang: _LEDGER["place"][lang].format(place=place) for lang in LANGUAGES}
    owner = state.world.get(fact.holder)
    names = _name(state, owner) if owner is not None else dict.fromkeys(LANGUAGES, fact.holder)
    return {lang: _LEDGER["part"][lang].format(owner=names[lang], frame=fact.frame) for lang in LANGUAGES}


def _name(state: State, fact: Fact) -> dict[str, str]:
    spec = state.part_spec(fact.unit, fact.kind)
    plain = next(iter(spec.name.values()), fact.part) if spec is not None else fact.part
    return {lang: spec.name.get(lang, plain) if spec is not None else fact.part for lang in LANGUAGES}
