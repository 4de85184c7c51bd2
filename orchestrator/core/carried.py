"""A whole state as plain data, for what outlives the events that made it: snapshots, and a journal's archived past.

Fields that a state of before lacks keep their defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from orchestrator.core import cell, commands, geometry, ports, variant
from orchestrator.core.records import replace
from orchestrator.core.state import State

if TYPE_CHECKING:
    from orchestrator.core.cell import CellSpec


def to_json(state: State) -> bytes:
    """Return a state as JSON, without the cell file, which is configuration."""
    return states().dump_json(state, exclude={"spec"})


def from_plain(said: Mapping[str, Any], spec: CellSpec) -> State:
    """Return the state that plain data hold, in a cell of this file. Raises pydantic's ValidationError."""
    return states().validate_python({**said, "spec": spec})


def taken_over(said: Mapping[str, Any], fresh: State) -> State:
    """Return a carried state in place of one that nothing has happened to: bins that are new in the cell are full."""
    state = from_plain(said, fresh.spec)
    return replace(state, bins={**fresh.bins, **state.bins})


@cache
def states() -> TypeAdapter[State]:
    """Return the adapter of the state; its records name types that they import for the type checker alone."""
    from orchestrator.core import events  # it is folded by who uses this

    names: dict[str, Any] = {"Any": Any, "Mapping": Mapping}
    for module in (cell, commands, events, geometry, ports, variant):
        names |= vars(module)
    adapter: TypeAdapter[State] = TypeAdapter(State)
    adapter.rebuild(_types_namespace=names, raise_errors=True)
    return adapter
