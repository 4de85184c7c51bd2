"""What each transient cell state waits for, in which order, for how long, and what follows when it waits in vain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.machine import CellState, CellVerb


class Awaited(StrEnum):
    """What a transient state can wait for."""

    SKILLS = "skills"  # whatever moves the robot has ended
    STAND = "stand"  # the robot has answered a stop: the arm stands
    READY = "ready"  # power on, brakes released, program started


@dataclass(frozen=True, slots=True)
class Transient:
    """One row: `waits` in the order in which they are waited for, within `limit_s`, else it `escalates`.

    What stands first is asked of the robot before anything else is waited for. Nothing follows on an abort: it asks
    again and again.
    """

    waits: tuple[Awaited, ...]
    says: str
    limit_s: float = math.inf
    escalates: CellVerb | None = None

    @property
    def then(self) -> str:
        """What follows when the limit has passed, "" where nothing does."""
        return f"After {self.limit_s:g} s it becomes {_BECOMES[self.escalates]}." if self.escalates else ""


_BECOMES = {CellVerb.HOLD: "a hold", CellVerb.STOP: "a stop", CellVerb.ABORT: "an abort"}
S, V, A = CellState, CellVerb, Awaited
READY_S = 90.0  # an arm that starts from cold: power, brakes, program
HALT_S = 8.0  # a skill comes to a stand and ends, then the robot answers a stop
STOP_S = 10.0  # the stop is asked for three times

TRANSIENTS: dict[CellState, Transient] = {
    S.STARTING: Transient((A.READY,), "Starting: waits until the robot is ready.", READY_S, V.ABORT),
    S.HOLDING: Transient((A.SKILLS, A.STAND), "Holding: waits until the arm stands.", HALT_S, V.STOP),
    S.UNHOLDING: Transient((A.READY,), "Going on: waits until the robot is ready.", READY_S, V.ABORT),
    S.SUSPENDING: Transient((A.SKILLS, A.STAND), "Suspending: waits until the arm stands.", HALT_S, V.HOLD),
    S.UNSUSPENDING: Transient((A.READY,), "Going on: waits until the robot is ready.", READY_S, V.ABORT),
    S.STOPPING: Transient((A.STAND, A.SKILLS), "Stopping: waits until the arm stands.", STOP_S, V.ABORT),
    S.ABORTING: Transient((A.STAND, A.SKILLS), "Aborting: asks the robot again and again until the arm stands."),
    S.CLEARING: Transient((), "Clearing: waits for nothing.", STOP_S, V.ABORT),
    S.RESETTING: Transient((), "Resetting: waits for nothing.", STOP_S, V.STOP),
    S.COMPLETING: Transient((A.SKILLS,), "Finishing: waits until the arm's last motion has ended.", READY_S, V.STOP),
}
