"""What people see of a unit that goes back: beforehand what must be taken back, then one result after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.machine import StepStatus
from orchestrator.core.rewind import plan, trouble, undo_blockers
from orchestrator.core.state import OVER
from orchestrator.core.variant import HumanWork
from orchestrator.engine import phrases
from orchestrator.engine.languages import phrase, spoken
from orchestrator.wire import Button, RewindView, StepWords, UndoView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.state import State, UnitState
    from orchestrator.core.variant import Step
    from orchestrator.engine.library import Library

_OFF = phrase("Take off: {part}", "Abnehmen: {part}")
_BACK = phrase("Take back to where it was: {part}", "Zurückbringen, wo es war: {part}")
_AGAIN = phrase("Undo: {title}", "Rückgängig machen: {title}")
_DO = phrase(
    "Take {part} out of the unit and put it aside; it will not be used again by itself.",
    "{part} aus dem Werkstück nehmen und beiseitelegen; es wird nicht von selbst wieder verwendet.",
)
_ONCE = phrase("A new one is needed afterwards.", "Danach wird ein neues gebraucht.")
_NOTHING = phrase("Nothing to take off: measured again.", "Nichts abzunehmen: wird neu gemessen.")
_VALUES = phrase(
    "Nothing to take off, and void at once: {values}.", "Nichts abzunehmen, und sofort ungültig: {values}."
)
_WHOLE = phrase("This unit goes back to “{title}”: {reason}", "Dieses Werkstück geht zurück zu „{title}“: {reason}")
_NOBODY = phrase("Nobody is there to do it.", "Niemand ist da, der es tut.")


def preview(state: State, unit_id: str, step_id: str, words: Mapping[str, Mapping[str, str]]) -> RewindView:
    """Return what going back to before a step would mean; `words` are the titles of the unit's steps by language."""
    variant = state.variant_of(unit_id)
    undos = []
    for undo in plan(state, unit_id, step_id):
        step = undo.step
        text = describe(state, unit_id, step, words[step.id]) if undo.work else _void(state, unit_id, step)
        kind = variant.parts.get(step.result.kind or "")
        undos.append(
            UndoView(
                step=step.id,
                title=dict(words[step.id]),
                text=text,
                by="person" if undo.work else "nobody",
                instruction=step.undo if isinstance(step.undo, str) else "",
                needs=step.human.needs if step.human is not None else (),
                once=bool(kind is not None and kind.once),
                never=undo.never,
            )
        )
    refused = trouble(state, unit_id, step_id)
    why = phrases.told(refused) if refused else {}
    return RewindView(unit=unit_id, to=step_id, refused=refused, why=why, undo=tuple(undos))


def _void(state: State, unit_id: str, step: Step) -> dict[str, str]:
    """Say what goes at once where nobody has to take anything off: values that were measured or claimed."""
    values = state.units[unit_id].steps[step.id].values
    said = ", ".join(f"{name} {values[name]}" for name in sorted(values))
    return _VALUES.filled(values=said) if said else _NOTHING.texts


def describe(state: State, unit_id: str, step: Step, title: Mapping[str, str]) -> dict[str, str]:
    """Return in one line what a person does to take a result back."""
    part = _part(state, unit_id, step)
    if not part:
        return _AGAIN.filled(title=title)
    return (_BACK if _moved_on(state, unit_id, step) else _OFF).filled(part=part)


def instruction(
    library: Library, state: State, unit_id: str, step: Step, title: Mapping[str, str]
) -> dict[str, StepWords]:
    """Return the words of taking a result back: its own instruction, where the procedure names one, else derived."""
    product = state.variant_of(unit_id).product
    lines, part = describe(state, unit_id, step, title), _part(state, unit_id, step)
    takes = _DO.filled(part=part) if part else {}
    kind = state.variant_of(unit_id).parts.get(step.result.kind or "")
    out = {}
    for lang in spoken():
        do = takes.get(lang) or takes.get("en", "")
        if kind is not None and kind.once:
            do = f"{do} {_ONCE.within(lang)}".strip()
        out[lang] = StepWords(title=lines.get(lang) or lines["en"], do=do)
        if isinstance(step.undo, str):
            told = step.model_copy(update={"human": HumanWork(show=_file(product, step.undo))})
            words = library.words(product, told, lang, unit_id)
            out[lang] = StepWords(title=words.title or out[lang].title, do=words.do or do, more=words.more)
    return out


def note(unit: UnitState, title: Mapping[str, str]) -> dict[str, str]:
    """Return why a unit goes back, and to where."""
    going = unit.rewind
    if going is None:
        return {}
    return _WHOLE.filled(title=title or going.to, reason=going.reason)


def buttons(unit: UnitState, step: Step, place: str, operator: str) -> tuple[Button, ...]:
    """Return what the person who takes a result back may say."""
    key = {"unit": unit.id, "step": step.id, "attempt": unit.steps[step.id].attempt, "place": place}
    return (
        Button(label="confirm_undo", command={"type": "confirm_undo", **key, "operator": operator}),
        Button(label="problem", command={"type": "report_problem", **key}, needs_reason=True),
    )


def stopping(unit: UnitState) -> tuple[Button, ...]:
    """Return the button that ends the way back, while there is one."""
    if unit.rewind is None:
        return ()
    command = {"type": "stop_rewind", "unit": unit.id}
    return (Button(label="stop_rewind", command=command, needs_reason=True, danger=True),)


def stands_still(state: State, unit: UnitState) -> dict[str, str]:
    """Return why nobody takes back what comes next, {} where somebody is at it or about to be."""
    if unit.rewind is None or any(current.status == StepStatus.UNDOING for current in unit.steps.values()):
        return {}
    step = state.variant_of(unit.id).by_id[unit.rewind.todo[0]]
    if not state.places:
        return _NOBODY.texts
    why = [reasons for place in state.places if (reasons := undo_blockers(state, unit, step, place))]
    if len(why) < len(state.places):
        return {}
    return phrases.told(why[0][0].message)


def _part(state: State, unit_id: str, step: Step) -> dict[str, str]:
    kind = state.variant_of(unit_id).parts.get(step.result.kind or "")
    return dict(kind.name) if kind is not None and step.result.part else {}


def _moved_on(state: State, unit_id: str, step: Step) -> bool:
    """Whether an earlier result that stays had put the same part down already."""
    unit, variant = state.units[unit_id], state.variant_of(unit_id)
    return any(
        other.result.part == step.result.part
        and other.id != step.id
        and unit.steps[other.id].status in OVER
        and step.id in variant.dependants(other.id)
        for other in variant.steps
    )


def _file(product: str, name: str) -> str:
    return name if "/" in name else f"{product}/{name}"
