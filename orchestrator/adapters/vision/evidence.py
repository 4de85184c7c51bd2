"""What a check saw, kept for people who doubt it: everything that it takes to judge the picture anew.

A record is a folder below the evidence folder, `ab/ab12…`: `record.json` with request, verdict, settings, calibration
and versions; `depth.npz`; `deviation.png`. Its name is the SHA-256 of `record.json`, which holds those of the other
files and of the meshes, so one name answers for all, and the same check of the same picture is kept once. Meshes are
kept beside the records, each once, as `meshes/<sha256>.glb`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import io
import json
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from orchestrator import __version__
from orchestrator.adapters.vision.picture import draw
from orchestrator.adapters.vision.place import Crop
from orchestrator.adapters.vision.plain import from_plain, to_plain
from orchestrator.adapters.vision.settings import VisionSettings
from orchestrator.core.errors import VisionError
from orchestrator.core.ports import Check, CheckRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from orchestrator.adapters.vision.judge import Judged

    Mask = npt.NDArray[np.bool_]

FORMAT = 1
RECORD, ARRAYS, PICTURE = "record.json", "depth.npz", "deviation.png"
MESHES = "meshes"


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """A record that was read: what was asked, what was seen, how it was judged, and with what.

    `meshes` gives the SHA-256 of each mesh by its path below instructions/, `software` the versions, `name` the
    record's own hash.
    """

    name: str
    request: CheckRequest
    crop: Crop
    check: Check
    settings: VisionSettings
    calibration: str = ""
    meshes: Mapping[str, str] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=dict)


def keep(
    root: Path,
    request: CheckRequest,
    crop: Crop,
    judged: Judged,
    settings: VisionSettings,
    *,
    meshes: Path,
    calibration: str = "",
    found: Mask | None = None,
) -> str:
    """Write one record and return its path below `root`. `meshes` is the folder that mesh paths are below.

    `found` marks the pixels (height, width) of the region where the part was found, for the picture.
    """
    crop_fields, crop_arrays = to_plain(crop)
    arrays = {
        **{f"crop_{name}": values for name, values in crop_arrays.items()},
        "expected_m": judged.expected,
        "without_part_m": judged.without_part,
    }
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    files = {ARRAYS: packed.getvalue()}
    if judged.depth.size:
        files[PICTURE] = draw(request, judged, found)
    used = sorted({thing.mesh for thing in (request.part, *request.around, *request.look_alikes, *request.datum)})
    content = {
        "format": FORMAT,
        "request": to_plain(request)[0],
        "crop": crop_fields,
        "check": to_plain(dataclasses.replace(judged.check, evidence=""))[0],
        "region": to_plain(judged.region)[0] if judged.region else None,
        "settings": to_plain(settings)[0],
        "calibration": calibration,
        "software": {"tandem": __version__, "open3d": _version("open3d-cpu"), "numpy": np.__version__},
        "meshes": {mesh: _kept_mesh(root, meshes / mesh) for mesh in used},
        "files": {name: _sha256(data) for name, data in files.items()},
    }
    record = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False).encode()
    digest = _sha256(record)
    name = f"{digest[:2]}/{digest}"
    target = root / name
    if not (target / ARRAYS).exists():
        _write(root, target, {RECORD: record, **files})
    return name


def read(folder: Path) -> Evidence:
    """Read a record, given its folder or a file in it, and check every hash.

    Raises:
        VisionError: nothing is there (no_evidence), its pictures were removed (evidence_removed), it was changed
            (evidence_changed), or this version does not know its format (bad_evidence).
    """
    folder = folder if folder.is_dir() else folder.parent
    name, content = read_record(folder)
    for file, digest in content["files"].items():
        path = folder / file
        if not path.is_file():
            raise VisionError(
                f"The {file} of evidence {name[:12]} was removed.",
                remedy="Its verdict is in record.json and in the journal; it can't be replayed.",
                code="evidence_removed",
            )
        if _sha256(path.read_bytes()) != digest:
            raise _changed(name, file)
    with np.load(folder / ARRAYS, allow_pickle=False) as held:
        arrays = {key.removeprefix("crop_"): held[key] for key in held.files if key.startswith("crop_")}
    return Evidence(
        name=name,
        request=from_plain(CheckRequest, content["request"]),
        crop=from_plain(Crop, content["crop"], arrays),
        check=from_plain(Check, content["check"]),
        settings=from_plain(VisionSettings, content["settings"]),
        calibration=content["calibration"],
        meshes=content["meshes"],
        software=content["software"],
    )


def read_record(folder: Path) -> tuple[str, dict[str, Any]]:
    """Read a record's JSON alone, which stays when pictures are removed; returns its hash and content. As `read`."""
    path = folder / RECORD
    if not path.is_file():
        raise VisionError(
            f"There is no evidence at '{folder}'.", remedy="Name a folder that holds record.json.", code="no_evidence"
        )
    data = path.read_bytes()
    digest = _sha256(data)
    if len(folder.resolve().name) == len(digest) and folder.resolve().name != digest:
        raise _changed(folder.resolve().name, RECORD)
    try:
        content: dict[str, Any] = json.loads(data)
        version = content["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise VisionError(f"'{path}' is no evidence.", remedy="Name another file.", code="bad_evidence") from error
    if version != FORMAT:
        raise VisionError(
            f"'{path}' has format {version}.", remedy=f"This version reads format {FORMAT}.", code="bad_evidence"
        )
    return digest, content


def _changed(name: str, file: str) -> VisionError:
    return VisionError(
        f"The {file} of evidence {name[:12]} is not what was written.",
        remedy="Restore it from a backup; it proves nothing as it is.",
        code="evidence_changed",
    )


def _kept_mesh(root: Path, mesh: Path) -> str:
    data = mesh.read_bytes()
    digest = _sha256(data)
    target = root / MESHES / f"{digest}{mesh.suffix}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".new-", delete=False) as scratch:
            try:
                scratch.write(data)
                scratch.flush()
            except OSError:
                Path(scratch.name).unlink()
                raise
        Path(scratch.name).replace(target)
    return digest


def _write(root: Path, target: Path, files: Mapping[str, bytes]) -> None:
    """Put a whole folder in its place at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=root, prefix=".new-"))
    try:
        for name, data in files.items():
            (scratch / name).write_bytes(data)
    except OSError:  # nothing half-written stays, which would only fill the disk more
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    scratch.chmod(0o755)
    if target.exists():  # its pictures were removed: the record is the same
        for name in files:
            (scratch / name).replace(target / name)
        shutil.rmtree(scratch, ignore_errors=True)
        return
    try:
        scratch.replace(target)
    except OSError:  # another process kept the same record meanwhile
        shutil.rmtree(scratch, ignore_errors=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
