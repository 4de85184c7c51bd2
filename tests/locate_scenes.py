"""Seeded scenes of parts lying about, for tests and benches of `locate`: truth is thrown and ray-cast on its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import trimesh

from orchestrator.adapters.sim.depth import MODELS
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.geometry import Pose
from orchestrator.core.locating import Kind, LocateRequest, Space
from orchestrator.core.ports import Expected, Shot
from tests.depth_scenes import cast

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.locating import Location
    from orchestrator.core.ports import Intrinsics

box, tube, rod = trimesh.creation.box, trimesh.creation.annulus, trimesh.creation.cylinder
FLOOR_Z = 0.05
TRAY_M = (0.30, 0.22, 0.05)
WALL_M = 0.004
TURN = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a part by who drew it: about z it looks the same at any angle (0) or n times a turn, and
    whether also when turned over about `over` (x, y, both or neither)."""

    symmetry_z: int | None = None
    over: str = ""


TUNED: dict[str, Known] = {
    "bracket": Known(),
    "stepped": Known(0),
    "plate_hole": Known(None),
    "pin": Known(0),
}
COUNTED: dict[str, Known] = {
    "flange": Known(),
    "tee": Known(2),
    "channel": Known(2),
    "lever": Known(),
    "nut": Known(6, "x"),
    "bolt": Known(0),
    "cup": Known(0),
    "bearing": Known(0, "x"),
    "cover": Known(2),
}

SIDES = [(0, 0, 0), (90, 0, 0)]
RESTS: dict[str, list[tuple[float, float, float]]] = {
    "bracket": [(0, 0, 0), (90, 0, 0), (-90, 0, 0), (0, -90, 0)],
    "stepped": [(0, 0, 0), (180, 0, 0)],
    "plate_hole": [(0, 0, 0), (180, 0, 0)],
    "pin": [(0, 90 - math.degrees(math.atan2(4, 50)), 0)],
    "flange": [(0, 0, 0), (180, -math.degrees(math.atan2(16, 34)), 0)],
    "tee": [(0, 0, 0), (90, 0, 0), (-90, 0, 0)],
    "channel": [(0, 0, 0), (180, 0, 0), (90, 0, 0), (-90, 0, 0)],
    "lever": [(0, 0, 0), (180, math.degrees(math.atan2(10, 74)), 0)],
    "nut": SIDES,
    "bolt": [(0, 90 - math.degrees(math.atan2(6, 45)), 0)],
    "cup": [(0, 0, 0), (180, 0, 0), (90, 0, 0)],
    "bearing": SIDES,
    "cover": [(0, 0, 0), (180, 0, 0)],
    "block": SIDES,
    "puck": SIDES,
}
"""Roll, pitch and yaw (degrees) in which each kind can lie: worked out by hand, not by the code under test."""


def write_kinds(folder: Path) -> None:
    """Write each kind, its look-alike (<kind>_long, a fifth longer along x, or along all for what is round), trays."""
    parts = {
        "bracket": join(at(box((0.06, 0.03, 0.004)), z=0.002), at(box((0.004, 0.03, 0.03)), x=-0.028, z=0.019)),
        "stepped": join(at(tube(0.010, 0.0235, 0.008), z=0.004), at(tube(0.010, 0.016, 0.006), z=0.011)),
        "plate_hole": join(
            at(box((0.03, 0.06, 0.008)), x=-0.03, z=0.004),
            at(box((0.06, 0.02, 0.008)), x=0.015, y=-0.02, z=0.004),
            at(box((0.06, 0.012, 0.008)), x=0.015, y=0.024, z=0.004),
            at(box((0.015, 0.06, 0.008)), x=0.0525, z=0.004),
        ),
        "pin": join(at(rod(0.006, 0.05), z=0.025), at(rod(0.010, 0.006), z=0.053)),
        "flange": join(at(rod(0.03, 0.008), z=0.004), at(box((0.02, 0.012, 0.016)), x=0.014, z=0.016)),
        "tee": join(at(box((0.07, 0.02, 0.012)), z=0.006), at(box((0.016, 0.02, 0.03)), z=0.027)),
        "channel": join(
            at(box((0.07, 0.04, 0.004)), z=0.002),
            at(box((0.07, 0.004, 0.02)), y=0.018, z=0.014),
            at(box((0.07, 0.004, 0.02)), y=-0.018, z=0.014),
        ),
        "lever": join(
            at(box((0.09, 0.016, 0.008)), x=0.02, z=0.004),
            at(tube(0.006, 0.016, 0.018), x=-0.025, z=0.009),
        ),
        "nut": at(tube(0.008, 0.0139, 0.013, sections=6), z=0.0065),
        "bolt": join(at(rod(0.008, 0.045), z=-0.0225), at(rod(0.014, 0.010), z=0.005)),
        "cup": join(at(tube(0.021, 0.025, 0.034), z=0.021), at(rod(0.025, 0.004), z=0.002)),
        "bearing": at(tube(0.010, 0.0235, 0.014), z=0.007),
        "cover": join(at(box((0.075, 0.055, 0.006)), z=0.003), at(box((0.03, 0.02, 0.008)), z=0.010)),
    }
    for name, mesh in parts.items():
        mesh.export(folder / f"{name}.glb")
        longer = mesh.copy()
        known = {**TUNED, **COUNTED}[name]
        around = known.symmetry_z in {0, 6}
        longer.apply_scale((1.25, 1.25 if around else 1.0, 1.0))
        longer.export(folder / f"{name}_long.glb")
    x, y, z = TRAY_M
    t = WALL_M
    tray = join(
        at(box((x, t, z)), y=(y - t) / 2, z=z / 2),
        at(box((x, t, z)), y=(t - y) / 2, z=z / 2),
        at(box((t, y, z)), x=(x - t) / 2, z=z / 2),
        at(box((t, y, z)), x=(t - x) / 2, z=z / 2),
    )
    tray.export(folder / "tray.glb")
    at(box((0.9, 0.7, 0.02)), z=-0.01).export(folder / "top.glb")
    at(box((0.05, 0.035, 0.028)), z=0.014).export(folder / "block.glb")
    at(rod(0.018, 0.024), z=0.012).export(folder / "puck.glb")


def at(mesh: trimesh.Trimesh, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> trimesh.Trimesh:
    """Move a mesh, in metres."""
    mesh.apply_translation((x, y, z))
    return mesh


def join(*meshes: trimesh.Trimesh) -> trimesh.Trimesh:
    """Return meshes as one; they may overlap."""
    return trimesh.util.concatenate(list(meshes))


@dataclass(frozen=True, slots=True)
class Scene:
    """What is asked, the picture, and the poses at which the asked kind truly lies."""

    request: LocateRequest
    shot: Shot
    truth: tuple[Pose, ...]
    known: Known


class Thrower:
    """Throws parts on a table or into a tray and takes pictures, from a seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = np.random.default_rng(seed)
        self._rests: dict[str, list[Pose]] = {}
        self._meshes: dict[str, trimesh.Trimesh] = {}

    def scene(
        self,
        kind: str,
        camera: str = "structured_light",
        *,
        intrinsics: Intrinsics | None = None,
        count: int | None = None,
        tray: bool | None = None,
        clutter: bool = True,
        look_alikes: bool = True,
    ) -> Scene:
        """Return a scene with `count` (by default 1 to 4) of a kind, its look-alike and other things among them."""
        random, known = self.random, {**TUNED, **COUNTED}[kind]
        in_tray = bool(random.random() < 0.5) if tray is None else tray
        count = int(random.integers(1, 5)) if count is None else count
        base = Pose.from_rpy((0.5 + random.uniform(-0.05, 0.05), random.uniform(-0.05, 0.05), FLOOR_Z),
                             (0, 0, random.uniform(-math.pi, math.pi)))  # fmt: skip
        names = [kind] * count
        if look_alikes:
            names += [f"{kind}_long"] * int(random.integers(0, 2))
        if clutter:
            others = [name for name in ("block", "puck", *TUNED) if name != kind]
            names += [str(random.choice(others)) for _ in range(int(random.integers(0, 3)))]
        room = (TRAY_M[0] / 2 - 0.01, TRAY_M[1] / 2 - 0.01) if in_tray else (0.2, 0.15)
        lying = self._thrown(names, base, room)
        truth = [Expected(f"{name}#{k}", f"{name}.glb", pose) for k, (name, pose) in enumerate(lying)]
        stage = [Expected("top", "top.glb", Pose((0.5, 0.0, FLOOR_Z)))]
        tray_there = Expected("tray", "tray.glb", base)
        if in_tray:
            stage.append(tray_there)
        shot = self.shoot([*truth, *stage], camera, base, intrinsics or intrinsics_for(1280, 720))
        told = bool(random.random() < 0.5)
        inner = (2 * room[0] + 0.012, 2 * room[1] + 0.012, 0.16)
        request = LocateRequest(
            effect="e1",
            part=Kind(kind, f"{kind}.glb", known.symmetry_z),
            space=Space(base.shifted(z=0.07), inner) if in_tray else None,
            floor=base if in_tray and told else None,
            around=(tray_there,) if in_tray and told else (),
            look_alikes=(Kind(f"{kind}_long", f"{kind}_long.glb", known.symmetry_z),) if look_alikes else (),
        )
        return Scene(request, shot, tuple(pose for name, pose in lying if name == kind), known)

    def shoot(self, truth: list[Expected], camera: str, base: Pose, intrinsics: Intrinsics) -> Shot:
        """Take a picture from above, some degrees aslant; the camera is believed 0.3 mm and 0.05 degrees off."""
        random = self.random
        away = 0.75 + random.uniform(-0.08, 0.08)
        tilt = [random.uniform(-0.25, 0.25) for _ in range(2)]
        looks = Pose.from_rpy(base.p) @ Pose.from_rpy((0, 0, 0), (math.pi + tilt[0], tilt[1], random.uniform(-3, 3)))
        pose = looks.shifted(z=-away)
        off = Pose.from_rpy(
            random.normal(0, 0.0003, 3) / math.sqrt(3), np.radians(random.normal(0, 0.05, 3)) / math.sqrt(3)
        )
        depth, cosine = cast([(self._mesh(thing.mesh), thing.pose) for thing in truth], pose, intrinsics)
        depth = np.where(np.isfinite(depth), depth, 10.0).astype(np.float32)
        measured = MODELS[camera].spoil(depth, cosine.astype(np.float32), random)
        return Shot("top", measured.astype(np.float32), intrinsics, pose @ off, 100.0)

    def _thrown(self, names: list[str], base: Pose, room: tuple[float, float]) -> list[tuple[str, Pose]]:
        """Return where things come to lie: each on a side that it rests on, none over another."""
        random, out, taken = self.random, [], []
        for name in names:
            rests = self._resting(name)
            for _ in range(60):
                rest = rests[int(random.integers(len(rests)))]
                yaw = Pose.from_rpy((0, 0, 0), (0, 0, random.uniform(-math.pi, math.pi)))
                flat = trimesh.transformations.transform_points(
                    self._mesh(f"{name}.glb").vertices, (yaw @ rest).matrix()
                )
                low, high = flat[:, :2].min(axis=0), flat[:, :2].max(axis=0)
                spot = np.array([random.uniform(-room[0] - low[0], room[0] - high[0]),
                                 random.uniform(-room[1] - low[1], room[1] - high[1])])  # fmt: skip
                hull = flat[:, :2] + spot
                if any(not _clear(hull, other) for other in taken):
                    continue
                taken.append(hull)
                out.append((name, base @ Pose((float(spot[0]), float(spot[1]), 0.0)) @ yaw @ rest))
                break
        return out

    def _resting(self, name: str) -> list[Pose]:
        """Return the resting poses of a kind on the floor, as its author worked them out."""
        if name not in self._rests:
            points = self._mesh(f"{name}.glb").vertices
            self._rests[name] = []
            for rpy in RESTS[name.removesuffix("_long")]:
                turn = Pose.from_rpy((0, 0, 0), [math.radians(v) for v in rpy])
                low = trimesh.transformations.transform_points(points, turn.matrix())[:, 2].min()
                self._rests[name].append(Pose((0.0, 0.0, -float(low)), turn.q))
        return self._rests[name]

    def _mesh(self, path: str) -> trimesh.Trimesh:
        if path not in self._meshes:
            self._meshes[path] = trimesh.load_scene(self.folder / path).to_mesh()
        return self._meshes[path]


def _clear(one: np.ndarray, other: np.ndarray, gap_m: float = 0.002) -> bool:
    """Tell whether two outlines (convex hulls of points (n, 2)) are apart, by separating directions."""
    for k in range(36):
        way = np.array((math.cos(math.pi * k / 36), math.sin(math.pi * k / 36)))
        a, b = one @ way, other @ way
        if a.max() + gap_m < b.min() or b.max() + gap_m < a.min():
            return True
    return False


def off(pose: Pose, truth: Pose, known: Known) -> tuple[float, float]:
    """Return how far a pose is from the truth in m (at the part's origin) and rad, its symmetry taken out."""
    best = (math.inf, math.inf)
    overs = [(0.0, 0.0)] + [(math.pi, 0.0)] * ("x" in known.over) + [(0.0, math.pi)] * ("y" in known.over)
    height = 0.0065 if known.symmetry_z == 6 else 0.007  # of the middle about which nut and bearing are turned over
    for over in overs:
        middle = Pose((0.0, 0.0, height))
        turned = truth @ middle @ Pose.from_rpy((0, 0, 0), (*over, 0)) @ Pose((0.0, 0.0, -height))
        count = known.symmetry_z if known.symmetry_z is not None else 1
        if count == 0:
            angle = math.acos(max(-1.0, min(1.0, float(np.dot(pose.z_axis, turned.z_axis)))))
        else:
            angle = min(
                2
                * math.acos(
                    min(
                        1.0,
                        abs(float(np.dot((turned @ Pose.from_rpy((0, 0, 0), (0, 0, math.tau * k / count))).q, pose.q))),
                    )
                )
                for k in range(count)
            )
        best = min(best, (math.dist(pose.p, turned.p), angle), key=lambda pair: pair[0] + 0.03 * pair[1])
    return best


def right(
    location: Location | Pose, scene: Scene, within_m: float = 0.003, within_rad: float = math.radians(5)
) -> bool:
    """Tell whether one of the parts truly lies there."""
    pose = location if isinstance(location, Pose) else location.pose
    return any(d <= within_m and a <= within_rad for d, a in (off(pose, truth, scene.known) for truth in scene.truth))
