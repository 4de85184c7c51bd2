"""A person's word with its meaning: who and when say the event, what it meant and to which revision this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from orchestrator.core.records import replace
from orchestrator.core.state import HOME, Signed
from orchestrator.core.variant import Frozen

if TYPE_CHECKING:
    from orchestrator.core.commands import Choice
    from orchestrator.core.state import State

Meaning = Literal[
    "motion_approved",
    "way_out_approved",
    "step_released",
    "result_attested",
    "result_forced",
    "step_skipped",
    "unit_scrapped",
    "order_aborted",
]
OF_CHOICE: dict[Choice, Meaning] = {
    "force": "result_forced",
    "skip": "step_skipped",
    "scrap": "unit_scrapped",
    "abort": "order_aborted",
}


class Signature(Frozen):
    """What a word meant, and the SHA-256 of the procedure that it was given to; "" where it is about no unit."""

    meaning: Meaning
    revision: str = ""


def sign(state: State, meaning: Meaning, unit: str) -> Signature:
    """Return the signature of a word that is about a unit, "" for none."""
    return Signature(meaning=meaning, revision=state.variant_of(unit).procedure_sha256 if unit in state.units else "")


def about(state: State, effect: str) -> tuple[str, str, int]:
    """Return unit, step and attempt that an effect moves the robot for, ("", "", 0) where it is for no step."""
    place = effect.removeprefix(HOME)
    for unit in state.units.values():
        for step_id, step in unit.steps.items() if place.startswith(f"{unit.id}/") else ():
            if place.startswith(f"{unit.id}/{step_id}/"):
                return unit.id, step_id, step.attempt
    return "", "", 0


def signed(
    state: State, signature: Signature | None, unit_id: str, step: str, attempt: int, who: str, t: float, reason: str
) -> State:
    """Return the state in which a unit in work carries a signature; journals of before hold none."""
    unit = state.units.get(unit_id)
    if signature is None or unit is None:
        return state
    one = Signed(signature.meaning, who, t, signature.revision, step, attempt, reason)
    return replace(state, units={**state.units, unit_id: replace(unit, signatures=(*unit.signatures, one))})
