"""Why the cell stands or waits, and what would let it go on, as screens show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.decide.lull import lulls
from orchestrator.core.machine import CellState
from orchestrator.core.pauses import robot_pauses, said
from orchestrator.core.reason import coded
from orchestrator.core.transient import TRANSIENTS
from orchestrator.core.waits import reasons
from orchestrator.engine import phrases
from orchestrator.wire import Button, Condition, PauseView, Reason

if TYPE_CHECKING:
    from orchestrator.core.state import State


_MOST = 3  # reasons that are said at once
_SAID = {"restarted": "Tandem was restarted."}  # reasons that are one word in the journal


def waits_for(state: State) -> tuple[str, ...]:
    """Return what a cell that suspended by itself waits for now, in sentences; empty for any other."""
    if state.cell != CellState.SUSPENDED or not state.suspended:
        return ()
    return tuple(dict.fromkeys(text for one in lulls(state, state.t)[:_MOST] for text in one.said))


def to_refill(state: State) -> tuple[str, ...]:
    """Return the bins that a suspended cell waits for."""
    if state.cell != CellState.SUSPENDED or not state.suspended:
        return ()
    return tuple(dict.fromkeys(one.bin for one in lulls(state, state.t) if one.bin))


def condition(state: State) -> Condition:
    """Return what the cell waits for, its first reason, and what went wrong since."""
    row = TRANSIENTS.get(state.cell)
    first = waits_for(state) or (_SAID.get(state.cell_reason, state.cell_reason),)
    return Condition(
        waits=phrases.told(row.says, *([row.then] if row.then else [])) if row is not None else {},
        reason=phrases.told(*first) if any(first) else {},
        trouble=tuple(phrases.told(sentence) for sentence in state.cell_trouble),
        pauses=tuple(_pause(state, key) for key in state.pauses),
        not_moving=tuple(_said(reason) for reason in reasons(state)),
    )


def _said(reason: str) -> Reason:
    code, parameters = coded(reason)
    return Reason(code=code, parameters=dict(parameters), text=phrases.told(reason))


def _pause(state: State, key: str) -> PauseView:
    pause = state.pauses[key]
    robot = key in robot_pauses(state)
    return PauseView(
        target=key,
        text=phrases.told(said(key)),
        by=pause.by,
        reason=pause.reason,
        since_t=pause.t,
        until_t=pause.t + state.spec.pause_s if robot else None,
        robot=robot,
    )


def pause_button(what: str, name: str = "", *, paused: bool) -> Button:
    """Return the button that pauses the cell or a lane, or lets it go on."""
    verb = "resume" if paused else "pause"
    return Button(label=verb, command={"type": verb, "what": what, **({"name": name} if name else {})})
