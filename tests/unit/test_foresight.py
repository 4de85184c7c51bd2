"""What `tandem check` reckons a camera to tell, beside what the camera's judge claims of real pictures."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.camera_sim import SimCamera, setup_of
from orchestrator.adapters.clock_wall import WallClock
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.vision import align, hypotheses
from orchestrator.adapters.vision.judge import judge
from orchestrator.adapters.vision.render import BESIDE_M, Solids
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.adapters.vision.study import cut
from orchestrator.app import shared
from orchestrator.core.camera import NOISE
from orchestrator.core.ports import Mesh
from orchestrator.engine import appearance, foresight
from orchestrator.engine.appearance import Eye
from orchestrator.engine.eyes import Eyes
from orchestrator.engine.foresight import foresee
from orchestrator.engine.library import Library
from orchestrator.engine.mesh import MeshShelf
from orchestrator.engine.nominal import UNIT, Nobody, as_checked, nominal

if TYPE_CHECKING:
    from orchestrator.core.ports import CheckRequest, Expected
    from orchestrator.engine.mesh import MeshFacts

PARTS, CELL = shared("instructions"), shared("launch") / "cells" / "demo.yaml"
SHELF, SOLIDS = MeshShelf(), Solids(PARTS)
SHOTS = 5


def mesh(path: str) -> MeshFacts:
    return SHELF.read(PARTS / path)


@dataclass(frozen=True)
class Look:
    """A request of the shipped product, and which camera answers it."""

    step: str
    camera: str
    request: CheckRequest


def looks(ratio: int, steps: tuple[str, ...], *, datum: bool) -> list[Look]:
    library = Library(PARTS, CELL)
    assert library.cell is not None
    variant = library.variant("gear_reducer", {"ratio": ratio, "cover": "blind", "plate": "en"})
    eyes = Eyes(dict.fromkeys(library.cell.fixed_cameras, Nobody()), Nobody(), library.kinds)
    out = []
    for name in steps:
        step = variant.by_id[name]
        state = as_checked(nominal(variant, step, library.cell), variant, step)
        request = eyes.request(state, UNIT, step)
        camera = eyes.looking(state, request.part.pose)[0]
        out.append(Look(name, camera, request if datum else dataclasses.replace(request, datum=())))
    return out


def claimed(look: Look) -> np.ndarray:
    """Return the median of what the judge claims of some pictures, mm and degrees."""
    cell = Library(PARTS, CELL).cell
    assert cell is not None
    setup = setup_of(cell, look.camera)
    world = World(MeshStore(PARTS))
    for thing in (*look.request.around, look.request.part):
        world.add(thing.id, Mesh(thing.mesh), thing.pose)
    camera = SimCamera(setup, world, WallClock(), robot=None, seed=3)
    settings = dataclasses.replace(VisionSettings(), noise_m=setup.noise.sigma_m)
    request = dataclasses.replace(look.request, datum=measured_before(look))
    rows = []
    for _ in range(SHOTS):
        crop = cut(asyncio.run(camera.shoot()), look.request.part, SOLIDS, BESIDE_M)
        check = judge(request, crop, SOLIDS, settings).check
        if check.deviation is not None:
            rows.append([*check.uncertainty_m, *check.uncertainty_rad])
    return np.median(rows, axis=0)


def measured_before(look: Look) -> tuple[Expected, ...]:
    """Return each datum of a look with what the judge claims of it from a picture without what stands on it."""
    out = []
    for place, datum in enumerate(look.request.datum):
        below = look.request.datum[place + 1 :]
        request = dataclasses.replace(look.request, part=datum, around=below, datum=below, look_alikes=())
        first = claimed(Look(look.step, look.camera, request))
        out.append(dataclasses.replace(datum, sigma=tuple(float(sigma) for sigma in first)))
    return tuple(out)


def reckoned(look: Look, **changed: object) -> foresight.Sight:
    cell = Library(PARTS, CELL).cell
    assert cell is not None
    camera = cell.cameras[look.camera]
    eye = Eye(camera.at, camera.intrinsics, NOISE[camera.model])
    before = frozenset(datum.id for datum in look.request.datum)
    found = foresee(look.request, dataclasses.replace(eye, **changed), mesh, before)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize("datum", [False, True], ids=["alone", "with its datum"])
def test_what_is_reckoned_is_what_the_judge_claims(datum: bool) -> None:
    steps = {5: ("load", "shaft", "bearing", "fit_shaft", "pinion", "cover", "screws@1"), 10: ("fit_shaft", "pinion")}
    scale = np.array([1000.0] * 3 + [math.degrees(1)] * 3)
    print(f"\n{'step':>16}  judge's sigma, reckoned, ratio: x y z (mm), about x y z (degrees)")
    for ratio, names in steps.items():
        for look in looks(ratio, names, datum=datum):
            found = reckoned(look)
            judged = [axis for axis in range(6) if found.told[axis]]
            claim, own = claimed(look) * scale, np.array(found.sigma) * scale
            shares = (own / claim)[judged]
            print(
                f"{look.step + ' ' + str(ratio):>16}  {claim[judged].round(3)} {own[judged].round(3)} {shares.round(2)}"
            )
            assert (shares > 0.5).all(), (look.step, ratio)
            assert (shares < 2.5).all(), (look.step, ratio)  # rather too careful than too sure


def test_farther_off_and_noisier_is_less_sure() -> None:
    (look,) = looks(5, ("load",), datum=False)
    here = reckoned(look)
    cell = Library(PARTS, CELL).cell
    assert cell is not None
    pose = cell.cameras[look.camera].at
    away = reckoned(look, pose=dataclasses.replace(pose, p=(pose.p[0], pose.p[1], 1.8)))
    noisy = reckoned(look, noise=NOISE["stereo"])
    assert away.distance_m == pytest.approx(math.hypot(0.15, 1.78), abs=0.01)
    for worse in (away, noisy):
        assert all(a < b for a, b in zip(here.sigma, worse.sigma, strict=True))


def test_a_datum_takes_the_calibrations_error_out() -> None:
    (bare,), (held,) = (looks(5, ("fit_shaft",), datum=datum) for datum in (False, True))
    alone, relative = reckoned(bare), reckoned(held)
    assert alone.datum == ()
    assert relative.datum == ("u1/housing",)
    assert min(alone.off[:2]) > 0.0003
    assert relative.off == (0.0,) * 6
    for axis in (0, 1):
        assert relative.sigma[axis] > alone.sigma[axis]
        assert relative.sigma[axis] < math.hypot(alone.sigma[axis], alone.off[axis])


def test_what_a_part_is_the_same_at_is_not_told() -> None:
    for look in looks(5, ("shaft", "screws@1"), datum=False):
        assert reckoned(look).told == (True,) * 5 + (False,)


def test_a_part_below_another_is_blind() -> None:
    (look,) = looks(5, ("fit_shaft",), datum=False)
    assert not reckoned(look).blind
    (cover,) = looks(5, ("cover",), datum=False)
    hidden = dataclasses.replace(look, request=dataclasses.replace(look.request, around=(cover.request.part,)))
    found = reckoned(hidden)
    assert found.blind
    assert found.visible < 0.05


def test_what_tells_a_part_from_its_look_alike_counts_where_it_is_seen() -> None:
    (look,) = looks(5, ("fit_shaft",), datum=True)
    seen = reckoned(look)
    assert seen.telling["gear_shaft_10"] > 100
    assert seen.alike == ()
    (cover,) = looks(5, ("cover",), datum=False)
    around = (*look.request.around, dataclasses.replace(cover.request.part, id="lid"))
    below = dataclasses.replace(look, request=dataclasses.replace(look.request, around=around))
    assert reckoned(below).alike == ("gear_shaft_10",)
    blurred = reckoned(look, noise=dataclasses.replace(NOISE["stereo"], sigma_m=0.1))
    assert blurred.alike == ("gear_shaft_10",)


def test_a_hidden_datum_that_another_camera_measured_leaves_the_calibrations_error_in() -> None:
    (look,) = looks(5, ("cover",), datum=True)
    cell = Library(PARTS, CELL).cell
    assert cell is not None
    camera = cell.cameras[look.camera]
    eye = Eye(camera.at, camera.intrinsics, NOISE[camera.model])
    by_it, by_another = foresee(look.request, eye, mesh, frozenset({"u1/housing"})), foresee(look.request, eye, mesh)
    assert by_it is not None
    assert by_another is not None
    assert (by_it.datum, by_it.hidden, by_it.known) == ((), ("u1/housing",), True)
    assert (by_another.hidden, by_another.known) == (("u1/housing",), False)
    assert by_it.sigma[0] < 0.0003
    assert by_another.sigma[0] > 0.0008  # 0.05 degrees at 1 m


def test_nothing_behind_the_camera_is_reckoned() -> None:
    (look,) = looks(5, ("load",), datum=False)
    cell = Library(PARTS, CELL).cell
    assert cell is not None
    camera = cell.cameras[look.camera]
    below = dataclasses.replace(camera.at, p=(0.45, 0.0, -0.2))
    assert foresee(look.request, Eye(below, camera.intrinsics, NOISE[camera.model]), mesh) is None


def test_the_numbers_are_the_judges_own() -> None:
    own = VisionSettings()
    assert (
        own.guard,
        own.slack_m,
        own.inflate,
        own.inflate_grain,
    ) == (foresight.GUARD, appearance.SLACK_M, foresight.INFLATE, foresight.INFLATE_GRAIN)
    assert (own.floor_pixels, own.floor_m, own.floor_rad) == (
        foresight.FLOOR_PIXELS,
        foresight.FLOOR_M,
        foresight.FLOOR_RAD,
    )
    assert (own.extrinsic_m, own.extrinsic_rad) == (foresight.EXTRINSIC_M, foresight.EXTRINSIC_RAD)
    assert (own.margin_m, BESIDE_M) == (foresight.MARGIN_M, foresight.BESIDE_M)
    assert (
        own.least_pixels,
        own.least_visible,
        own.least_shown,
    ) == (foresight.LEAST_PIXELS, foresight.LEAST_VISIBLE, foresight.LEAST_SHOWN)
    assert (foresight.PRIOR_M, foresight.KNOWN_M, foresight.OUTLINE_SIGMA) == (
        align.PRIOR_M,
        align.KNOWN_M,
        align.OUTLINE_SIGMA,
    )
    assert (foresight.BAND_PIXELS, foresight.INNER_PIXELS) == (align.BAND_PIXELS, align.INNER_PIXELS)
    assert (own.cut_sigma, hypotheses.LEAST_DIFFERENT, hypotheses.CLEAR_RATIO) == (
        foresight.CUT_SIGMA,
        foresight.LEAST_DIFFERENT,
        foresight.LEAST_TELLING,
    )
    assert ((appearance.FINE_PIXELS, appearance.CLIP_M), appearance.FINE_M) == (align.FINE, align.FINE_M)
