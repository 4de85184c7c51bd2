"""`tandem vision teach | taught | forget`: golden samples, what good units teach of a result as a camera sees it."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from orchestrator.cli import evidence as kept
from orchestrator.cli.places import cell_file, data_home, settings
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import BadInput, NotFound, TandemError, known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orchestrator.adapters.golden_store import GoldenStore
    from orchestrator.adapters.vision.evidence import Evidence
    from orchestrator.core.cell import CameraSpec
    from orchestrator.core.golden import Golden
    from orchestrator.core.variant import Step, Variant
    from orchestrator.engine.golden import Sample
    from orchestrator.engine.library import Library

Key = tuple[str, str, str]  # step, kind, camera
Found = dict[Key, tuple[list["Sample"], dict[str, str]]]  # what teaches, and what doesn't with the reason

AWAY_M, AWAY_RAD = 0.002, 0.002  # a camera whose pose has changed by more has been moved since
AXES = ("x", "y", "z", "about x", "about y", "about z")
CELL = typer.Option("demo", help="The cell: a YAML file, or the name of one that ships with Tandem.")
DATA = typer.Option(None, help="The cell's data folder; golden samples go below it.")
PRODUCT = typer.Option("gear_reducer", help="The product.")
INSTRUCTIONS = typer.Option(None, help="The folder with the products.")
console = Terminal(soft_wrap=True)
wide = Terminal() if Terminal().is_terminal else Terminal(width=120)


def register(app: typer.Typer) -> None:
    """Add the commands to `tandem vision`."""
    app.command("teach")(teach)
    app.command("taught")(taught)
    app.command("forget")(forget)


def teach(
    step: str = typer.Argument(help="The step whose result good units show."),
    records: list[Path] = typer.Option([], "--from", help="Evidence of good units: a record, or a folder of them."),
    unit: list[str] = typer.Option([], help="A unit that is good, whatever the camera said; several may be given."),
    simulate: int = typer.Option(0, min=0, max=200, help="So many shots by the embedded cell's cameras instead."),
    product: str = PRODUCT,
    option: list[str] = typer.Option(
        [], help="With --simulate a product option, as name=value; else each one's first."
    ),
    cell: str = CELL,
    data: Path | None = DATA,
    instructions: Path | None = INSTRUCTIONS,
    seed: int = typer.Option(1, help="With --simulate decides everything that is random."),
    by: str = typer.Option("local", help="Who teaches."),
    accept: bool = typer.Option(True, help="Let it count at once; --no-accept only says what would be learned."),
) -> None:
    """Learn where a camera finds good units and how much its shots scatter, from at least five shots.

    Without --from and --simulate the evidence in the cell's journal is taken: checks that said ok, and all of --unit.
    """
    from orchestrator.core.golden import Lesson
    from orchestrator.engine.golden import learn
    from orchestrator.engine.library import Library

    base = settings(cell, data=None, instructions=instructions)
    library = Library(base.instructions, cell_file(cell))
    spec = library.cell
    assert spec is not None
    place = data or data_home() / base.cell.stem
    if simulate:
        found = _simulated(library, base.instructions, product, step, option, simulate, seed)
    else:
        found = _saved(library, product, step, _chosen(records, unit, step, cell, data), place)
    digest = _procedure(base.instructions, product)
    store = _store(place)
    learned: list[Golden] = []
    for (name, kind, camera), (samples, refused) in found.items():
        of = Lesson(
            product=product,
            step=name,
            kind=kind,
            camera=camera,
            mesh_sha256=library.kinds(product)[kind].mesh_sha256,
            procedure_sha256=digest,
            calibration=_calibration(place, camera) or spec.sha256,
        )
        learned.append(learn(of, samples, refused, t=time.time(), by=by))
    for golden in learned:
        _print(golden)
        if accept:
            store.keep(golden)
            text = f"Golden sample {golden.id} of {golden.of.step} by {golden.of.camera} counts from now on."
            console.print(text, style="green", highlight=False)


def taught(
    product: str = PRODUCT, cell: str = CELL, data: Path | None = DATA, instructions: Path | None = INSTRUCTIONS
) -> None:
    """Show the golden samples that count, and those that no longer do, with the reason."""
    from orchestrator.engine.library import Library

    base = settings(cell, data=None, instructions=instructions)
    library = Library(base.instructions, cell_file(cell))
    place = data or data_home() / base.cell.stem
    held = [golden for golden in _store(place).all() if golden.of.product == product]
    if not held:
        raise NotFound(f"Nothing was taught of {product}.", remedy="`tandem vision teach STEP` learns from good units.")
    for golden in held:
        _print(golden)
        if why := stale(golden, library, _procedure(base.instructions, product), _calibration(place, golden.of.camera)):
            console.print(f"It is not used: {why} has changed since. Teach again.", style="yellow", highlight=False)


def forget(
    step: str = typer.Argument(help="The step whose golden samples shall count no more."),
    product: str = PRODUCT,
    cell: str = CELL,
    data: Path | None = DATA,
) -> None:
    """Let golden samples count no more. Their files stay, as evidence names them."""
    store = _store(data or data_home() / cell_file(cell).stem)
    gone = [golden for golden in store.all() if golden.of.product == product and _names(step, golden.of.step)]
    if not gone:
        raise NotFound(f"Nothing was taught of step '{step}'.", remedy="`tandem vision taught` shows what was.")
    for golden in gone:
        store.forget(golden.of.key)
        console.print(f"Golden sample {golden.id} of {golden.of.step} by {golden.of.camera} is forgotten.")


def stale(golden: Golden, library: Library, procedure: str, calibration: str) -> str:
    """Say what has changed since a golden sample was taught, "" where it counts still."""
    spec, kinds = library.cell, library.kinds(golden.of.product)
    assert spec is not None
    if golden.of.kind not in kinds:
        return "the part"
    now = {
        "mesh_sha256": kinds[golden.of.kind].mesh_sha256,
        "procedure_sha256": procedure,
        "calibration": calibration or spec.sha256,
    }
    return golden.of.changed(golden.of.model_copy(update=now))


def _names(given: str, step: str) -> bool:
    return step == given or step.startswith(f"{given}@")


def _store(place: Path) -> GoldenStore:
    from orchestrator.adapters.golden_store import GoldenStore

    return GoldenStore(place / "golden")


def _calibration(place: Path, camera: str) -> str:
    from orchestrator.adapters.calibration.store import CalibrationStore

    current = CalibrationStore(place / "calibration").current(camera)
    return current.id if current is not None else ""


def _procedure(root: Path, product: str) -> str:
    from orchestrator.engine.yaml_source import read_source

    return read_source(root / product / "procedure.yaml").sha256


def _chosen(
    records: Sequence[Path], units: Sequence[str], step: str, cell: str, data: Path | None
) -> list[tuple[Path, bool]]:
    """Return records, and of each whether somebody vouches for the unit, whatever the camera said."""
    from orchestrator.cli.check_shot import found_records

    if records:
        return [(path, True) for path in found_records(records)]
    base = kept.folder(cell, data)
    found = [
        (base / "evidence" / path, name in units)
        for name, of, path in kept.checks(base)
        if _names(step, of) and (not units or name in units)
    ]
    if not found:
        raise NotFound(f"No evidence of step '{step}'.", remedy="Build units first, or name evidence with --from.")
    return found


def _saved(library: Library, product: str, step: str, records: Iterable[tuple[Path, bool]], place: Path) -> Found:
    from orchestrator.adapters.vision.evidence import read
    from orchestrator.engine.golden import sample

    spec = library.cell
    assert spec is not None
    kinds = {one.mesh: kind for kind, one in library.kinds(product).items() if one.mesh}
    found: Found = {}
    for path, vouched in records:
        evidence = read(path)
        name = evidence.request.effect.split("/")[1] if "/" in evidence.request.effect else ""
        kind, camera = kinds.get(evidence.request.part.mesh), evidence.crop.camera
        if not _names(step, name) or kind is None or camera not in spec.cameras:
            continue
        samples, refused = found.setdefault((name, kind, camera), ([], {}))
        why = _unusable(evidence, library.kinds(product)[kind].mesh_sha256, spec.cameras[camera])
        if not why and evidence.calibration != _calibration(place, camera):
            why = "it was taken with another calibration"
        if not why and not vouched and evidence.check.verdict != "ok":
            why = f"the verdict was {evidence.check.verdict}, and nobody says that the unit is good (--unit)"
        one = why or sample(evidence.name[:12], evidence.request, evidence.check)
        if isinstance(one, str):
            refused[evidence.name[:12]] = one
        else:
            samples.append(one)
    if not found:
        raise NotFound(f"No evidence of step '{step}' of {product}.", remedy="Name the step as the procedure does.")
    return found


def _unusable(evidence: Evidence, mesh_sha256: str, camera: CameraSpec) -> str:
    """Return why a record teaches nothing about how things are now, "" where it does."""
    from orchestrator.core.geometry import deviation

    if evidence.meshes.get(evidence.request.part.mesh) != mesh_sha256:
        return "the mesh has changed since"
    moved = deviation(evidence.crop.pose, camera.at)
    away = moved.distance_m > AWAY_M or math.hypot(*moved.rot_rad) > AWAY_RAD
    return "the camera has been moved since" if not evidence.calibration and camera.fixed and away else ""


def _simulated(
    library: Library, root: Path, product: str, step: str, option: Sequence[str], shots: int, seed: int
) -> Found:
    """Take shots of units that stand exactly where they should, by the camera that is placed best."""
    from orchestrator.adapters.camera_sim import setup_of
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.adapters.vision.study import judged_shots
    from orchestrator.engine.eyes import Eyes
    from orchestrator.engine.golden import sample
    from orchestrator.engine.nominal import UNIT, Nobody, as_checked, nominal

    spec = library.cell
    assert spec is not None
    variant = _variant(library, product, option)
    eyes = Eyes(dict.fromkeys(spec.fixed_cameras, Nobody()), Nobody(), library.kinds)
    found: Found = {}
    for one in _steps(variant, step):
        state = as_checked(nominal(variant, one, spec), variant, one)
        request = eyes.request(state, UNIT, one)
        camera = one.look.camera if one.look is not None else eyes.looking(state, request.part.pose)[0]
        samples: list[Sample] = []
        refused: dict[str, str] = {}
        checks = judged_shots(setup_of(spec, camera), request, root, VisionSettings(), shots=shots, seed=seed)
        for number, check in enumerate(asyncio.run(checks), start=1):
            taken = sample(f"shot {number}", request, check)
            if isinstance(taken, str):
                refused[f"shot {number}"] = taken
            else:
                samples.append(taken)
        found[one.id, one.result.kind or "", camera] = (samples, refused)
    return found


def _variant(library: Library, product: str, option: Sequence[str]) -> Variant:
    given = {}
    for text in option:
        name, equals, value = text.partition("=")
        if not equals:
            raise TandemError(f"'{text}' is no option.", remedy="Write it as name=value, for example ratio=10.")
        given[name] = value
    chosen = {name: str(values[0]) for name, values in library.procedure(product).options.items()}
    return library.variant(product, {**chosen, **given})


def _steps(variant: Variant, step: str) -> list[Step]:
    found = [one for one in variant.steps if _names(step, one.id)]
    if not found:
        raise known("step", step, dict.fromkeys(one.group for one in variant.steps))
    if "camera" not in found[0].check:
        raise BadInput(f"No camera checks step '{step}'.", remedy="Name a step whose check is a camera's.")
    return found


def _print(golden: Golden) -> None:
    of, count = golden.of, len(golden.shots)
    console.print(
        f"{of.camera} on {of.step} ({of.kind}): {count} shots count, {len(golden.left_out)} don't.", highlight=False
    )
    for name, why in golden.left_out.items():
        console.print(f"  {name}: {why.rstrip('.')}.", markup=False, highlight=False)
    table = Table("axis", "good units lie at", "known to ±", "single shots scatter ±")
    rows = zip(
        (*golden.offset_m, *golden.offset_rad),
        (*golden.mean_m, *golden.mean_rad),
        (*golden.scatter_m, *golden.scatter_rad),
        strict=True,
    )
    for axis, (offset, mean, scatter) in enumerate(rows):
        scale, unit = (1000.0, "mm") if axis < 3 else (math.degrees(1), "°")
        table.add_row(
            AXES[axis], f"{offset * scale:+.3f} {unit}", f"{mean * scale:.3f} {unit}", f"{scatter * scale:.3f} {unit}"
        )
    wide.print(table)
