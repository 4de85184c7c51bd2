"""Whatever moment the orchestrator dies at, by `kill -9`: nothing is lost or done twice, and the unit is finished.

TANDEM_FAULTS sets how many boundaries between events, and how many moments, are tried (default 6 of each; a soak
tries every boundary, and hundreds of moments).
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.adapters.clock_virtual import START_UTC
from orchestrator.adapters.journal_file import verified
from orchestrator.adapters.journal_sqlite import verify
from orchestrator.core import events as ev
from orchestrator.core.events import decode
from orchestrator.core.machine import CellState
from tests.unit.cell_bench import authored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.core.events import Event

ROOT = Path(__file__).parents[2]
ASKED = os.environ.get("TANDEM_FAULTS")
SHIFT_S = 100_000.0  # each life of the cell begins so much later than the one before
LASTS_S = 60.0  # within which a random moment of a unit's making lies


class Mortal:
    """Runs lives of a cell, one process each, over the same data."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.faults.killed_cell", str(folder)]
        threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")  # none may live when it forks
        self._process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **threads}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def live(self, data: Path, how: str, when: float, life: int) -> int:
        """Run one life; returns the exit code, -9 for a death."""
        data.mkdir(parents=True, exist_ok=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"data": str(data), "kill": [how, when], "start_utc": START_UTC + life * SHIFT_S}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    out = Mortal(authored(tmp_path_factory.mktemp("authored")))
    yield out
    out.close()


@pytest.fixture(scope="module")
def commits(mortal: Mortal, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many commits the making of a unit takes: the boundaries at which something more is durable."""
    data = tmp_path_factory.mktemp("whole")
    assert mortal.live(data, "never", 0, 0) == 0
    assert wrong(data) == []
    return int(told(data)[-1]["commits"])


def told(data: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (data / "told.jsonl").read_text().splitlines()]


def wrong(data: Path) -> list[str]:
    """Return what is wrong with a cell that has lived, once or several times, until its order ended."""
    lines = told(data)
    verify(data / "journal.db")
    recorded = {at.seq: at for at in verified(data / "journal.db")}
    events = [decode(at.entry.payload, at.seq) for at in recorded.values()]
    commands = {at.entry.command for at in recorded.values()}
    out = [line["error"] for line in lines if line["what"] == "crash"]
    out += [f"{line['id']} was answered and is lost" for line in _granted(lines) if line["id"] not in commands]
    for line in lines:
        if line["what"] == "event" and recorded[line["seq"]].entry.type != line["type"]:
            out.append(f"event {line['seq']} was told as {line['type']}, and is another")
    for kind in ("order_stored", "unit_ended"):
        if (count := sum(event.type == kind for event in events)) != 1:
            out.append(f"{count} x {kind}")
    seated = [line for line in lines if line["what"] == "seated"]
    out += [f"not seated: {line['away']}" for line in seated if not line["ok"]]
    heard = any(line.get("type") == "unit_ended" for line in lines)  # else it died with the news
    if lines[-1].get("record") != "done" or len(seated) != heard:
        out.append(f"it ended as {lines[-1]}")
    if lines[-1].get("left"):
        out.append(f"{lines[-1]['left']} are still in the cell, and no ledger knows of them")
    return out + list(blind(events))


def _granted(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["what"] == "answer" and line["ok"]]


def blind(events: Sequence[Event]) -> Iterator[str]:
    """Yield every motion after a death that nobody allowed, and every one for a step that nobody has looked at since.

    To look is a camera's verdict or a person's decision, on the very step.
    """
    allowed, unseen = True, set[tuple[str, str]]()
    for event in events:
        match event:
            case ev.CellRestarted():
                allowed = False
            case ev.Acknowledged():
                allowed = True
            case ev.SkillEnded(code="interrupted"):
                unseen.add((event.unit, event.step))
            case ev.CheckEnded() | ev.StepAnswered():
                unseen.discard((event.unit, event.step))
            case ev.MotionIntended():
                unit, step, _, what = event.effect.split("/", 3)
                if not allowed:
                    yield f"'{event.text}' after a death without a person's word"
                if what == "skill" and (unit, step) in unseen:  # the way to a look is none of the step's own motions
                    yield f"'{event.text}' of {step} again, and nobody looked"


def die_and_live(mortal: Mortal, data: Path, how: str, when: float, *more: tuple[str, float]) -> list[str]:
    """Let a cell die as told, once or several times, then live to the end of its order; returns what is wrong."""
    ways = [(how, when), *more, ("never", 0.0)]
    codes = [mortal.live(data, way, at, life) for life, (way, at) in enumerate(ways)]
    if codes[-1] != 0:
        return [f"it never got up again: {codes}", *(line.get("error", "") for line in told(data)[-1:])]
    return wrong(data)


@pytest.mark.parametrize("side", ["before", "after"])
def test_the_orchestrator_may_die_at_every_boundary_between_events(
    mortal: Mortal, commits: int, tmp_path: Path, side: str
) -> None:
    every = range(1, commits + 1)
    sampled = random.Random(side).sample(every, 5)
    tried = every if ASKED else sorted({*sampled, commits - 1})  # the last but one ends the unit
    ended = {n: die_and_live(mortal, tmp_path / str(n), side, n) for n in tried}
    failed = {n: what for n, what in ended.items() if what}
    print(f"killed {side} {len(ended)} of {commits} commits: {len(failed)} not finished or not honest")
    assert failed == {}


def test_the_orchestrator_may_die_at_any_moment_and_again_while_it_comes_up(
    mortal: Mortal, commits: int, tmp_path: Path
) -> None:
    chance = random.Random(7)
    ended = {}
    for n in range(int(ASKED or 6)):
        again = [("after", float(chance.randrange(1, 9)))] if n % 3 == 0 else []
        ended[n] = die_and_live(mortal, tmp_path / str(n), "moment", chance.uniform(0.0, LASTS_S), *again)
    failed = {n: what for n, what in ended.items() if what}
    print(f"killed at {len(ended)} moments: {len(failed)} not finished or not honest")
    assert failed == {}


def test_a_motion_that_nobody_looked_before_would_be_noticed() -> None:
    """The referee itself: a second motion of an interrupted step, and one before anybody has acknowledged."""
    moved = ev.MotionIntended(effect="u1/load/1/skill", motion="m", text="fetch", plan="", duration_s=1.0, preview=())
    lost = ev.SkillEnded(
        unit="u1", step="load", attempt=1, effect="u1/load/1/skill", outcome="failed", code="interrupted"
    )
    died = ev.CellRestarted(state=CellState.HELD)
    assert list(blind([moved, died, lost, ev.Acknowledged(by="me"), moved])) == [
        "'fetch' of load again, and nobody looked"
    ]
    assert len(list(blind([moved, died, moved]))) == 1
