"""Parts that lie loose in a tray: a camera finds them before the robot picks one, in the embedded cell."""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from orchestrator.adapters.clock_virtual import run_virtual
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.scatter import rests, scattered
from orchestrator.adapters.vision_open3d import VisionOpen3D
from orchestrator.adapters.vision_sim import SimVision
from orchestrator.core import commands as cmd
from orchestrator.core.errors import SetupError, TandemError
from orchestrator.core.geometry import Pose
from orchestrator.core.locating import Hold, Located, LocateRequest, Location
from orchestrator.core.machine import CellVerb, OrderVerb, StepStatus
from orchestrator.core.ports import Expected, Mesh, Shot
from orchestrator.core.variant import Grasp, PartSpec
from orchestrator.engine import seeking
from orchestrator.engine.trial import TRIED
from tests.unit.cell_bench import BOSS, ROOT, Bench, authored, bench

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from orchestrator.adapters.sim.meshes import Triangles

TRAY = ROOT / "launch" / "cells" / "tray.yaml"
SEEDS = 100 if os.environ.get("TANDEM_SOAK") else 10
GRID = "caps: {parts: [cap], at: {xyz_mm: [-112, 340, 10]}, grid: [2, 3], pitch_mm: [90, 80], min: 1}"
LOOSE = "caps: {parts: [cap], at: {xyz_mm: [160, -440, 10]}, locate: side, size_mm: [240, 240], holds: 5, min: 1}"
OVER = frozenset({StepStatus.DONE, StepStatus.ATTENTION})
SIDE = "side: {at: {xyz_mm: [160, -440, 900], rpy_deg: [180, 0, 90]}, model: perfect}"


# ---- how parts truly come to lie ---------------------------------------------------------------------------------


def shape(part: str) -> Triangles:
    return MeshStore(ROOT / "instructions").get(Mesh(f"gear_reducer/{part}.glb"))


def test_a_ring_lies_flat_and_a_screw_on_its_side() -> None:
    assert sorted(round(pose.z_axis[2]) for pose, _ in rests(shape("bearing"))) == [-1, 1]
    lying = sum(share for pose, share in rests(shape("screw")) if abs(pose.z_axis[2]) < 0.2)
    assert lying > 0.9
    assert sum(share for _, share in rests(shape("screw"))) == pytest.approx(1.0)


@pytest.mark.parametrize("part", ["bearing", "screw", "cover_blind"])
def test_parts_rest_on_the_floor_within_the_tray_and_apart(part: str) -> None:
    mesh, floor = shape(part), Pose((0.4, -0.2, 0.03))
    for seed in range(5):
        poses = scattered(mesh, 4, floor, (0.3, 0.25), np.random.default_rng(seed))
        seen = []
        for pose in poses:
            corners = np.array([pose.apply(corner) for corner in mesh.hull.tolist()])
            assert corners[:, 2].min() == pytest.approx(0.03, abs=1e-4)
            assert (np.abs(corners[:, :2] - (0.4, -0.2)) < (0.1501, 0.1251)).all()
            seen.append(corners[:, :2])
        gaps = [np.linalg.norm(a[:, None] - b[None], axis=2).min() for k, a in enumerate(seen) for b in seen[:k]]
        assert min(gaps) > 0.003
    one, other = (scattered(mesh, 3, floor, (0.3, 0.25), np.random.default_rng(seed)) for seed in (1, 2))
    assert one != other
    assert one == scattered(mesh, 3, floor, (0.3, 0.25), np.random.default_rng(1))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SetupError, match="9 parts don't fit side by side on 100 x 100 mm"):
        scattered(shape("bearing"), 9, Pose(), (0.1, 0.1), np.random.default_rng(1))


# ---- which one is taken ------------------------------------------------------------------------------------------

SPEC = PartSpec(name={}, mesh="p.glb", high_m=(0.02,) * 3, grasps={"top": Grasp(pose=Pose(), opening_m=0.02)})
NOWHERE = (0.0, 0.0, 0.0)


def found(x: float, *, doubt: str = "", blocked: str = "", sigma_m: float = 0.0002) -> Location:
    pose = Pose((x, 0.0, 0.0))
    return Location(
        pose, 0.9, 1.0, (sigma_m,) * 3, NOWHERE, "upright", (Hold("top", pose, 0.02, blocked),), doubt=doubt
    )


def choose(*locations: Location, reason: str = "", others: tuple[Expected, ...] = ()) -> seeking.Seen:
    return seeking.chosen("p", "kind", SPEC, "tray", "eye", Located(locations, reason, others))


def test_the_surest_that_the_gripper_gets_at_is_taken_and_the_others_are_kept_clear_of() -> None:
    others = (Expected("alike", "q.glb", Pose((0.5, 0.0, 0.0))),)
    seen = choose(found(0.1, blocked="a wall"), found(0.2), found(0.3, doubt="upside down?"), found(0.4), others=others)
    assert (seen.pose.p[0], [one.pose.p[0] for one in seen.instead]) == (0.2, [0.4])
    beside = {thing.pose.p[0]: thing.shape for thing in seen.beside}
    assert beside == {0.1: Mesh("p.glb"), 0.3: Mesh("p.glb"), 0.4: Mesh("p.glb"), 0.5: Mesh("q.glb")}


@pytest.mark.parametrize(
    ("locations", "code", "says"),
    [
        ((), "not_found", "Camera eye finds no kind in tray. Nothing lies there."),
        ((found(0.1, doubt="It may be turned."),), "not_sure", "not sure where a kind lies in tray. It may be turned."),
        ((found(0.1, sigma_m=0.002),), "not_sure", "Its place is known to 2.0 mm only (one sigma)."),
        ((found(0.1, blocked="a wall."), found(0.2, doubt="?")), "no_free_grasp", "at none of 1 kind in tray. top: a"),
    ],
)
def test_what_can_not_be_taken_has_a_name_and_a_remedy(locations: tuple[Location, ...], code: str, says: str) -> None:
    with pytest.raises(TandemError) as caught:
        choose(*locations, reason="" if locations else "Nothing lies there.")
    assert caught.value.code == code
    assert says in caught.value.message
    assert caught.value.remedy.endswith("then retry.")


# ---- in a cell, with a vision that knows the truth ---------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small product, in a cell whose caps lie loose, some of them upside down."""
    out = authored(tmp_path_factory.mktemp("loose"))
    file = out / "cell.yaml"
    text = file.read_text(encoding="utf-8")
    assert GRID in text
    text = text.replace(GRID, LOOSE).replace("cameras: {", f"cameras: {{{SIDE}, ")
    file.write_text(text, encoding="utf-8")
    return out


def lying(cell: Bench) -> dict[str, Pose]:
    world = cell.cell.world
    return {body.id: world.pose(body.id) for body in world if body.source == "caps"}


async def tries(cell: Bench) -> None:
    """Start to pick a cap; whatever goes wrong asks."""
    await cell.change(CellVerb.START)
    assert await cell.attempt("pick", {"part": "cap"}) == TRIED
    await cell.until(lambda state: "u1" in state.units)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_is_taken_counted_and_named_by_where_it_lay(folder: Path, seed: int) -> None:
    async def main() -> None:
        async with bench(folder, seed=seed) as cell:
            before = lying(cell)
            assert len(before) == cell.state.bins["caps"] == 5
            await tries(cell)
            await cell.step_is(TRIED, StepStatus.DONE)
            (taken,) = before.keys() - lying(cell).keys()
            assert taken == cell.cell.world.held
            (grasped,) = cell.all("part_moved", what="grasped", part="u1/cap")
            assert grasped.bin == "caps"
            assert math.dist(grasped.lay.p, before[taken].p) < 1e-5
            assert before[taken].z_axis[2] > 0.9  # not one of those that lie upside down
            assert cell.state.bins["caps"] == 4

    run_virtual(main)


def test_a_bin_that_is_empty_for_the_camera_asks_and_goes_on_once_it_was_filled(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder, seed=2) as cell:
            for body in lying(cell):
                cell.cell.world.remove(body)
            await tries(cell)
            await cell.step_is(TRIED, StepStatus.ATTENTION)
            asks = cell.step(TRIED)
            assert asks.code == "not_found"
            assert "Camera side finds no cap in caps." in asks.message
            assert cell.state.bins["caps"] == 5  # the ledger counts what it was told
            await cell.do(cmd.RefillBin(bin="caps", count=4))
            assert len(lying(cell)) == 4
            await cell.do(cmd.Choose(unit="u1", step=TRIED, attempt=asks.attempt, choice="retry"))
            await cell.step_is(TRIED, StepStatus.DONE)
            assert (cell.state.bins["caps"], len(lying(cell))) == (3, 3)

    run_virtual(main)


def test_none_is_taken_that_lies_upside_down(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            world = cell.cell.world
            over = Pose.from_rpy((0.0, 0.0, 0.01), (math.pi, 0.0, 0.0))
            for body, pose in lying(cell).items():
                if pose.z_axis[2] > 0:
                    world.displace(body, over)
            await tries(cell)
            await cell.step_is(TRIED, StepStatus.ATTENTION)
            assert cell.step(TRIED).code == "no_free_grasp"
            assert "at none of 5 cap in caps." in cell.step(TRIED).message
            assert not cell.all("motion_intended")

    run_virtual(main)


class Doubting(SimVision):
    """Is not sure of anything that it finds."""

    async def locate(self, request: LocateRequest, shot: Shot) -> Located:
        located = await super().locate(request, shot)
        return dataclasses.replace(
            located, found=tuple(dataclasses.replace(one, doubt="It may be another.") for one in located.found)
        )


def test_who_is_not_sure_takes_nothing(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder, vision=Doubting()) as cell:
            before = lying(cell)
            await tries(cell)
            await cell.step_is(TRIED, StepStatus.ATTENTION)
            assert cell.step(TRIED).code == "not_sure"
            assert "It may be another." in cell.step(TRIED).message
            assert lying(cell) == before
            assert not cell.all("motion_intended")

    run_virtual(main)


def test_the_arm_goes_out_of_the_cameras_way_before_it_looks(folder: Path) -> None:
    """A hold leaves the arm above the bin; the attempt after it begins there."""

    async def main() -> None:
        async with bench(folder) as cell:
            await tries(cell)
            await cell.in_motion("fetch cap", 2.0)
            await cell.change(CellVerb.HOLD)
            assert cell.all("motion_ended")[-1].outcome == "canceled"
            await cell.change(CellVerb.UNHOLD)
            await cell.until(lambda state: state.units["u1"].steps[TRIED].status in OVER)
            if cell.step(TRIED).status == StepStatus.ATTENTION:
                await cell.do(cmd.Choose(unit="u1", step=TRIED, attempt=cell.step(TRIED).attempt, choice="retry"))
                await cell.step_is(TRIED, StepStatus.DONE)
            texts = [motion.text for motion in cell.all("motion_intended")]
            assert texts[:3] == ["fetch cap", "go home", "fetch cap"]
            assert len(lying(cell)) == 4

    run_virtual(main)


def test_loose_parts_stay_where_they_lie_over_a_restart(folder: Path, tmp_path: Path) -> None:
    seen = []

    async def main() -> None:
        async with bench(folder, data=tmp_path / "data") as cell:
            seen.append(lying(cell))
            await cell.ask(cmd.JoinPlace(place="front", operator="o"))

    for _ in range(2):
        run_virtual(main)
    assert seen[0] == seen[1]


def test_the_screens_see_a_tray(folder: Path) -> None:
    async def main() -> None:
        async with bench(folder) as cell:
            (view,) = [bin_ for bin_ in cell.cell.desk.scene.bins if bin_.name == "caps"]
            assert (view.loose, view.grid, len(view.slots)) == (True, False, 4)
            level = cell.cell.desk.screen.topics["bin/caps"]
            assert (level.count, level.capacity) == (5, 5)  # type: ignore[union-attr] # that topic holds levels

    run_virtual(main)


# ---- with real pictures ------------------------------------------------------------------------------------------


def tray(seed: int, vision: VisionOpen3D) -> AbstractAsyncContextManager[Bench]:
    return bench(ROOT / "instructions", cell_file=TRAY, seed=seed, vision=vision)


@pytest.mark.slow
def test_a_bearing_is_picked_from_the_shipped_tray_whatever_the_seed() -> None:
    """How many of some seeds end with the bearing in the gripper, and how the others end."""
    ends: Counter[str] = Counter()

    async def main() -> None:
        vision = VisionOpen3D(ROOT / "instructions", noise_m={"tray_cam": 0.00014})
        try:
            for seed in range(1, SEEDS + 1):
                async with tray(seed, vision) as cell:
                    await cell.change(CellVerb.START)
                    step = await cell.attempt("pick", {"part": "bearing.upper"})
                    await cell.until(lambda s, step=step: "u1" in s.units and s.units["u1"].steps[step].status in OVER)
                    ends[cell.step(step).code or "held"] += 1
                    held = cell.cell.world.held
                    assert (held is not None) == (cell.step(step).code == "")
        finally:
            await vision.close()

    run_virtual(main)
    print(f"\n{ends['held']} of {SEEDS} seeds: the bearing is in the gripper; {dict(ends)}")
    assert ends["held"] >= 0.9 * SEEDS


@pytest.mark.slow
def test_a_unit_is_built_whole_with_a_bearing_from_the_tray(tmp_path: Path) -> None:
    """The shipped product, whose upper bearing a person may press on as well: here the robot alone does."""
    shutil.copytree(ROOT / "instructions", tmp_path, dirs_exist_ok=True)
    procedure = tmp_path / "gear_reducer" / "procedure.yaml"
    text = procedure.read_text(encoding="utf-8")
    either = "robot: {insert: {force_N: 30}}, human: true,"
    assert either in text
    procedure.write_text(text.replace(either, "robot: {insert: {force_N: 30}},"), encoding="utf-8")

    async def main() -> None:
        vision = VisionOpen3D(tmp_path, noise_m=dict.fromkeys(("top", "press_cam", "tray_cam"), 0.00014))
        try:
            async with bench(tmp_path, cell_file=TRAY, seed=1, vision=vision) as cell:
                cell.work(tends=True)
                await cell.change(CellVerb.START)
                options = {"ratio": "5", "cover": "blind", "plate": "en"}
                assert (await cell.cell.desk.store_order("o", "gear_reducer", options, 1, None, BOSS)).ok
                await cell.do(cmd.ChangeOrder(order="o", verb=OrderVerb.START))
                await cell.ended(timeout_s=4 * 3600)
                assert cell.record()["state"] == "done"
                (grasped,) = cell.all("part_moved", what="grasped", part="u1/bearing.upper", bin="bearings")
                assert grasped.lay is not None
                assert cell.state.bins["bearings"] == 5
        finally:
            await vision.close()

    run_virtual(main)
