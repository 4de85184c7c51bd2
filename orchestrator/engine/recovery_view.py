"""What a person needs to bring a cell back after a restart, a stop or an abort: why, what is held, what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core.machine import CellState, StepStatus
from orchestrator.wire import HeldView, LookedView, RecoveryView

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestrator.core.state import State, StepState
    from orchestrator.wire import Texts

_STANDS = frozenset(
    {
        CellState.HOLDING,
        CellState.HELD,
        CellState.ABORTING,
        CellState.ABORTED,
        CellState.CLEARING,
        CellState.STOPPING,
        CellState.STOPPED,
        CellState.UNHOLDING,
    }
)
_ON_THE_WAY = frozenset({CellState.RESETTING, CellState.IDLE, CellState.STARTING})  # back to work, after a stop


def recovery(state: State, title: Callable[[str, str], Texts]) -> RecoveryView | None:
    """Return how a recovery stands, None while there is nothing to recover from. `title` names a unit's step.

    After a stop or an abort it lasts until the cell is started again, where something is in work.
    """
    in_work = bool(state.units) or state.world.held() is not None
    if state.acknowledged and state.cell not in _STANDS and not (state.cell in _ON_THE_WAY and in_work):
        return None
    held = state.world.held()
    spec = state.part_spec(held.unit, held.kind) if held is not None else None
    looked = []
    for unit in state.units.values():
        for step_id, current in unit.steps.items():
            if (view := _looked(state, unit.id, step_id, current)) is not None:
                looked.append(view.model_copy(update={"title": title(unit.id, step_id)}))
    return RecoveryView(
        since_t=max(state.upset_t, state.stood_t),
        held=HeldView(
            part=held.part, name=dict(spec.name) if spec else {}, certain=held.certainty == "known", unit=held.unit
        )
        if held is not None
        else None,
        looked=tuple(looked),
    )


def _looked(state: State, unit: str, step: str, current: StepState) -> LookedView | None:
    """A result that was interrupted and is, or was, looked at since the arm last ended otherwise than planned."""
    if not current.attempts or not state.upset_t or current.attempts[-1].started_t > state.upset_t:
        return None
    measured = current.attempts[-1].measured
    looking = current.status == StepStatus.VERIFYING and "camera" in current.wants
    if not looking and (measured is None or measured.shot_t < state.upset_t):
        return None
    seen = measured if not looking else None
    return LookedView(
        unit=unit,
        step=step,
        title={},
        verdict=seen.verdict if seen else "",
        waits=looking and current.ride == "wanted",
        offset_mm=seen.offset_mm if seen else None,
        evidence=seen.evidence if seen else "",
    )
