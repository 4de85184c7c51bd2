"""How often parts that lie about are found, and how long it takes: seeded throws, kinds that were never tuned on."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.depth import MODELS
from orchestrator.adapters.vision_open3d import VisionOpen3D
from tests.bench.report import Figure, bench, percentile
from tests.locate_scenes import COUNTED, Thrower, off, right, write_kinds

if TYPE_CHECKING:
    from orchestrator.core.locating import Located
    from tests.locate_scenes import Scene

SCENES = 300 if os.environ.get("TANDEM_SOAK") else 30
HOLDS = {"stereo": 0.90, "structured_light": 0.98}
REACHED_M, REACHED_RAD = 0.003, 0.0873


@bench("vision.locate", "", better="more")
def locate() -> list[Figure]:
    return [figure for camera in HOLDS for figure in _counted(camera)]


def _counted(camera: str) -> list[Figure]:
    """Throw each kind in turn, and ask where it lies; the first answer must be a part that truly lies there."""
    with tempfile.TemporaryDirectory() as folder:
        write_kinds(Path(folder))
        kinds = list(COUNTED)
        scenes = [
            Thrower(Path(folder), 77_000 + k).scene(kinds[k % len(kinds)], camera) for k in range(SCENES + len(kinds))
        ]
        answers = asyncio.run(_asked(Path(folder), camera, scenes))[len(kinds) :]  # the first of each load its mesh
    good = [bool(answer.found) and right(answer.found[0], scene) for scene, answer, _ in answers]
    reported = [(scene, each) for scene, answer, _ in answers for each in answer.found]
    false = [each for scene, each in reported if not right(each, scene)]
    unsaid = sum(not each.doubt for each in false)
    truths = [(scene, answer, pose) for scene, answer, _ in answers for pose in scene.truth]
    recalled = sum(_reached(answer, scene, k) for scene, answer, _ in answers for k in range(len(scene.truth)))
    missed = sorted({scene.request.part.id for (scene, _, _), ok in zip(answers, good, strict=True) if not ok})
    took = [seconds for _, _, seconds in answers]
    kinds_note = f"{len(COUNTED)} kinds, in trays and on a table, 1 to 4 of a kind, look-alikes and others among them"
    return [
        Figure(
            sum(good) / len(good),
            len(good),
            f"first answer within 3 mm and 5 degrees; {kinds_note}; failed with: {', '.join(missed) or 'none'}",
            f"vision.locate_share_{camera}",
            "share",
            HOLDS[camera],
        ),
        Figure(
            recalled / max(len(truths), 1), len(truths), "of all that lay there", f"vision.locate_all_{camera}", "share"
        ),
        Figure(
            unsaid / max(len(reported), 1),
            len(reported),
            f"of the answers, not said to be in doubt; {len(false) - unsaid} more were",
            f"vision.locate_false_{camera}",
            "share",
        ),
        Figure(
            percentile(took, 0.95),
            len(took),
            f"to hold: 1.5 or less; median {percentile(took, 0.5):.2f} s; 1280 x 720, look-alike looked for as well",
            f"vision.locate_p95_s_{camera}",
            "s",
        ),
    ]


def _reached(answer: Located, scene: Scene, which: int) -> bool:
    errors = [off(each.pose, scene.truth[which], scene.known) for each in answer.found]
    return any(m <= REACHED_M and rad <= REACHED_RAD for m, rad in errors)


async def _asked(folder: Path, camera: str, scenes: list[Scene]) -> list[tuple[Scene, Located, float]]:
    vision = VisionOpen3D(folder, noise_m={"top": MODELS[camera].sigma_m})
    await vision.warm_up()
    out = []
    for scene in scenes:
        began = time.perf_counter()
        answer = await vision.locate(scene.request, scene.shot)
        out.append((scene, answer, time.perf_counter() - began))
    await vision.close()
    return out
