"""What a camera has left unknown of a place when it measured it, and where that counts when it looks again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orchestrator.core import commands as cmd
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import CheckRequest, Expected, Intrinsics, Shot
from orchestrator.engine.looked_for import seen_by
from tests.unit.core_builders import Bench, cell, step, variant

if TYPE_CHECKING:
    from orchestrator.core.state import State
    from orchestrator.core.world import Sighting

LOAD = step("load", part="body", at="nest", by="robot")
PIN = step("pin", ["load"], part="pin", at="body/seat")
LABEL = step("label", ["pin"], at="body/side", check=["person"], by="human")
AT = Pose((0.4, 0.0, 1.0), (0.0, 1.0, 0.0, 0.0))
BY_TOP: dict[str, Any] = {
    "camera": "top",
    "calibration": "c1",
    "camera_at": AT,
    "uncertainty_mm": (0.1, 0.2, 0.3),
    "uncertainty_deg": (0.0573, 0.1146, 0.1719),
}
HANGING = {"at": {"xyz_mm": [400, 0, 1000], "rpy_deg": [180, 0, 0]}, "model": "structured_light"}
CAMERAS = {"top": HANGING, "side": HANGING, "wrist": {**HANGING, "on": "flange"}}
KNOWN = (0.0001, 0.0002, 0.0003, 0.001, 0.002, 0.003)


def built(load: dict[str, Any], pin: dict[str, Any]) -> Bench:
    """A unit whose body and pin cameras have seen, with these words."""
    bench = Bench(cell(cameras=CAMERAS)).running(variant(LOAD, PIN, LABEL))
    for name, said in (("load", load), ("pin", pin)):
        bench.start(name, "robot")
        bench.do(bench.skill(name))
        bench.do(bench.seen(name, **said))
    return bench


def sighting(bench: Bench, part: str) -> Sighting | None:
    fact = bench.state.world.get(f"u1/{part}")
    assert fact is not None
    return fact.sighting


def known(
    state: State, *, camera: str = "top", at: Pose = AT, calibration: str = "c1"
) -> list[tuple[float, ...] | None]:
    """What a look at the pin's place is told of body and pin as its datum, by a picture from there."""
    datum = tuple(Expected(f"u1/{part}", f"{part}.glb", Pose()) for part in ("pin", "body"))
    request = CheckRequest("e", Expected("u1/pin", "pin.glb", Pose()), (), (0.001,) * 3, (0.1,) * 3, datum=datum)
    shot = Shot(camera, np.zeros((1, 1), np.float32), Intrinsics(1, 1, 1.0, 1.0, 0.0, 0.0), at, 0.0)
    return [one.sigma for one in seen_by(request, state, shot, calibration).datum]


def test_a_place_keeps_how_it_was_measured() -> None:
    bench = built(BY_TOP, BY_TOP)
    seen = sighting(bench, "body")
    assert seen is not None
    assert (seen.camera, seen.calibration, seen.camera_at) == ("top", "c1", AT)
    assert (*seen.sigma_m, *seen.sigma_rad) == pytest.approx(KNOWN, abs=1e-6)
    assert known(bench.state) == [pytest.approx(KNOWN, abs=1e-6)] * 2


@pytest.mark.parametrize(
    "load",
    [
        {},  # an older journal, or a vision that does not say
        {**BY_TOP, "taught": True},  # counted from where good units were found, not as the picture has it
        {**BY_TOP, "uncertainty_mm": (0.0, 0.0, 0.0), "uncertainty_deg": (0.0, 0.0, 0.0)},  # never unsure
    ],
)
def test_a_place_that_does_not_tell_what_the_camera_is_off_by_has_no_sighting(load: dict[str, Any]) -> None:
    bench = built(load, BY_TOP)
    assert sighting(bench, "body") is None
    assert sighting(bench, "pin") is None  # what it stands on is not known to this camera
    assert known(bench.state) == [None, None]


def test_a_place_relative_to_a_datum_in_the_same_picture_is_known_whoever_saw_that_first() -> None:
    bench = built({**BY_TOP, "camera": "side"}, {**BY_TOP, "datum": ("u1/body",)})
    assert sighting(bench, "pin") is not None
    assert known(bench.state) == [None, None]  # not to this camera: what it stands on is the other's
    assert known(bench.state, camera="side") == [None, pytest.approx(KNOWN, abs=1e-6)]


@pytest.mark.parametrize(
    "look",
    [
        {"camera": "side"},
        {"camera": "wrist"},
        {"calibration": "c2"},
        {"at": Pose((0.4003, 0.0, 1.0), AT.q)},  # put elsewhere by a board
        {"at": AT @ Pose.from_rpy((0.0, 0.0, 0.0), (0.0005, 0.0, 0.0))},
    ],
)
def test_another_camera_or_one_that_stands_elsewhere_knows_nothing(look: dict[str, Any]) -> None:
    assert known(built(BY_TOP, BY_TOP).state, **look) == [None, None]


def test_a_part_that_was_moved_since_is_not_known_any_more() -> None:
    bench = built(BY_TOP, BY_TOP)
    bench.do(cmd.ReportPart(effect="e", part="u1/pin", kind="pin", what="placed", to="place:front"))
    assert sighting(bench, "pin") is None
    assert sighting(bench, "body") is not None
