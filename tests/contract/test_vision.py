"""What every `Vision` promises; held here by Open3D in its process."""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import Pose
from tests.contract.vision_hold import Hold
from tests.depth_scenes import PLACE, Photographer, expected, moved, request, write_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestrator.core.ports import Check, CheckRequest, Expected, Shot

TABLE = expected("table", Pose((0.45, 0.0, 0.05)))
POT = expected("pot", PLACE)
SEAT = PLACE.shifted(z=0.03)
RING = expected("ring", SEAT, 0, part="ring_47")
SMALL_RING = expected("small_ring", SEAT, 0, part="ring_42")
BRACKET = expected("bracket", PLACE)
PLATE = expected("plate", PLACE)
SCREWS = [
    expected(f"screw{i}", PLACE @ Pose((x, y, 0.006)), 0, part="screw")
    for i, (x, y) in enumerate([(0.038, 0.023), (-0.038, 0.023), (-0.038, -0.023), (0.038, -0.023)])
]
LABEL = expected("label", PLACE @ Pose((0.0, 0.0, 0.006)))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    write_parts(folder)
    return folder


@pytest.fixture(scope="module")
def vision(parts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VisionOpen3D]:
    adapter = VisionOpen3D(parts, evidence=tmp_path_factory.mktemp("evidence"))
    yield adapter
    asyncio.run(adapter.close())


@pytest.fixture
def camera(parts: Path) -> Photographer:
    return Photographer(parts, seed=5)


def check(vision: VisionOpen3D, asked: CheckRequest, shot: Shot) -> Check:
    return asyncio.run(vision.check(asked, shot))


# part, neighbours, tolerance about axes in degrees
KINDS: dict[str, tuple[Expected, list[Expected], float]] = {
    "ring in a pot": (RING, [TABLE, POT], 3),
    "screw in a plate": (SCREWS[0], [TABLE, PLATE, *SCREWS[1:]], 5),
    "bracket": (BRACKET, [TABLE], 3),
    "label 1 mm thick": (LABEL, [TABLE, PLATE], 3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_in_its_place_is_ok(vision: VisionOpen3D, camera: Photographer, kind: str) -> None:
    part, around, deg = KINDS[kind]
    answer = check(vision, request(part, around, within_deg=deg), camera.shoot([*around, part], stamp=7.5))
    assert answer.verdict == "ok", answer.reason
    assert answer.deviation is not None
    assert answer.deviation.distance_m < 0.0004
    assert answer.visible > 0.7
    assert answer.shot_stamp == 7.5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("axis", "mm"), [(0, 2.0), (1, -2.0), (2, 2.0)])
def test_a_displaced_part_is_measured_in_its_own_axes(
    vision: VisionOpen3D, camera: Photographer, kind: str, axis: int, mm: float
) -> None:
    part, around, deg = KINDS[kind]
    shift = [0.0, 0.0, 0.0]
    shift[axis] = mm
    shot = camera.shoot([*around, moved(part, *shift)])
    answer = check(vision, request(part, around, within_deg=deg), shot)
    assert answer.verdict == "displaced", answer.reason
    assert answer.deviation is not None
    assert answer.deviation.xyz_m == pytest.approx([v / 1000 for v in shift], abs=0.0004)
    assert all(0 < sigma < 0.0003 for sigma in answer.uncertainty_m)


def test_a_cocked_ring_is_displaced_about_the_right_axis(vision: VisionOpen3D, camera: Photographer) -> None:
    answer = check(
        vision, request(RING, [TABLE, POT]), camera.shoot([TABLE, POT, moved(RING, z_mm=1, rpy_deg=(6, 0, 0))])
    )
    assert answer.verdict == "displaced"
    assert answer.deviation is not None
    assert np.degrees(answer.deviation.rot_rad) == pytest.approx([6, 0, 0], abs=0.5)


def test_turning_a_part_about_its_symmetry_is_no_deviation(vision: VisionOpen3D, camera: Photographer) -> None:
    shot = camera.shoot([TABLE, POT, moved(RING, rpy_deg=(0, 0, 77))])
    assert check(vision, request(RING, [TABLE, POT]), shot).verdict == "ok"


def test_turning_a_part_without_symmetry_is_a_deviation(vision: VisionOpen3D, camera: Photographer) -> None:
    answer = check(vision, request(PLATE, [TABLE]), camera.shoot([TABLE, moved(PLATE, rpy_deg=(0, 0, 10))]))
    assert answer.verdict == "displaced"
    assert answer.deviation is not None
    assert answer.deviation.rot_rad[2] == pytest.approx(math.radians(10), abs=0.005)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_place_is_missing(vision: VisionOpen3D, camera: Photographer, kind: str) -> None:
    part, around, deg = KINDS[kind]
    assert check(vision, request(part, around, within_deg=deg), camera.shoot(around)).verdict == "missing"


def test_a_place_whose_background_is_unknown_is_missing_too(vision: VisionOpen3D, camera: Photographer) -> None:
    assert check(vision, request(BRACKET), camera.shoot([TABLE])).verdict == "missing"


def test_a_part_upside_down_is_flipped(vision: VisionOpen3D, camera: Photographer) -> None:
    over = expected("bracket", PLACE @ Pose((0.0, 0.0, 0.034), (0.0, 1.0, 0.0, 0.0)))
    assert check(vision, request(BRACKET, [TABLE]), camera.shoot([TABLE, over])).verdict == "flipped"


def test_a_look_alike_is_wrong_and_named(vision: VisionOpen3D, camera: Photographer) -> None:
    asked = request(RING, [TABLE, POT], look_alikes=[SMALL_RING])
    answer = check(vision, asked, camera.shoot([TABLE, POT, SMALL_RING]))
    assert (answer.verdict, answer.wrong_part) == ("wrong", "small_ring")
    assert answer.scores["small_ring"] > answer.scores["part"]


def test_a_part_with_a_look_alike_is_ok(vision: VisionOpen3D, camera: Photographer) -> None:
    asked = request(RING, [TABLE, POT], look_alikes=[SMALL_RING])
    assert check(vision, asked, camera.shoot([TABLE, POT, RING])).verdict == "ok"


def test_a_look_alike_of_the_same_shape_can_not_be_told(vision: VisionOpen3D, camera: Photographer) -> None:
    twin = expected("twin", SEAT, 0, part="ring_47")
    answer = check(vision, request(RING, [TABLE, POT], look_alikes=[twin]), camera.shoot([TABLE, POT, RING]))
    assert answer.verdict == "cannot_see"
    assert "ring and twin look the same" in answer.reason


def test_an_arm_over_the_part_hides_it(vision: VisionOpen3D, camera: Photographer) -> None:
    arm = expected("arm", PLACE @ Pose((0.0, 0.0, 0.25)))
    answer = check(vision, request(RING, [TABLE, POT]), camera.shoot([TABLE, POT, RING, arm]))
    assert answer.verdict == "cannot_see"
    assert answer.visible < 0.1
    assert answer.reason == "Only 0% of ring is in view: something nearer to the camera hides it."


def test_a_known_neighbour_over_the_part_is_named(vision: VisionOpen3D, camera: Photographer) -> None:
    lid = expected("lid", PLACE @ Pose((0.0, 0.0, 0.05)), part="plate")
    answer = check(vision, request(RING, [TABLE, POT, lid]), camera.shoot([TABLE, POT, RING, lid]))
    assert answer.verdict == "cannot_see"
    assert "lid hides it" in answer.reason


def test_a_part_beyond_the_picture_is_not_judged(vision: VisionOpen3D, camera: Photographer) -> None:
    away = expected("bracket", Pose((1.4, 0.0, 0.05)))
    answer = check(vision, request(away, [TABLE]), camera.shoot([TABLE, away]))
    assert answer.verdict == "cannot_see"
    assert "beyond the picture's edge" in answer.reason


def test_a_part_thinner_than_the_noise_is_not_judged(vision: VisionOpen3D, camera: Photographer) -> None:
    foil = expected("foil", LABEL.pose)
    for truth in ([TABLE, PLATE, foil], [TABLE, PLATE]):
        answer = check(vision, request(foil, [TABLE, PLATE]), camera.shoot(truth))
        assert answer.verdict == "cannot_see"
        assert "the noise is" in answer.reason


def test_a_tolerance_finer_than_the_camera_is_not_judged(vision: VisionOpen3D, camera: Photographer) -> None:
    answer = check(vision, request(RING, [TABLE, POT], within_mm=0.01), camera.shoot([TABLE, POT, RING]))
    assert answer.verdict == "cannot_see"
    assert "Too uncertain" in answer.reason


def test_something_unknown_in_the_place_is_not_guessed(vision: VisionOpen3D, camera: Photographer) -> None:
    stranger = expected("stranger", PLACE @ Pose((0.0, 0.0, 0.0), (math.cos(0.4), math.sin(0.4), 0.0, 0.0)), part="pot")
    answer = check(vision, request(LABEL, [TABLE, PLATE]), camera.shoot([TABLE, PLATE, stranger]))
    assert answer.verdict == "cannot_see"


def test_a_shot_without_depth_shows_nothing(vision: VisionOpen3D, camera: Photographer) -> None:
    answer = check(vision, request(RING, [TABLE, POT]), camera.shoot([]))
    assert answer.verdict == "cannot_see"
    assert "measured nothing" in answer.reason


def test_the_same_picture_gives_the_same_numbers_and_evidence(vision: VisionOpen3D, camera: Photographer) -> None:
    shot = camera.shoot([TABLE, POT, moved(RING, 1.5)])
    first, second = (check(vision, request(RING, [TABLE, POT]), shot) for _ in range(2))
    assert first == second
    assert first.evidence
    assert first.deviation is not None
    assert all(round(v, 6) == v for v in first.deviation.xyz_m)


def test_evidence_shows_depth_expectation_picture_and_verdict(
    parts: Path, tmp_path: Path, camera: Photographer
) -> None:
    async def run() -> Check:
        vision = VisionOpen3D(parts, evidence=tmp_path)
        try:
            return await vision.check(request(RING, [TABLE, POT]), camera.shoot([TABLE, POT, moved(RING, 2)]))
        finally:
            await vision.close()

    answer = asyncio.run(run())
    kept = tmp_path / answer.evidence
    assert sorted(p.name for p in kept.iterdir()) == ["depth.npz", "deviation.png", "record.json"]
    with np.load(kept / "depth.npz") as arrays:
        assert arrays["crop_depth_m"].shape == arrays["expected_m"].shape == arrays["without_part_m"].shape
    with Image.open(kept / "deviation.png") as picture:
        assert picture.width >= 360
    verdict = json.loads((kept / "record.json").read_text())
    assert verdict["check"]["verdict"] == "displaced"
    assert verdict["check"]["scores"] == dict(answer.scores)
    assert not list(tmp_path.glob(".new-*"))


@pytest.mark.parametrize("mesh", ["nothing.glb", "../table.glb"])
def test_a_mesh_that_is_not_there_is_named(vision: VisionOpen3D, camera: Photographer, mesh: str) -> None:
    ghost = expected("ghost", PLACE, part=mesh.removesuffix(".glb"))
    with pytest.raises(VisionError, match="There is no mesh") as raised:
        check(vision, request(ghost), camera.shoot([TABLE]))
    assert raised.value.code == "no_mesh"


def test_a_file_that_is_no_mesh_is_refused_and_costs_no_process(
    vision: VisionOpen3D, parts: Path, camera: Photographer
) -> None:
    (parts / "junk.glb").write_bytes(b"no mesh at all")
    before = asyncio.run(vision.warm_up())
    with pytest.raises(VisionError) as raised:
        check(vision, request(expected("junk", PLACE)), camera.shoot([TABLE]))
    assert raised.value.code == "bad_mesh"
    assert raised.value.remedy
    assert asyncio.run(vision.warm_up()) == before


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_check_whose_process_is_killed_cannot_see_and_the_next_can(
    vision: VisionOpen3D, camera: Photographer, tmp_path: Path, how: signal.Signals
) -> None:
    shot = camera.shoot([TABLE, POT, RING], stamp=7.5)
    hold = Hold(tmp_path / "hold")

    async def run() -> tuple[int, Check, Check]:
        victim = await vision.warm_up()
        struck = asyncio.create_task(vision.check(hold.held(request(RING, [TABLE, POT])), shot))
        with await asyncio.to_thread(hold.looked):
            os.kill(victim, how)
            return victim, await struck, await vision.check(request(RING, [TABLE, POT]), shot)

    victim, struck, following = asyncio.run(run())
    assert struck.verdict == "cannot_see"
    assert f"while it looked (signal {how.value}" in struck.reason
    assert "tandem doctor" in struck.reason
    assert struck.shot_stamp == 7.5
    assert following.verdict == "ok"
    assert vision.process_id not in (None, victim)


@pytest.mark.slow
def test_a_process_that_dies_between_two_checks_costs_none(vision: VisionOpen3D, camera: Photographer) -> None:
    victim = asyncio.run(vision.warm_up())
    os.kill(victim, signal.SIGKILL)
    os.waitid(os.P_PID, victim, os.WEXITED | os.WNOWAIT)
    assert check(vision, request(RING, [TABLE, POT]), camera.shoot([TABLE, POT, RING])).verdict == "ok"


@pytest.mark.slow
def test_a_check_whose_process_is_stopped_cannot_see_and_the_next_can(parts: Path, camera: Photographer) -> None:
    shot = camera.shoot([TABLE, POT, RING])

    async def run() -> tuple[int, Check, Check, int]:
        vision = VisionOpen3D(parts, settings=VisionSettings(seconds=3))
        stopped = await vision.warm_up()
        os.kill(stopped, signal.SIGSTOP)
        struck = await vision.check(request(RING, [TABLE, POT]), shot)
        following = await vision.check(request(RING, [TABLE, POT]), shot)
        fresh = await vision.warm_up()
        os.kill(fresh, signal.SIGSTOP)
        await vision.close()  # a stopped process does not keep it waiting
        return stopped, struck, following, fresh

    stopped, struck, following, fresh = asyncio.run(run())
    assert struck.verdict == "cannot_see"
    assert "hung while it looked: it gave no answer for 3 s" in struck.reason
    assert following.verdict == "ok"
    for pid in (stopped, fresh):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.slow
def test_a_hang_is_noticed_under_virtual_time_and_costs_none_of_it(
    parts: Path, camera: Photographer, tmp_path: Path
) -> None:
    shot = camera.shoot([TABLE, POT, RING])
    hold = Hold(tmp_path / "hold")

    async def run() -> tuple[Check, float]:
        vision = VisionOpen3D(parts, settings=VisionSettings(seconds=3))
        await vision.warm_up()
        began = asyncio.get_running_loop().time()
        struck = await vision.check(hold.held(request(RING, [TABLE, POT])), shot)
        took_s = asyncio.get_running_loop().time() - began
        await vision.close()
        return struck, took_s

    struck, took_s = run_virtual(run)
    assert struck.verdict == "cannot_see"
    assert "hung" in struck.reason
    assert took_s == 0


@pytest.mark.slow
def test_close_leaves_no_process_also_in_a_check(parts: Path, camera: Photographer) -> None:
    shot = camera.shoot([TABLE, POT, RING])

    async def run() -> int:
        vision = VisionOpen3D(parts)
        pid = await vision.warm_up()
        flying = asyncio.create_task(vision.check(request(RING, [TABLE, POT]), shot))
        await asyncio.sleep(0)
        await vision.close()
        await vision.close()
        with pytest.raises(VisionError) as raised:
            await flying
        assert raised.value.code == "closed"
        return pid

    with pytest.raises(ProcessLookupError):
        os.kill(asyncio.run(run()), 0)


def test_the_orchestrator_s_own_process_never_loads_open3d() -> None:
    code = (
        "import sys, orchestrator.adapters.vision_open3d as v; sys.exit('open3d' in sys.modules or not v.VisionOpen3D)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_a_noisier_camera_is_believed_less(parts: Path, camera: Photographer) -> None:
    shot = camera.shoot([TABLE, BRACKET])

    async def run() -> list[Check]:
        answers = []
        for noise_m in ({}, {"top": 0.0007}, {"other": 0.0007}):
            vision = VisionOpen3D(parts, noise_m=noise_m)
            answers.append(await vision.check(request(BRACKET, [TABLE]), shot))
            await vision.close()
        return answers

    usual, noisy, other = asyncio.run(run())
    assert usual.verdict == noisy.verdict == "ok"
    assert noisy.uncertainty_m[2] > 1.2 * usual.uncertainty_m[2]
    assert other.uncertainty_m == usual.uncertainty_m
