"""Follows running skills from await to await, and compares what the ledger believes with the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.engine.registry import Registry, Skill

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    import pytest

    from tests.unit.cell_bench import Bench

Hook = Callable[[str, int], None]


class Counted:
    """Awaits a coroutine and tells `hook` of each of its suspensions, the first is 1."""

    def __init__(self, work: Coroutine[Any, Any, None], hook: Callable[[int], None]) -> None:
        self._work = work
        self._hook = hook

    def __await__(self) -> Generator[Any, Any, None]:
        inner = self._work.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        count = 0
        while True:
            try:
                waits_for = inner.send(sent) if thrown is None else inner.throw(thrown)
            except StopIteration:
                return
            count += 1
            self._hook(count)
            sent, thrown = None, None
            try:
                sent = yield waits_for
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is the skill's
                thrown = error


def watched(monkeypatch: pytest.MonkeyPatch, hook: Hook) -> None:
    """Let `hook` hear of each suspension of each skill: its name, and how many there were before in this run."""
    get = Registry.get

    def wrapped(self: Registry, name: str) -> Skill:
        skill = get(self, name)

        async def run(cell: Any, **arguments: Any) -> None:
            await Counted(skill.run(cell, **arguments), lambda count: hook(name, count))  # type: ignore[arg-type] # skills are coroutines

        return replace(skill, run=run)

    monkeypatch.setattr(Registry, "get", wrapped)


def ledger_is_true(cell: Bench) -> None:
    """What the gripper holds and what lies about is what the ledger says."""
    held = cell.state.world.held()
    assert (cell.cell.world.held is not None) == (held is not None)
    tcp = cell.cell.robot.state.value.tcp
    for fact in cell.state.world.facts.values():
        pose = cell.state.world.pose(fact.part, tcp)
        if pose is None:
            continue
        near = [b for b in cell.bodies(fact.kind) if b in cell.cell.world.visible()]
        off = min(sum((a - b) ** 2 for a, b in zip(cell.cell.world.pose(b).p, pose.p, strict=True)) for b in near)
        assert off < 0.002**2, (fact, [cell.cell.world.pose(b).p for b in near])
