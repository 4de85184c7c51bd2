"""What screens say and offer of steps that wait too long for a person: in each language, ready to be pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import commands as cmd
from orchestrator.core.handed import must_be_said
from orchestrator.core.overdue import level, overdue, since, times_unclear, waits_for
from orchestrator.engine.languages import phrase
from orchestrator.wire import Button

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orchestrator.core.state import Overdue, State, UnitState
    from orchestrator.core.variant import Step

    Granted = Callable[[State, cmd.Command], bool]

_OWN = {
    "remind": phrase(
        "This takes much longer than usual. Confirm it when it is done, or say what is in the way.",
        "Das dauert viel länger als üblich. Bestätigen Sie, wenn es fertig ist, oder sagen Sie, woran es liegt.",
    ),
    "offer": phrase(
        "This takes much longer than usual. Others may take it over now.",
        "Das dauert viel länger als üblich. Andere dürfen es jetzt übernehmen.",
    ),
    "ask": phrase(
        "This takes much longer than usual. A supervisor has been asked; you can still confirm it.",
        "Das dauert viel länger als üblich. Die Leitung ist gefragt; Sie können es noch bestätigen.",
    ),
}
_WHY = {
    "at_it": phrase(
        "{who} has been at it for much too long, and has not said why.",
        "{who} ist schon viel zu lange dabei und hat nicht gesagt, warum.",
    ),
    "left": phrase(
        "{who} was left while this was in hand, and nobody has come.",
        "{who} wurde mitten in der Arbeit verlassen, und niemand ist gekommen.",
    ),
    "look": phrase("Nobody has looked whether it is right.", "Niemand hat geprüft, ob es stimmt."),
    "nobody": phrase("Nobody who may do this is there.", "Niemand ist da, der das tun darf."),
    "needs": phrase(
        "Nobody who may do this is there: it needs {needs}.", "Niemand ist da, der das tun darf: verlangt wird {needs}."
    ),
}


def reminder(state: State, unit: UnitState, step: Step) -> dict[str, str]:
    """Return what the card of whoever it waits for says; {} while it is not overdue."""
    reached = level(state, unit, step)
    return _OWN[reached].texts if reached else {}


def why(state: State, unit: UnitState, step: Step) -> dict[str, str]:
    """Return why a step that waits too long is a question."""
    kind: str = waits_for(state, unit, step)
    actors = [actor for actor in unit.steps[step.id].actors if actor in state.spec.places]
    if kind == "at_it" and not any(actor in state.places for actor in actors):
        kind = "left"
    needs = step.human.needs if step.human else ()
    if kind == "nobody" and needs:
        kind = "needs"
    said = _WHY.get(kind, _WHY["nobody"])
    return said.filled(who=", ".join(actors), needs=", ".join(needs))


def asked(state: State) -> Iterator[tuple[UnitState, Step, float]]:
    """Yield each step whose waiting has become a question, with since when it waits (s, UTC)."""
    for unit, step, _, reached in overdue(state):
        if reached == "ask":
            yield unit, step, since(state, unit, step)


def reached(state: State, unit: UnitState, step: Step) -> Overdue:
    """Return the rung that a step's waiting has come to."""
    return level(state, unit, step)


def own(state: State, place: str, unit: UnitState, step: Step, granted: Granted) -> tuple[Button, ...]:
    """Return what the person at a step that takes too long may do beside confirming it."""
    current = unit.steps[step.id]
    key = {"unit": unit.id, "step": step.id, "attempt": current.attempt, "place": place}
    empty = must_be_said(step, current)
    if empty:
        key["part_out"] = True
    if not granted(state, cmd.GiveStep.model_validate(key)):
        return ()
    return (
        Button(label="give_step_empty" if empty else "give_step", command={"type": "give_step", **key}, danger=True),
    )


def others(state: State, place: str, granted: Granted) -> tuple[Button, ...]:
    """Return what somebody who has nothing to do may take over, and which places they may say are clear."""
    out = []
    for unit, step, current, rung in overdue(state):
        key = {"unit": unit.id, "step": step.id, "attempt": current.attempt, "place": place}
        if rung in {"offer", "ask"} and place in state.places and granted(state, cmd.TakeStep.model_validate(key)):
            out.append(Button(label="take_step", command={"type": "take_step", **key}))
    return (*out, *clearing(state))


def clearing(state: State) -> tuple[Button, ...]:
    """Return the buttons that say a place is clear; asked once more, for the robot may go there then."""
    return tuple(
        Button(
            label="clear_place",
            command={"type": "clear_place", "place": place, "n": times_unclear(state, place)},
            danger=True,
        )
        for place in state.unclear
    )
