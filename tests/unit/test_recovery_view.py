"""What the recovery page goes by: since when the cell stands, and until when there is something to bring back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.machine import CellState, CellVerb
from orchestrator.engine.recovery_view import recovery
from tests.unit.core_builders import SUPERVISOR, Bench, step, variant

if TYPE_CHECKING:
    from orchestrator.wire import RecoveryView

LOAD = step("load", part="body", at="nest", by="robot")


def shown(b: Bench) -> RecoveryView | None:
    return recovery(b.state, lambda _unit, step_id: {"en": step_id})


@pytest.mark.parametrize("verbs", [(CellVerb.STOP,), (CellVerb.ABORT, CellVerb.CLEAR)])
def test_after_a_stop_or_an_abort_it_lasts_until_the_cell_works_again(verbs: tuple[CellVerb, ...]) -> None:
    b = Bench().running(variant(LOAD))
    assert shown(b) is None
    b.wait(60)
    since_t = b.t
    b.verb(verbs[0])
    view = shown(b)
    assert view is not None
    assert view.since_t == pytest.approx(since_t, abs=0.5)
    if not b.state.acknowledged:
        b.do(cmd.Acknowledge(), SUPERVISOR)
    for verb in (*verbs[1:], CellVerb.RESET):
        b.verb(verb)
        assert shown(b) is not None, b.state.cell
    assert b.state.cell == CellState.IDLE
    b.verb(CellVerb.START)
    assert b.state.cell == CellState.EXECUTE
    assert shown(b) is None
    assert b.replayed() == b.state


def test_an_idle_cell_with_nothing_in_work_has_nothing_to_bring_back() -> None:
    assert shown(Bench()) is None
