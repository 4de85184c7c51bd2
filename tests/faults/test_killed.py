"""Whatever moment the orchestrator dies at, by `kill -9`: nothing is lost or done twice, and the unit is finished.

TANDEM_FAULTS sets how many boundaries between events are tried at each place beside and inside a commit, how many
moments, and how many boundaries of the life that follows a death (default 3, 6 and 4). A soak tries every boundary,
hundreds of moments, and every boundary of the life after each of eight deaths.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from orchestrator.adapters.clock_virtual import START_UTC
from orchestrator.adapters.journal_file import verified
from orchestrator.adapters.journal_sqlite import verify
from orchestrator.core import commands as cmd
from orchestrator.core import events as ev
from orchestrator.core.events import decode
from orchestrator.core.machine import CellState
from orchestrator.core.ports import Entry, Recorded
from tests.faults.deadly_journal import BESIDE, INSIDE
from tests.faults.referee import blind, untrue
from tests.unit.cell_bench import authored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orchestrator.core.events import Event

ROOT = Path(__file__).parents[2]
ASKED = os.environ.get("TANDEM_FAULTS")
SHIFT_S = 100_000.0  # each life of the cell begins so much later than the one before
STEPS, LADDER = "steps:\n", "defaults: {on_fail: {interrupted: [retry, ask]}}\n"  # an author who would have it blindly
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
    folder = authored(tmp_path_factory.mktemp("authored"))
    procedure = folder / "stack" / "procedure.yaml"
    said = procedure.read_text(encoding="utf-8")
    assert said.count(STEPS) == 1
    procedure.write_text(said.replace(STEPS, LADDER + STEPS), encoding="utf-8")
    out = Mortal(folder)
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
    recorded = list(verified(data / "journal.db"))
    events = [decode(at.entry.payload, at.seq) for at in recorded]
    out = [line["error"] for line in lines if line["what"] == "crash"]
    out += untrue(recorded, answered(lines))
    for line in lines:
        if line["what"] == "event" and recorded[line["seq"] - 1].entry.type != line["type"]:
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


def answered(lines: list[dict[str, Any]]) -> dict[str, bool]:
    """Return for each command that got an answer, by its id, whether it was granted."""
    out: dict[str, bool] = {}
    for line in lines:
        if line["what"] == "answer":
            out[line["id"]] = line["ok"] or out.get(line["id"], False)
    return out


class Tally:
    """What became of a number of killed cells."""

    def __init__(self) -> None:
        self.failed: dict[str, list[str]] = {}
        self.commits = self._lived = self.deaths = self._answers = self._granted = 0

    def add(self, name: str, data: Path, codes: list[int]) -> None:
        """Count a cell that has lived to its end, or should have, and forget what it has left if all is well."""
        if codes[-1] != 0:
            said = [line.get("error", "") for line in told(data)[-1:]]
            self.failed[name] = [f"it never got up again: {codes}", *said]
            return
        lines = told(data)
        answers = answered(lines)
        self.commits = lines[-1].get("commits", 0)  # of its last life
        self._lived += 1
        self.deaths += codes.count(-9)
        self._answers += len(answers)
        self._granted += sum(answers.values())
        if what := wrong(data):
            self.failed[name] = what
        else:
            shutil.rmtree(data)

    def __str__(self) -> str:
        return (
            f"{self.deaths} deaths of {self._lived} cells; {self._granted} of {self._answers} commands granted, "
            f"each once in the journal; {len(self.failed)} cells not finished or not honest"
        )


@pytest.mark.parametrize("side", BESIDE + INSIDE)
def test_the_orchestrator_may_die_at_every_boundary_between_events(
    mortal: Mortal, commits: int, tmp_path: Path, side: str, counted: Callable[[str], None]
) -> None:
    every = range(1, commits + 1)
    sampled = random.Random(side).sample(every, 2)
    tried = sorted({*(random.Random(side).sample(every, min(int(ASKED), commits)) if ASKED else sampled), commits - 1})
    tally = Tally()  # the last commit but one ends the unit
    for n in tried:
        data = tmp_path / str(n)
        codes = [mortal.live(data, side, n, 0), mortal.live(data, "never", 0, 1)]
        over = n == commits and codes[0] == 0  # after its last commit it may have ended before it could die
        assert codes[0] == -9 or over, f"it did not die {side} commit {n}"
        tally.add(f"{n}", data, codes)
    counted(f"killed {side} {len(tried)} of {commits} commits: {tally}")
    assert tally.failed == {}


def test_the_orchestrator_may_die_at_any_moment_and_again_while_it_comes_up(
    mortal: Mortal, tmp_path: Path, counted: Callable[[str], None]
) -> None:
    chance, tally = random.Random(7), Tally()
    for n in range(int(ASKED or 6)):
        data = tmp_path / str(n)
        ways = [("moment", chance.uniform(0.0, LASTS_S))]
        if n % 3 == 0:
            ways.append((chance.choice(BESIDE + INSIDE), float(chance.randrange(1, 9))))
        ways.append(("never", 0.0))
        tally.add(f"{n}", data, [mortal.live(data, how, when, life) for life, (how, when) in enumerate(ways)])
    counted(f"killed at moments: {tally}")
    assert tally.failed == {}
    assert tally.deaths > int(ASKED or 6) // 2, "most moments lie within a unit's making"


def test_the_orchestrator_may_die_at_every_boundary_of_the_life_after_a_death(
    mortal: Mortal, commits: int, tmp_path: Path, counted: Callable[[str], None]
) -> None:
    chance, tally, boundaries = random.Random(3), Tally(), 0
    for first in chance.sample(range(1, commits), max(2, int(ASKED or 0) // 100)):
        dead, whole = tmp_path / "dead", tmp_path / "whole"
        assert mortal.live(dead, "after", first, 0) == -9
        shutil.copytree(dead, whole)
        tally.add(f"{first}", whole, [-9, mortal.live(whole, "never", 0, 1)])
        more = tally.commits
        boundaries += more
        for second in chance.sample(range(1, more + 1), min(int(ASKED or 4), more)):
            data, side = tmp_path / f"{first}-{second}", (BESIDE + INSIDE)[second % 6]
            shutil.copytree(dead, data)
            codes = [-9, mortal.live(data, side, second, 1), mortal.live(data, "never", 0, 2)]
            assert codes[1] == -9, f"it did not die {side} commit {second} of the life after {first}"
            tally.add(f"{first}, then {second} ({side})", data, codes)
        shutil.rmtree(dead)
    counted(f"killed, and again at one of {boundaries} commits of the life after: {tally}")
    assert tally.failed == {}


def moved(effect: str = "u1/load/1/skill") -> ev.MotionIntended:
    return ev.MotionIntended(effect=effect, motion="m", text="fetch", plan="", duration_s=1.0, preview=())


def seen(verdict: Literal["missing", "cannot_see"], error: str = "") -> ev.CheckEnded:
    measured = cmd.Measured(verdict=verdict)
    return ev.CheckEnded(unit="u1", step="load", attempt=1, effect="u1/load/1/look1", measured=measured, error=error)


LOST = ev.SkillEnded(unit="u1", step="load", attempt=1, effect="u1/load/1/skill", outcome="failed", code="interrupted")
DIED = ev.CellRestarted(state=CellState.HELD)
ALLOWED = ev.Acknowledged(by="me")
AGAIN = ["'fetch' of load again, and nobody looked"]


@pytest.mark.parametrize(
    ("then", "noticed"),
    [
        pytest.param([LOST, ALLOWED], AGAIN, id="nobody looked"),
        pytest.param([ALLOWED], AGAIN, id="nor was it called interrupted"),
        pytest.param([LOST, seen("cannot_see"), ALLOWED], AGAIN, id="a camera that cannot see"),
        pytest.param([LOST, seen("missing", error="it broke off"), ALLOWED], AGAIN, id="a look that was broken off"),
        pytest.param([LOST, seen("missing"), ALLOWED], [], id="a look"),
        pytest.param([LOST, seen("missing")], ["'fetch' after a death without a person's word"], id="not allowed"),
    ],
)
def test_a_motion_that_nobody_looked_before_would_be_noticed(then: list[Event], noticed: list[str]) -> None:
    """The referee itself: as an author's ladder `interrupted: [retry]` that is followed blindly would write it."""
    failed = ev.StepFailed(unit="u1", step="load", attempt=1, code="interrupted", message="", answer="retry", rung=1)
    assert list(blind([moved(), DIED, *then, failed, moved("u1/load/2/skill")])) == noticed


def test_a_lost_and_a_doubled_command_would_be_noticed() -> None:
    kept = [Recorded(n, Entry(0.0, "acknowledged", "", b"{}", name), "") for n, name in enumerate("aabcb", start=1)]
    assert list(untrue(kept, {"a": True, "d": True, "c": False, "e": False})) == [
        "d was granted and is lost",
        "c was refused and had an effect",
        "b had its effect 2 times",
    ]


def test_an_acknowledgement_that_came_second_is_not_lost_and_one_that_came_first_is() -> None:
    kept = [Recorded(n, Entry(0.0, "acknowledged", "", b"{}", "another"), "") for n in (3,)]
    assert list(untrue(kept, {"second": True, "first": True}, {"second": 2, "first": 3})) == [
        "first was granted and is lost"
    ]
