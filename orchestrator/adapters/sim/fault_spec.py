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
_EVENTS = {kind.model_fields["type"].default: kind for kind in get_args(get_args(Event)[0])}
Seconds = Annotated[float, Field(ge=0, le=86_400)]
_TRIGGER = ("at_s", "on", "motion", "step", "nth", "after_s")
USES: dict[FaultName, tuple[str, ...]] = {
    "dropped_part": (),
    "empty_bin": ("bin",),
    "misplaced_part": ("part", "by_mm"),
    "lying_gripper": ("says", "lasts_s"),
    "protective_stop": (),
    "emergency_stop": (),
    "silent_controller": ("deaf",),
    "camera_blackout": ("camera", "lasts_s"),
    "stale_safety": ("lasts_s",),
    "slow_network": ("delay_s", "lasts_s"),
    "device": ("device", "does", "times"),
}  # the keys of each fault beside those of its trigger
_NEEDS: dict[FaultName, tuple[str, ...]] = {
    "empty_bin": ("bin",),
    "misplaced_part": ("part",),
    "device": ("device", "does"),
}


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
        if self.on and self.on not in _EVENTS:
            raise wrong(f"There is no event '{self.on}'.", known("event", self.on, _EVENTS).remedy)
        self._refuse_idle_keys()
        for name in _NEEDS.get(self.fault, ()):
            if not getattr(self, name):
                raise wrong(f"{self.fault} needs the key '{name}'.", "Add it; tests/README.md lists the keys.")
        return self

    def _refuse_idle_keys(self) -> None:
        """Raise for a key that was written and would change nothing."""
        written = [name for name in type(self).model_fields if name in self.model_fields_set]
        for name in written:
            if name not in {"fault", *_TRIGGER, *USES[self.fault]}:
                used = ", ".join(USES[self.fault]) or "none"
                raise wrong(
                    f"{self.fault} does not use the key '{name}'.",
                    f"Take it out. Its own keys: {used}; those of its trigger: {', '.join(_TRIGGER)}.",
                )
        if "step" in written and not self.on:
            raise wrong(
                "The key 'step' is of use with 'on' alone.", "Add on: and the type of an event, or take it out."
            )
        if self.step and "step" not in _EVENTS[self.on].model_fields:
            raise wrong(f"The event {self.on} belongs to no step.", "Take the key 'step' out.")
        for name in ("nth", "after_s"):
            if name in written and not self.on and not self.motion:
                raise wrong(
                    f"The key '{name}' is of use with 'on' or 'motion' alone.", "Add one of them, or take it out."
                )

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
