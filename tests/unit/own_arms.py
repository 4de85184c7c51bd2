"""Arms for tests, read from the URDF files in `arms/` as a cell file would name them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.urdf_arm import load_arm
from orchestrator.core.cell import RobotSpec

if TYPE_CHECKING:
    from orchestrator.adapters.sim.arm import ArmModel

ARMS = Path(__file__).parent / "arms"
HOME = {
    "ur5e": [0, -90, 90, -90, -90, 0],
    "six_axis": [120, 10, 80, 0, 90, 0],
    "seven_axis": [150, 30, 0, -90, 0, 60, 0],
}


def spec(name: str, **more: object) -> RobotSpec:
    return RobotSpec.model_validate({"model": f"{name}.urdf", "payload_kg": 5, "home_deg": HOME[name], **more})


@functools.cache
def own_arm(name: str) -> ArmModel:
    return load_arm(ARMS / f"{name}.urdf", spec(name))
