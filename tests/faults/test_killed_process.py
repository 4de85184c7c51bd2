"""The real process with its vision, journal and server, killed by `kill -9` again and again: the unit is finished.

TANDEM_FAULTS sets how often it is killed (default 2; at most 500, as in a soak: an hour and a half).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.journal_file import verified
from orchestrator.core import events as ev
from orchestrator.core.events import decode
from tests.faults.killed_demo import ROOT, Kill, Unit
from tests.faults.referee import blind, untrue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.core.events import Event

KILLS = min(500, int(os.environ.get("TANDEM_FAULTS", "2")))
A_UNIT = 8  # kills, then it is left to finish
WORKS_S = 12.0  # s of the wall after it serves, within which it is killed: a unit takes three times as long


def wrong(unit: Unit) -> tuple[list[Event], list[str]]:
    """Return what is in the journal of a finished unit, and what is wrong with it."""
    file = unit.data / "journal.db"
    verify = [sys.executable, "-m", "orchestrator", "journal", "verify", str(file)]
    said = subprocess.run(verify, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    out = [] if said.returncode == 0 else [said.stdout + said.stderr]
    recorded = list(verified(file))
    events = [decode(at.entry.payload, at.seq) for at in recorded]
    out += untrue(recorded, unit.person.answers, unit.person.acknowledging)
    for at in recorded:
        if unit.person.told.get(at.seq, (at.entry.type, at.sha256)) != (at.entry.type, at.sha256):
            out.append(f"event {at.seq} was told as another")
    out += [f"event {seq} was told and is lost" for seq in unit.person.told if seq > len(recorded)]
    ended = [event.state for event in events if isinstance(event, ev.UnitEnded)]
    if ended != ["done"]:
        out.append(f"its unit ended as {ended}")
    return events, [*out, *blind(events)]


@pytest.mark.slow
def test_the_real_process_may_be_killed_again_and_again(tmp_path: Path, counted: Callable[[str], None]) -> None:
    chance = random.Random(11)
    units: list[Unit] = []
    events: list[Event] = []
    failed: dict[int, list[str]] = {}
    left = KILLS
    while left > 0:
        units.append(unit := Unit(tmp_path / str(len(units))))
        while not unit.done:
            kill = None
            if left > 0 and len(unit.deaths) < A_UNIT:
                up = len(unit.deaths) % 3 == 1
                kill = Kill("start", chance.random()) if up else Kill("work", chance.uniform(0.0, WORKS_S))
            before = len(unit.deaths)
            unit.live(kill)
            left -= len(unit.deaths) - before
        happened, what = wrong(unit)
        events += happened
        if what:
            failed[len(units)] = what
    deaths = [death for unit in units for death in unit.deaths]
    granted = sum(sum(unit.person.answers.values()) for unit in units)
    counted(
        f"the real process was killed {len(deaths)} times ({deaths.count('start')} while it came up) over "
        f"{len(units)} units: {granted} commands of a person granted, each once in the journal; "
        f"{sum(len(unit.person.told) for unit in units)} events told, each kept; "
        f"{sum(isinstance(event, ev.MotionIntended) for event in events)} motions, none of them blind; "
        f"{len(failed)} units not finished or not honest"
    )
    assert failed == {}
