"""Faults by name: what goes wrong in the true cell, and when. The ledger learns of none of it but through the ports."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import known
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Safety

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orchestrator.adapters.camera_sim import SimCamera
    from orchestrator.adapters.devices_sim import SimDevices
    from orchestrator.adapters.robot_sim import SimRobot
    from orchestrator.adapters.sim.fault_spec import FaultSpec
    from orchestrator.adapters.sim.premises import Premises
    from orchestrator.adapters.sim.world import World
    from orchestrator.core.state import State
    from orchestrator.core.variant import Variant
    from orchestrator.engine.bus import Bus, Fresh

LASTS_S = 20.0  # how long what passes by itself goes on, unless told otherwise


@dataclass(frozen=True)
class Hardware:
    """What faults may touch: the true world and the adapters of one embedded cell."""

    world: World
    robot: SimRobot
    cameras: Mapping[str, SimCamera]
    devices: SimDevices


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that struck: its name, when (s since the start), and what it did."""

    fault: str
    t_s: float
    what: str


class Faults:
    """Arms faults on the event loop's clock and a cell's bus. Everything that chance decides comes from the seed."""

    def __init__(self, specs: Sequence[FaultSpec], hardware: Hardware, premises: Premises, *, seed: int) -> None:
        self.struck: list[Struck] = []
        self._blows: list[tuple[FaultSpec, Struck]] = []
        self.delay_s = 0.0  # of the network now, at most
        self._specs = tuple(specs)
        self._hardware = hardware
        self._premises = premises
        self._random = random.Random(f"{seed}/faults")
        self._seen: set[str] = set()  # the names of the motions so far
        self._left = [spec.nth for spec in self._specs]
        self._timers: list[asyncio.TimerHandle] = []
        self._began_s = 0.0
        self._leave: Callable[[], None] = lambda: None

    def fit(self, variant: Variant) -> None:
        """Check what is named of a product. Raises NotFound for a kind of part or a step that the variant lacks."""
        for spec in self._specs:
            if spec.part and spec.part not in variant.parts:
                raise known("part", spec.part, variant.parts)
            if spec.step and spec.step not in variant.by_id:
                raise known("step", spec.step, variant.by_id)

    def arm(self, bus: Bus) -> None:
        """Begin to wait for the triggers. Raises NotFound for a bin, camera or device that the cell does not have."""
        self._check()
        self._began_s = asyncio.get_running_loop().time()
        self._leave = bus.join(self._observe)
        for spec in self._specs:
            if not spec.on and not spec.motion:
                self._later(spec.at_s or 0.0, spec)

    def close(self) -> None:
        """Wait for nothing any more. What is broken stays so."""
        self._leave()
        for timer in self._timers:
            timer.cancel()

    def network_s(self) -> float:
        """Return how late (s) the next message is."""
        return round(self._random.uniform(0.2, 1.0) * self.delay_s, 3) if self.delay_s else 0.0

    def unstruck(self) -> tuple[str, ...]:
        """Return the faults that never struck, with their triggers, and those that found nothing to strike."""
        waiting = list(self._specs)
        for spec, struck in self._blows:
            waiting.remove(spec)
            if struck.what.startswith("nothing"):
                waiting.append(spec)
        return tuple(f"{spec.fault} ({spec.trigger}{self._nearest(spec)})" for spec in waiting)

    def _nearest(self, spec: FaultSpec) -> str:
        """The motion whose name is the nearest to one that never came, "" where it came or none did."""
        if not spec.motion or spec.motion in self._seen or not self._seen:
            return ""
        (near,) = get_close_matches(spec.motion, sorted(self._seen), n=1, cutoff=0.0)
        return f"; the nearest motion that came is '{near}'"

    # ---- when --------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        hardware = self._hardware
        bins = {body.source for body in hardware.world if body.source}
        for spec in self._specs:
            if spec.fault == "empty_bin" and spec.bin not in bins:
                raise known("bin with slots", spec.bin, bins)
            if spec.camera and spec.camera not in hardware.cameras:
                raise known("camera", spec.camera, hardware.cameras)
            if spec.fault == "device":
                hardware.devices.set_fault(spec.device, spec.does, times=spec.times)  # refuses what it does not know
                hardware.devices.clear_fault(spec.device)

    def _observe(self, _before: State, _after: State, events: Sequence[Fresh]) -> None:
        for item in events:
            if item.event.type == "motion_intended":
                self._seen.add(item.event.text)
            for number, spec in enumerate(self._specs):
                if self._left[number] and _matches(spec, item.event):
                    self._left[number] -= 1
                    if not self._left[number]:
                        self._later(spec.after_s, spec)

    def _later(self, in_s: float, spec: FaultSpec) -> None:
        if in_s <= 0:  # at once: before whoever reacts to the same event
            self._strike(spec)
            return
        self._timers.append(asyncio.get_running_loop().call_later(in_s, self._strike, spec))

    # ---- what --------------------------------------------------------------------------------------------------

    def _strike(self, spec: FaultSpec) -> None:
        blow: Callable[[FaultSpec], str] = getattr(self, f"_{spec.fault}")
        what = blow(spec)
        now_s = asyncio.get_running_loop().time() - self._began_s
        struck = Struck(spec.fault, round(now_s, 3), what)
        self.struck.append(struck)
        self._blows.append((spec, struck))

    def _dropped_part(self, _spec: FaultSpec) -> str:
        held = self._hardware.world.held
        if held is None:
            return "nothing: the gripper was empty"
        self._hardware.world.release()
        self._hardware.world.fall(held)
        return f"{held} fell out of the gripper"

    def _empty_bin(self, spec: FaultSpec) -> str:
        world = self._hardware.world
        gone = [body.id for body in world if body.source == spec.bin]
        for body in gone:
            world.remove(body)
        return f"{len(gone)} pieces were gone from {spec.bin}"

    def _misplaced_part(self, spec: FaultSpec) -> str:
        world = self._hardware.world
        bodies = [b for b in world if b.kind == spec.part and not b.source and b.id in world.visible()]
        bodies = [b for b in bodies if b.id != world.held]
        if not bodies:
            return f"nothing: no {spec.part} stood in the cell"
        x, y, z = spec.by_mm or self._sideways()
        world.displace(bodies[-1].id, Pose((x / 1000, y / 1000, z / 1000)))
        return f"{bodies[-1].id} was knocked by ({x:g}, {y:g}, {z:g}) mm"

    def _lying_gripper(self, spec: FaultSpec) -> str:
        self._hardware.robot.quirks.holding = spec.says
        self._over(spec, self._honest_gripper)
        return f"the gripper says {'held' if spec.says else 'empty'}, whatever it holds"

    def _protective_stop(self, _spec: FaultSpec) -> str:
        if self._hardware.robot.safety.value == Safety.EMERGENCY_STOP:
            return "nothing: the emergency stop was pressed"
        self._hardware.robot.trip(Safety.PROTECTIVE_STOP)
        return "the robot went into a protective stop"

    def _emergency_stop(self, _spec: FaultSpec) -> str:
        self._hardware.robot.trip(Safety.EMERGENCY_STOP)
        self._premises.broke("emergency stop", lambda: self._hardware.robot.trip(Safety.NORMAL))
        return "the emergency stop was pressed"

    def _silent_controller(self, spec: FaultSpec) -> str:
        quirks = self._hardware.robot.quirks
        quirks.silent, quirks.deaf = True, spec.deaf
        self._premises.broke("controller", self._restarted)
        return "the controller answers no motion" + (" and no stop" if spec.deaf else "")

    def _camera_blackout(self, spec: FaultSpec) -> str:
        names = (spec.camera,) if spec.camera else tuple(self._hardware.cameras)
        for name in names:
            self._hardware.cameras[name].blacked_out = True
        self._over(spec, lambda: self._see(names))
        return f"no picture of {', '.join(names)}"

    def _stale_safety(self, spec: FaultSpec) -> str:
        self._hardware.robot.quirks.stale = True
        self._over(spec, self._fresh)
        return "the robot's readings ceased"

    def _slow_network(self, spec: FaultSpec) -> str:
        self.delay_s = spec.delay_s
        self._over(spec, self._quick)
        return f"messages are up to {spec.delay_s:g} s late"

    def _device(self, spec: FaultSpec) -> str:
        self._hardware.devices.set_fault(spec.device, spec.does, times=spec.times)
        return f"{spec.device}: {spec.does}"

    # ---- and what ends it --------------------------------------------------------------------------------------

    def _over(self, spec: FaultSpec, mend: Callable[[], None]) -> None:
        lasts_s = LASTS_S if spec.lasts_s is None else spec.lasts_s
        self._timers.append(asyncio.get_running_loop().call_later(lasts_s, mend))

    def _honest_gripper(self) -> None:
        self._hardware.robot.quirks.holding = None

    def _restarted(self) -> None:
        quirks = self._hardware.robot.quirks
        quirks.silent = quirks.deaf = False

    def _see(self, names: tuple[str, ...]) -> None:
        for name in names:
            self._hardware.cameras[name].blacked_out = False

    def _fresh(self) -> None:
        self._hardware.robot.quirks.stale = False

    def _quick(self) -> None:
        self.delay_s = 0.0

    def _sideways(self) -> tuple[float, float, float]:
        angle, far = self._random.uniform(0, math.tau), self._random.uniform(3.0, 8.0)
        return (round(far * math.cos(angle), 3), round(far * math.sin(angle), 3), 0.0)


def _matches(spec: FaultSpec, event: Any) -> bool:
    if spec.motion:
        return bool(event.type == "motion_intended" and event.text == spec.motion)
    if not spec.on or event.type != spec.on:
        return False
    return not spec.step or getattr(event, "step", "") == spec.step
