"""A cell in a process of its own that is killed at a moment that is asked for, or works until its order has ended.

`python -m tests.faults.killed_cell FOLDER` reads one run a line, as JSON: `{"data": folder, "kill": [how, when]}`,
forks for each, and prints how it ended. How to kill: at the n-th commit, at one of the places that `deadly_journal`
names; at a `moment` (s) of the cell's own clock; or `never`.

What the cell has told anybody goes into `told.jsonl` in the data folder, past all buffers, the moment that it is told:
an `answer` to a command, whoever asked, an `event` that observers got, whether a finished unit's parts are truly
`seated`, and at the `end` what became of it.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.core import commands as cmd
from orchestrator.core.events import UnitEnded
from orchestrator.core.machine import OrderVerb
from orchestrator.engine.cell_desk import CellDesk
from tests.faults.deadly_journal import Commits, die
from tests.unit.cell_bench import Bench, bench

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.core.state import State
    from orchestrator.engine.bus import Fresh
    from orchestrator.wire import Answer

SIM = "orchestrator.adapters.robot_sim"
SEATED_M = 0.002  # a true part further from where the ledger has it is not there
GIVES_UP_S = 3000.0


class Told:
    """What the cell has told somebody, outside the process that will be killed."""

    def __init__(self, data: Path) -> None:
        self._file = os.open(data / "told.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def put(self, **what: Any) -> None:
        """Write a line; it outlives the process."""
        os.write(self._file, json.dumps(what).encode() + b"\n")


def answers(told: Told) -> None:
    """Tell of every command that is handed in at a desk of this process, by whomever, and of its answer."""
    submit = CellDesk.submit

    async def telling(desk: CellDesk, request: cmd.Request) -> Answer:
        answer = await submit(desk, request)
        told.put(what="answer", id=request.id, ok=answer.ok, code=answer.code, type=request.command.type)
        return answer

    CellDesk.submit = telling  # type: ignore[method-assign] # this process does nothing else


async def work(folder: Path, data: Path, kill: tuple[str, float]) -> None:
    """Bring the cell up, give it its one order, and stay until that has ended."""
    told = Told(data)
    answers(told)
    commits = Commits(*kill)
    if kill[0] == "moment":
        asyncio.get_running_loop().call_later(kill[1], die)
    async with bench(folder, data=data) as cell:
        cell.cell.runner.bus.join(lambda _before, _after, events: _tell(told, events))
        cell.cell.people.witness = lambda before, _after, events: _compare(told, cell, before, events)
        cell.work(tends=True)
        variant = cell.cell.desk.library.variant("stack", {"pin": "steel"})
        store = cmd.StoreOrder(order="o", quantity=1, variant=variant)
        for name, command in (("store-o", store), ("start-o", cmd.ChangeOrder(order="o", verb=OrderVerb.START))):
            await cell.ask(command, request_id=name)  # again after each death: it must have one effect
        await cell.ended(timeout_s=GIVES_UP_S)
        left = [body.id for body in cell.cell.world if not body.source]
        told.put(what="end", record=cell.record()["state"], commits=commits.count, left=left)


def _tell(told: Told, events: Sequence[Fresh]) -> None:
    for item in events:
        told.put(what="event", seq=item.seq, type=item.event.type)


def _compare(told: Told, cell: Bench, before: State, events: Sequence[Fresh]) -> None:
    """Before anybody carries a finished unit away: how far each of its true parts is from where the ledger has it."""
    for item in events:
        if isinstance(item.event, UnitEnded) and item.event.state == "done":
            away = {f.part: _away(cell, before, f.part) for f in before.world.facts.values()}
            told.put(what="seated", away=away, ok=bool(away) and all(m < SEATED_M for m in away.values()))


def _away(cell: Bench, state: State, part: str) -> float:
    pose, kind = state.world.pose(part), state.world.facts[part].kind
    if pose is None:
        return 9.0
    return min((math.dist(cell.cell.world.pose(b).p, pose.p) for b in cell.bodies(kind)), default=9.0)


def main(folder: Path) -> None:
    """Fork for each run that is asked for: the imports are paid once, those that the cell makes late as well."""
    for name in (SIM, "orchestrator.adapters.vision_open3d", "orchestrator.adapters.calibration.camera"):
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(live(folder, **json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def live(folder: Path, data: str, kill: tuple[str, float], start_utc: float) -> int:
    """Live one life; returns the exit code."""
    try:
        run_virtual(lambda: work(folder, Path(data), kill), start_utc=start_utc)
    except BaseException as error:  # noqa: BLE001 - told to whoever asked, in whatever way it failed
        Told(Path(data)).put(what="crash", error=repr(error)[-3000:])
        return 1
    return 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
