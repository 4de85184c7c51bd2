"""The simulated cell outlives its orchestrator: what stood where, what the gripper held, how far screws were turned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.devices_sim import SimDevices
from orchestrator.adapters.robot_sim import SimRobot
from orchestrator.adapters.sim.boards import SimBoards
from orchestrator.adapters.sim.devices.screwdriver import Head
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.adapters.sim.world_file import WorldFile, refill
from orchestrator.core.calibration import BoardSpec
from orchestrator.core.geometry import Pose
from orchestrator.core.ports import Box, MoveJoints

if TYPE_CHECKING:
    from pathlib import Path

BODY = Box((0.008, 0.008, 0.03))
HEAD = Head("screw", Pose((0.0, 0.0, 0.02)))
SEAT = Pose((0.4, 0.1, 0.05))
TOOLS = {"driver": {"torque_Nm": (1.0, 40.0), "angle_deg": (0.0, 9999.0)}}
JOINTS = (0.1, -1.4, 1.5, -1.6, -1.5, 0.2)


class Cell:
    """A simulated cell that is kept in a folder; it begins as it was left there."""

    def __init__(self, folder: Path, cell: str = "one") -> None:
        self.file = WorldFile(folder, cell)
        self.left = self.file.load(len(JOINTS))
        self.world = World(MeshStore(folder))
        if self.left is not None:
            assert refill(self.world, self.left)
        self.devices = SimDevices(TOOLS, seed=1, world=self.world, heads=lambda: [HEAD])
        if self.left is not None:
            self.devices.restore(self.left.screws)

    async def __aenter__(self) -> Cell:
        stands = (self.left.joints, self.left.opening_m) if self.left else None
        self.robot = SimRobot(self.world, VirtualClock(asyncio.get_running_loop()), stands=stands)
        self.file.keep(self.world, self.robot.state, lambda: self.devices.screws)
        await self.robot.ready()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.file.close()
        await self.robot.close()


def test_bodies_arm_and_screws_are_found_as_they_were_left(tmp_path: Path) -> None:
    async def first() -> tuple[dict[str, Pose], str, float]:
        async with Cell(tmp_path) as cell:
            screw = cell.world.add("screw", BODY, SEAT @ HEAD.frame.inverse())
            held = cell.world.add("cube", Box((0.04, 0.04, 0.04)), Pose((0.5, 0.0, 0.1)), source="cubes")
            cell.world.add("cube", Box((0.04, 0.04, 0.04)), Pose((0.6, 0.0, 0.1)), source="cubes")
            await cell.devices.use("driver", {"torque_Nm": 12.0}, at=SEAT)
            plan = await cell.robot.plan((MoveJoints(JOINTS),))
            await cell.robot.execute(plan).result()
            cell.world.grasp(held)
            return cell.world.visible(), screw, cell.devices.screws["driver"][screw]

    async def second(bodies: dict[str, Pose], screw: str, turned: float) -> None:
        async with Cell(tmp_path) as cell:
            assert cell.robot.state.value.joints == pytest.approx(JOINTS)
            assert cell.robot.state.value.holding
            assert cell.world.visible() == bodies
            assert cell.devices.screws["driver"] == {screw: turned}
            assert [cell.world.untouched(body.id) for body in cell.world if body.kind == "cube"] == [False, True]
            again = await cell.devices.use("driver", {"torque_Nm": 12.0}, at=SEAT)
            assert again.values["angle_deg"] < turned / 10  # it is tight already

    run_virtual(lambda: second(*run_virtual(first)))


def test_boards_of_a_kept_world_stand_once_where_the_cell_file_has_them(tmp_path: Path) -> None:
    """One that was held before a camera as all ended is in nobody's hands any more."""
    specs = {"wall": BoardSpec(at="wall"), "loose": BoardSpec()}

    async def first() -> None:
        async with Cell(tmp_path) as cell:
            boards = SimBoards(cell.world, specs, {"wall": SEAT})
            boards.hold("loose", Pose((0.3, 0.0, 0.2)))

    async def second() -> None:
        async with Cell(tmp_path) as cell:
            SimBoards(cell.world, specs, {"wall": SEAT})
            assert [body.kind for body in cell.world] == ["board_wall"]

    run_virtual(first)
    run_virtual(second)


def _kept(tmp_path: Path) -> None:
    async def main() -> None:
        async with Cell(tmp_path) as cell:
            cell.world.add("screw", BODY, SEAT)

    run_virtual(main)


def test_another_cell_file_is_another_cell(tmp_path: Path) -> None:
    _kept(tmp_path)
    assert Cell(tmp_path).left is not None
    assert Cell(tmp_path, cell="two").left is None


@pytest.mark.parametrize("name", ["world.json", "arm"])
@pytest.mark.parametrize("how", ["gone", "empty", "cut", "other"])
def test_what_is_damaged_is_not_believed(tmp_path: Path, name: str, how: str) -> None:
    _kept(tmp_path)
    file = tmp_path / name
    whole = file.read_bytes()
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "cut": whole[: len(whole) // 2], "other": b'{"cell": "one"}'}[how])
    assert Cell(tmp_path).left is None


def test_a_disk_that_comes_back_is_written_to_though_nothing_changes(tmp_path: Path) -> None:
    """A banner that says the cell can't be kept must not stand until somebody moves a part."""
    folder, away = tmp_path / "kept", tmp_path / "away"
    folder.mkdir()

    async def main() -> list[str]:
        told: list[str] = []
        works = asyncio.Event()

        def fares(detail: str) -> None:
            told.append(detail)
            if detail:
                works.clear()
            else:
                works.set()

        async with Cell(folder) as cell:
            cell.file.close()
            cell.file.keep(cell.world, cell.robot.state, dict, fares)
            folder.rename(away)
            cell.world.add("screw", BODY, SEAT)
            away.rename(folder)
            async with asyncio.timeout(5):
                await works.wait()
        return told

    began, failed, back = run_virtual(main)
    assert (began, back) == ("", "")
    assert "No such file" in failed
    left = Cell(folder).left
    assert left is not None
    assert [body.kind for body in Cell(folder).world] == ["screw"]


def test_a_body_whose_mesh_is_gone_leaves_the_world_empty(tmp_path: Path) -> None:
    import trimesh

    trimesh.creation.box((0.1, 0.1, 0.1)).export(tmp_path / "thing.glb")

    async def main() -> None:
        from orchestrator.core.ports import Mesh

        async with Cell(tmp_path) as cell:
            cell.world.add("thing", Mesh("thing.glb"), SEAT)

    run_virtual(main)
    (tmp_path / "thing.glb").unlink()
    file = WorldFile(tmp_path, "one")
    left = file.load(len(JOINTS))
    assert left is not None
    world = World(MeshStore(tmp_path))
    assert not refill(world, left)
    assert list(world) == []
