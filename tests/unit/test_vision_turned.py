"""A part that lies turned is measured as it lies, within the uncertainty that is claimed for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.vision.render import Solids
from orchestrator.core.geometry import Pose
from tests.depth_scenes import expected, request
from tests.unit.cell_bench import authored
from tests.unit.test_vision_displaced import NEST, checked, seen

if TYPE_CHECKING:
    from pathlib import Path

TURNS_DEG = (-12, -7, 5, 10)
SEEDS = range(3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authored(tmp_path_factory.mktemp("authored"))


@pytest.mark.parametrize("name", ["base", "cap"])
def test_a_turn_is_measured_within_its_uncertainty(folder: Path, name: str) -> None:
    solids = Solids(folder, threads=1)
    part = expected("part", NEST, part=f"stack/{name}")
    errors, shares = {}, []
    for seed in SEEDS:
        for turn in TURNS_DEG:
            truth = part.pose @ Pose.from_rpy((0, 0, 0), (0, 0, math.radians(turn)))
            check = checked(request(part), seen(folder, part.mesh, truth, seed), solids)
            assert check.verdict == "displaced", (seed, turn, check)
            assert check.deviation is not None
            found = math.degrees(check.deviation.rot_rad[2])
            errors[seed, turn] = (found - turn + 45) % 90 - 45  # both are square
            shares.append(math.radians(errors[seed, turn]) / check.uncertainty_rad[2])
    assert max(abs(error) for error in errors.values()) < 1.5, errors
    assert float(np.sqrt(np.mean(np.square(shares)))) < 2, shares
