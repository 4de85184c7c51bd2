"""A scenario file: what is built in which cell, by what kind of worker, what goes wrong, and how it should end."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from orchestrator.adapters.sim.fault_spec import FAULT_NAMES, FaultSpec
from orchestrator.adapters.sim.worker import Habits
from orchestrator.core.errors import AuthoringError
from orchestrator.core.variant import Frozen
from orchestrator.engine.reading import read_model
from orchestrator.engine.yaml_source import read_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Share = Annotated[float, Field(ge=0, le=1)]
End = Literal["done", "scrapped", "question"]


class WorkerSpec(Frozen):
    """How the simulated worker works: shares of placements that slip, of steps with a call for help or an absence."""

    slips: Share = 0.0
    help: Share = 0.0
    away: Share = 0.0

    @property
    def habits(self) -> Habits:
        """The same, for the worker, who sees to the cell too."""
        return Habits(slips=self.slips, help=self.help, away=self.away, tends=True)


class Expect(Frozen):
    """How a run should end: every unit so, with a reason that holds these words, and these faults having struck."""

    ends: tuple[End, ...] = ("done", "scrapped", "question")
    reason: str = ""
    struck: bool = True  # every fault must have struck, else the scenario tests nothing


class Scenario(Frozen):
    """One scenario. The seed decides everything that is random in it."""

    cell: str = "demo"
    product: str = "gear_reducer"
    options: dict[str, Any] = Field(default_factory=dict)
    units: Annotated[int, Field(ge=1, le=1000)] = 1
    seed: int = 1
    worker: WorkerSpec = WorkerSpec()
    faults: tuple[FaultSpec, ...] = ()
    expect: Expect = Expect()


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises AuthoringError, naming each mistake with its line and remedy."""
    scenario, problems = read_model(read_source(path), Scenario)
    if scenario is None or problems:
        raise AuthoringError(problems)
    return scenario


# ---- scenarios by chance ---------------------------------------------------------------------------------------

_MOST = 3  # faults of one random scenario


def random_scenario(seed: int, base: Scenario, motions: Sequence[str], bins: Sequence[str]) -> Scenario:
    """Return a scenario drawn by a seed: up to three faults at random moments, and a worker with random habits.

    `motions` are names of motions that the product needs, `bins` those that the robot takes from.
    """
    chance = random.Random(f"scenario {seed}")
    worker = WorkerSpec(
        slips=chance.choice((0.0, 0.1, 0.3)), help=chance.choice((0.0, 0.1)), away=chance.choice((0.0, 0.1))
    )
    faults = tuple(_random_fault(chance, motions, bins) for _ in range(chance.randint(0, _MOST)))
    return base.model_copy(update={"seed": seed, "worker": worker, "faults": faults, "expect": Expect(struck=False)})


def _random_fault(chance: random.Random, motions: Sequence[str], bins: Sequence[str]) -> FaultSpec:
    name = chance.choice(FAULT_NAMES)
    what: dict[str, Any] = {"fault": name}
    brought = [motion for motion in motions if motion.startswith("bring ") and "driver" not in motion]
    kinds = sorted({motion.removeprefix("bring ").replace(" ", "_") for motion in brought})
    if name in {"dropped_part", "protective_stop", "emergency_stop", "silent_controller"}:
        pool = brought if name == "dropped_part" else motions
        what |= {"motion": chance.choice(pool), "after_s": round(chance.uniform(0.05, 1.0), 2)}
    elif name == "misplaced_part":
        what |= {"part": chance.choice(kinds), "on": chance.choice(("check_requested", "step_started", "step_done"))}
        away, way = chance.choice((1.8, 2.0, 2.5, 4.0, 6.0)), chance.uniform(0.0, 2 * math.pi)
        what |= {"by_mm": (round(away * math.cos(way), 2), round(away * math.sin(way), 2), 0.0)}
        what |= {"nth": chance.randint(1, 4)}
        what |= {"after_s": chance.choice((0.0, 0.0, round(chance.uniform(1.0, 30.0), 1)))}
    elif name == "empty_bin":
        what |= {"bin": chance.choice(bins), "at_s": round(chance.uniform(0, 40), 1)}
    elif name == "device":
        what |= {"device": "driver", "does": chance.choice(("offline", "slips", "cross_threaded", "stripped"))}
        what |= {"times": chance.randint(1, 3)}
    else:
        what |= {"at_s": round(chance.uniform(0, 60), 1), "lasts_s": round(chance.uniform(1, 60), 1)}
    if name == "lying_gripper":
        what["says"] = chance.random() < 0.5
    if name == "silent_controller":
        what["deaf"] = chance.random() < 0.3
    return FaultSpec.model_validate(what)
