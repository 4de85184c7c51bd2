"""The demo's cell whose person puts the first shaft beside its place; from then on a test leads the hand that holds it.

A line to the port that is written to `hand` in the data folder moves the true shaft: `2.5 -1` puts it so many mm beside
its place along x and y of the cell; `hide` holds a hand over it, `show` takes that away. Each is answered by a line.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.hands import Slip
from orchestrator.cli.places import settings
from orchestrator.cli.serve import run_cell
from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose
from orchestrator.core.machine import CellVerb
from orchestrator.core.ports import Box

if TYPE_CHECKING:
    from orchestrator.app import EmbeddedCell

SHAFT, PLACE = "gear_shaft_5", "press"
OVER_M = 0.18  # right above the shaft: both cameras have that place in their pictures


class Hand:
    """Moves the true shaft as a test says."""

    def __init__(self, cell: EmbeddedCell) -> None:
        self._cell = cell
        self._over = ""

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do what each line says, and answer it."""
        while line := (await reader.readline()).decode().strip():
            self._do(line)
            writer.write(b"done\n")
            await writer.drain()
        writer.close()

    def _do(self, line: str) -> None:
        world, at = self._cell.world, self._cell.runner.state.spec.frames[PLACE].p
        if line == "hide":
            self._over = world.add("hand", Box((0.3, 0.3, 0.02)), Pose((at[0], at[1], OVER_M)))
        elif line == "show":
            world.remove(self._over)
        else:
            x_mm, y_mm = map(float, line.split())
            (body,) = (body.id for body in world if body.kind == SHAFT and not body.source)
            here = world.pose(body).p
            world.displace(body, Pose((at[0] + x_mm / 1000 - here[0], at[1] + y_mm / 1000 - here[1], 0.0)))


def main() -> None:
    """Serve the cell until it is told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("instructions", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    given = parser.parse_args()
    base = settings("demo", data=given.data, instructions=given.instructions)

    async def prepare(cell: EmbeddedCell) -> None:
        slips = iter((Slip.OFF,))
        cell.people.slip = lambda _unit, step: next(slips, None) if step == "shaft" else None
        server = await asyncio.start_server(Hand(cell).listen, "127.0.0.1", 0)
        (given.data / "hand").write_text(str(server.sockets[0].getsockname()[1]), encoding="ascii")
        who = cmd.Who(name="test", role="supervisor")
        start = cmd.ChangeCell(verb=CellVerb.START)
        await cell.desk.submit(cmd.Request(id="start", by=who, t=cell.desk.now(), command=start))

    run_cell(base.model_copy(update={"port": given.port}), prepare)


if __name__ == "__main__":
    main()
