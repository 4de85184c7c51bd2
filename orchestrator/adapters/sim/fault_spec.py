"""What a scenario says of a fault: its name, when it strikes, and the keys that it uses."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from orchestrator.core.errors import known
from orchestrator.core.events import Event
from orchestrator.core.parts import wrong
from orchestrator.core.variant import Frozen

FaultName = Literal[
    "dropped_part",
    "empty_bin",
    "misplaced_part",
    "lying_gripper",
    "protective_stop",
    "emergency_stop",
    "silent_controller",
    "camera_blackout",
    "stale_safety",
    "slow_network",
    "device",
]
FAULT_NAMES: tuple[str, ...] = get_args(FaultName)
EVENT_TYPES = frozenset(kind.model_fields["type"].default for kind in get_args(get_args(Event)[0]))
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class FaultSpec(Frozen):
    """One fault: its name, when it strikes, what it strikes, and how long it lasts.

    It strikes `at_s` seconds after the start; or `after_s` after the `nth` motion whose name is `motion`, or the
    `nth` event of the type `on` (of the step `step`, where one is named).
    """

    fault: FaultName
    at_s: Seconds | None = None
    on: str = ""
    motion: str = ""
    step: str = ""
    nth: Annotated[int, Field(ge=1)] = 1
    after_s: Seconds = 0.0
    lasts_s: Seconds | None = None
    bin: str = ""  # empty_bin: which
    part: str = ""  # misplaced_part: the kind that is knocked
    by_mm: tuple[float, float, float] | None = None  # misplaced_part: how far; else 3 to 8 mm to a side by the seed
    camera: str = ""  # camera_blackout: which; else every one
    says: bool = True  # lying_gripper: what its sensor says
    deaf: bool = False  # silent_controller: a stop is not answered either
    delay_s: Seconds = 3.0  # slow_network: how late each message is at most
    device: str = ""  # device: which
    does: str = ""  # device: the device's own name of the fault
    times: Annotated[int, Field(ge=1)] = 1  # device: for how many uses

    @model_validator(mode="after")
    def _whole(self) -> FaultSpec:
        triggers = [name for name in ("at_s", "on", "motion") if getattr(self, name) not in (None, "")]
        if len(triggers) > 1:
            raise wrong(f"A fault has one trigger, not {' and '.join(triggers)}.", "Keep at_s, on or motion.")
        if self.on and self.on not in EVENT_TYPES:
            raise wrong(f"There is no event '{self.on}'.", known("event", self.on, EVENT_TYPES).remedy)
        needs = {"empty_bin": ("bin",), "misplaced_part": ("part",), "device": ("device", "does")}
        for name in needs.get(self.fault, ()):
            if not getattr(self, name):
                raise wrong(f"{self.fault} needs the key '{name}'.", "Add it; tests/README.md lists the keys.")
        return self

    @property
    def trigger(self) -> str:
        """When it strikes, in words."""
        if self.motion:
            what = f"'{self.motion}'"
        elif self.on:
            what = f"{self.on} {self.step}".rstrip()
        else:
            return f"at {self.at_s or 0.0:g} s"
        return f"{self.after_s:g} s after {what}" + (f" no. {self.nth}" if self.nth > 1 else "")
