"""What is offered to whom: of each view only those buttons whose command the reader's role may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from orchestrator.core.machine import Autonomy
from orchestrator.core.rights import may_press
from orchestrator.core.variant import Frozen
from orchestrator.wire import Button, CellView

if TYPE_CHECKING:
    from orchestrator.core.commands import Role
    from orchestrator.engine.desk import Screen

V = TypeVar("V")


def offered(value: V, role: Role, screen: Screen) -> V:
    """Return a view as a role sees it; the very same one for a supervisor, who may ask for everything."""
    if role in {"supervisor", "engine"}:
        return value
    cell = screen.topics.get("cell")
    known = isinstance(cell, CellView) and cell.autonomy in {each.value for each in Autonomy}
    autonomy = Autonomy(cell.autonomy) if known and isinstance(cell, CellView) else Autonomy.FULL
    return _without(value, role, autonomy)


def _without(value: V, role: Role, autonomy: Autonomy) -> V:
    if isinstance(value, Frozen):
        changed = {}
        for name in type(value).model_fields:
            before = getattr(value, name)
            after = _without(before, role, autonomy)
            if after is not before:
                changed[name] = after
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, tuple):
        kept = [
            _without(item, role, autonomy)
            for item in value
            if not isinstance(item, Button) or may_press(role, item.command, autonomy)
        ]
        same = len(kept) == len(value) and all(a is b for a, b in zip(kept, value, strict=True))
        return value if same else tuple(kept)  # type: ignore[return-value]
    if isinstance(value, dict):
        inner = {key: _without(item, role, autonomy) for key, item in value.items()}
        return value if all(inner[key] is item for key, item in value.items()) else inner  # type: ignore[return-value]
    return value
