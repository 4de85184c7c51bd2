"""What a check saw, kept for people who doubt it: arrays, a picture of the deviation, the verdict.

A record is a folder named by the hash of its content, so the same check of the same picture is kept once.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.vision.judge import Judged
    from orchestrator.adapters.vision.place import Crop
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.core.ports import CheckRequest

SPAN_MM = 3.0  # deviations beyond it share the last colour
NEARER, AGREES, FARTHER, NO_DEPTH = (202, 90, 0), (247, 247, 247), (5, 83, 176), (60, 60, 60)
LEAST_WIDTH = 360  # pixels of the picture, so that its legend fits


def keep(root: Path, request: CheckRequest, crop: Crop, judged: Judged, settings: VisionSettings) -> str:
    """Write one record and return its path below `root`: depth.npz, deviation.png, verdict.json."""
    verdict = json.dumps(_verdict(request, crop, judged, settings), indent=1, sort_keys=True).encode()
    arrays = {"depth_m": judged.depth, "expected_m": judged.expected, "without_part_m": judged.without_part}
    digest = hashlib.sha256(verdict)
    for name, values in sorted(arrays.items()):
        digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
    name = f"{digest.hexdigest()[:2]}/{digest.hexdigest()[:32]}"
    target = root / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=root, prefix=".new-"))
        (scratch / "verdict.json").write_bytes(verdict)
        np.savez_compressed(scratch / "depth.npz", allow_pickle=False, **arrays)
        if judged.depth.size:
            (scratch / "deviation.png").write_bytes(picture(judged))
        scratch.chmod(0o755)
        try:
            scratch.replace(target)
        except OSError:  # another process kept the same record meanwhile
            shutil.rmtree(scratch, ignore_errors=True)
    return name


def _verdict(request: CheckRequest, crop: Crop, judged: Judged, settings: VisionSettings) -> dict[str, Any]:
    return {
        "request": dataclasses.asdict(request),
        "check": dataclasses.asdict(judged.check),
        "camera": {
            "name": crop.camera,
            "pose": dataclasses.asdict(crop.pose),
            "intrinsics": dataclasses.asdict(crop.intrinsics),
            "stamp": crop.stamp,
        },
        "region": dataclasses.asdict(judged.region) if judged.region else None,
        "settings": dataclasses.asdict(settings),
    }


def picture(judged: Judged) -> bytes:
    """Draw measured minus expected depth as PNG, with a legend in millimetres.

    Orange is nearer to the camera than expected, blue farther (a pair that colour-blind people tell apart), grey is
    without depth.
    """
    off_mm = (judged.depth - judged.expected) * 1000
    colours = _coloured(off_mm)
    colours[judged.depth <= 0] = NO_DEPTH
    scale = max(1, -(-LEAST_WIDTH // colours.shape[1]))
    body = Image.fromarray(colours).resize(
        (colours.shape[1] * scale, colours.shape[0] * scale), Image.Resampling.NEAREST
    )
    sheet = Image.new("RGB", (body.width, body.height + 62), (255, 255, 255))
    sheet.paste(body, (0, 0))
    draw = ImageDraw.Draw(sheet)
    ramp = _coloured(np.linspace(-SPAN_MM, SPAN_MM, body.width - 60)[None, :].repeat(12, axis=0))
    sheet.paste(Image.fromarray(ramp), (30, body.height + 22))
    draw.rectangle((29, body.height + 21, body.width - 30, body.height + 34), outline=(0, 0, 0))
    for value in (-SPAN_MM, 0.0, SPAN_MM):
        x = 30 + (value + SPAN_MM) / (2 * SPAN_MM) * (body.width - 60)
        draw.text((x, body.height + 37), f"{value:+.0f} mm" if value else "0", fill=(0, 0, 0), anchor="ma")
    draw.text((20, body.height + 6), "nearer than expected", fill=(0, 0, 0))
    draw.text((body.width - 20, body.height + 6), "farther", fill=(0, 0, 0), anchor="ra")
    draw.text((20, body.height + 48), f"verdict: {judged.check.verdict}; grey: no depth", fill=(0, 0, 0))
    out = io.BytesIO()
    sheet.save(out, format="PNG", compress_level=3)
    return out.getvalue()


def _coloured(off_mm: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    share = np.clip(off_mm / SPAN_MM, -1, 1)[..., None]
    toward = np.where(share < 0, np.array(NEARER, dtype=float), np.array(FARTHER, dtype=float))
    middle = np.array(AGREES, dtype=float)
    return np.asarray(middle + (toward - middle) * np.sqrt(np.abs(share)), dtype=np.uint8)
