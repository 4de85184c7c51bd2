"""What a unit that was given up may have left standing: a person had it in hand, and nobody has said where it is.

It keeps its place until a camera has seen that nothing stands there, or a person has looked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.core import events as ev
from orchestrator.core.folders import Folder, entering
from orchestrator.core.readiness import unclear
from orchestrator.core.records import replace
from orchestrator.core.state import Remain
from orchestrator.core.world import CELL

if TYPE_CHECKING:
    from orchestrator.core.state import State

REMAINS: dict[type, Folder] = {}
_on = entering(REMAINS)


def to_look_at(state: State) -> tuple[str, ...]:
    """Return the parts that a fixed camera shall look for now: nobody may be at their place any more."""
    if not state.spec.fixed_cameras:
        return ()
    return tuple(part for part in sorted(state.world.facts) if part not in state.remains and _due(state, part))


def looking(state: State) -> bool:
    """Whether a camera is looking for what a unit may have left."""
    return any(remain.effect for remain in state.remains.values())


def _due(state: State, part: str) -> bool:
    fact = state.world.facts[part]
    spec = state.part_spec(fact.unit, fact.kind)
    seen_best = spec is not None and bool(spec.mesh) and not spec.flexible
    if fact.holder != CELL or fact.certainty != "doubtful" or fact.unit in state.units or not seen_best:
        return False
    zone = state.spec.zone_of(fact.pose.p)
    return not unclear(state, (f"zone:{zone}",) if zone else None)


@_on(ev.RemainsLookStarted)
def _started(state: State, event: ev.RemainsLookStarted, t: float) -> State:
    return replace(state, remains={**state.remains, event.part: Remain(event.effect, t)})


@_on(ev.RemainsLookEnded)
def _ended(state: State, event: ev.RemainsLookEnded, t: float) -> State:
    return replace(state, remains={**state.remains, event.part: Remain("", t, event.measured)})
