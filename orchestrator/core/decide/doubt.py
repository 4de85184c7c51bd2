"""A place that is still believed, but not built upon until somebody has looked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from orchestrator.core.events import PartMoved

if TYPE_CHECKING:
    from orchestrator.core.world import Fact


def doubtful(fact: Fact) -> PartMoved:
    """Return the event that leaves a part where it is believed to be, and makes that doubtful."""
    return _noted(fact, "doubtful")


def believed(fact: Fact) -> PartMoved:
    """Return the event that leaves a part where it is believed to be, and makes that known."""
    return _noted(fact, "known")


def _noted(fact: Fact, certainty: Literal["known", "doubtful"]) -> PartMoved:
    return PartMoved(
        unit=fact.unit,
        part=fact.part,
        kind=fact.kind,
        what="seen",
        holder=fact.holder,
        frame=fact.frame,
        pose=fact.pose,
        source=fact.source,
        certainty=certainty,
    )
