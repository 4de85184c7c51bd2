"""What is offered to whom: of each view only those buttons whose command its reader may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from orchestrator.core.decide.persons import a_keys
from orchestrator.core.machine import Autonomy
from orchestrator.core.rights import may_press
from orchestrator.core.variant import Frozen
from orchestrator.wire import Button, CellView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.commands import Role, Who
    from orchestrator.engine.desk import Screen

V = TypeVar("V")


class Reader(NamedTuple):
    """Who reads a view, as far as it matters for what they are offered: many people read the same.

    `machine`: by a key. `name`: of somebody who may not press what others of their role may, "" of everybody else.
    """

    role: Role
    machine: bool = False
    name: str = ""


def reader(who: Who, barred: frozenset[str]) -> Reader:
    """Return as whom somebody reads a view in which buttons are not for those who are `barred`."""
    return Reader(who.role, who.machine, who.name if who.known and who.name in barred else "")


def barred(value: object, screen: Screen) -> frozenset[str]:
    """Return those for whom some buttons of a view are not, by pseudonym."""
    cell = screen.topics.get("cell")
    if not isinstance(cell, CellView) or not (cell.four_eyes or cell.approvals > 1):
        return frozenset()  # where one approves for everybody
    return frozenset(_barred(value))


def offered(value: V, who: Who, screen: Screen) -> V:
    """Return a view as somebody sees it; the very same one where they may ask for everything in it."""
    return seen_by(value, reader(who, barred(value, screen)), screen)


def seen_by(value: V, by: Reader, screen: Screen) -> V:
    """Return a view as a reader sees it."""
    if by.role in {"supervisor", "engine"} and not (by.machine or by.name):
        return value
    cell = screen.topics.get("cell")
    known = isinstance(cell, CellView) and cell.autonomy in {each.value for each in Autonomy}
    autonomy = Autonomy(cell.autonomy) if known and isinstance(cell, CellView) else Autonomy.FULL
    return _without(value, by, autonomy)


def _presses(by: Reader, button: Button, autonomy: Autonomy) -> bool:
    if by.name in button.not_by or (by.machine and not a_keys(button.command, by.role)):
        return False
    return may_press(by.role, button.command, autonomy)


def _without(value: V, by: Reader, autonomy: Autonomy) -> V:
    if isinstance(value, Frozen):
        changed = {}
        for name in type(value).model_fields:
            before = getattr(value, name)
            after = _without(before, by, autonomy)
            if after is not before:
                changed[name] = after
        return value.model_copy(update=changed) if changed else value
    if isinstance(value, tuple):
        kept = [
            _without(item, by, autonomy)
            for item in value
            if not isinstance(item, Button) or _presses(by, item, autonomy)
        ]
        same = len(kept) == len(value) and all(a is b for a, b in zip(kept, value, strict=True))
        return value if same else tuple(kept)  # type: ignore[return-value]
    if isinstance(value, dict):
        inner = {key: _without(item, by, autonomy) for key, item in value.items()}
        return value if all(inner[key] is item for key, item in value.items()) else inner  # type: ignore[return-value]
    return value


def _barred(value: object) -> Iterator[str]:
    if isinstance(value, Button):
        yield from value.not_by
    elif isinstance(value, Frozen):
        for name in type(value).model_fields:
            yield from _barred(getattr(value, name))
    elif isinstance(value, (tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _barred(item)
