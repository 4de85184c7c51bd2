"""`tandem vision gauge`: whether a camera can check a tolerance, by a gauge study (AIAG MSA)."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from orchestrator.cli.places import cell_file, data_home, settings
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import BadInput, TandemError, VisionError, known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.adapters.vision.study import Series
    from orchestrator.core.cell import CellSpec
    from orchestrator.core.ports import CheckRequest
    from orchestrator.core.variant import Step, Variant
    from orchestrator.engine.eyes import Eyes
    from orchestrator.engine.gauge import Gauge
    from orchestrator.engine.library import Library

NESTS = 8  # interchangeable ones that evidence may be of
SAME_M = 0.02  # evidence of a result that lies so near to where a nest would have it is of that nest
AXES = ("x", "y", "z", "about x", "about y", "about z")
console = Terminal(soft_wrap=True)
wide = Terminal() if Terminal().is_terminal else Terminal(width=120)


def register(app: typer.Typer) -> None:
    """Add the command to `tandem vision`."""
    app.command("gauge")(gauge)


def gauge(
    step: str = typer.Argument("", help="The step whose result is looked at; its tolerance is what counts."),
    records: list[Path] = typer.Option([], "--from", help="Saved evidence instead: a record, or a folder of them."),
    product: str = typer.Option("gear_reducer", help="The product."),
    option: list[str] = typer.Option([], help="A product option, as name=value; else each one's first."),
    cell: str = typer.Option("demo", help="The cell: a YAML file, or the name of one that ships with Tandem."),
    model: str = typer.Option("", help="Another model of camera at the same place: structured_light, stereo."),
    nest: int = typer.Option(1, min=1, help="Which of the interchangeable nests."),
    units: int = typer.Option(10, min=2, max=200, help="Units, each placed a little otherwise."),
    shots: int = typer.Option(3, min=2, max=200, help="Shots of each unit."),
    seed: int = typer.Option(1, help="Decides everything that is random."),
    instructions: Path | None = typer.Option(None, help="The folder with the products."),
    data: Path | None = typer.Option(None, help="The cell's data folder; `tandem check` reads studies from there."),
    keep: bool = typer.Option(True, help="Keep the study for `tandem check`; never one of another model of camera."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Say how much of a tolerance the measuring itself takes: repeatability, reproducibility, distinct categories."""
    if bool(records) == bool(step):
        raise BadInput("A step or saved evidence is needed.", remedy="Name a step, or --from FOLDER.")
    place = data or data_home() / cell_file(cell).stem
    if records:
        request, series = _saved(records)
        found = report(request, series)
        bench = _bench_of(request, product, option, cell, instructions=instructions) if keep else None
    else:
        bench = _Bench.of(step, product, option, cell, nest - 1, instructions=instructions)
        request, series = bench.request, _embedded(bench, model, units, shots, seed)
        found = report(request, series)
        bench = bench if keep and not model else None
    if bench is not None:
        bench.keep(place, series, found)
    if as_json:
        typer.echo(json.dumps([_plain(row, axis) for axis, row in found.items()], indent=1))
        return
    _print(request, series, found)
    if bench is not None:
        console.print("Kept: `tandem check` counts with it from now on.", style="green", highlight=False)


def report(request: CheckRequest, series: Mapping[str, Series]) -> dict[int, Gauge]:
    """Return the study of each axis that was measured; cameras are the appraisers. m and rad."""
    from orchestrator.adapters.vision.study import together
    from orchestrator.engine.gauge import study

    values = together(series)
    widths = [2 * limit for limit in (*request.within_m, *request.within_rad)]
    axes = range(5 if request.part.symmetry_z == 0 else 6)
    return {axis: study(values[..., axis], widths[axis]) for axis in axes}


@dataclasses.dataclass(frozen=True)
class _Bench:
    """What is studied: a step's result in one nest, as its check would look at it."""

    library: Library
    root: Path
    variant: Variant
    step: Step
    eyes: Eyes
    request: CheckRequest
    cameras: list[str]

    @classmethod
    def of(
        cls, step_id: str, product: str, option: list[str], cell: str, nest: int, *, instructions: Path | None
    ) -> _Bench:
        from orchestrator.engine.eyes import Eyes
        from orchestrator.engine.library import Library
        from orchestrator.engine.nominal import UNIT, Nobody, as_checked, nominal

        base = settings(cell, data=None, instructions=instructions)
        library = Library(base.instructions, cell_file(cell))
        spec = library.cell
        assert spec is not None
        given = dict(_pair(text) for text in option)
        chosen = {name: given.get(name, str(values[0])) for name, values in library.procedure(product).options.items()}
        variant = library.variant(product, {**chosen, **given})
        found = next((one for one in variant.steps if step_id in {one.id, one.group}), None)
        if found is None:
            raise known("step", step_id, dict.fromkeys(one.group for one in variant.steps))
        eyes = Eyes(dict.fromkeys(spec.fixed_cameras, Nobody()), Nobody(), library.kinds)
        state = as_checked(nominal(variant, found, spec, nest), variant, found)
        request = eyes.request(state, UNIT, found)
        names = [found.look.camera] if found.look is not None else eyes.looking(state, request.part.pose)
        return cls(library, base.instructions, variant, found, eyes, request, names)

    @property
    def cell(self) -> CellSpec:
        assert self.library.cell is not None
        return self.library.cell

    def keep(self, place: Path, series: Mapping[str, Series], found: Mapping[int, Gauge]) -> None:
        """Keep a study below the cell's data folder, for each camera that took part."""
        from orchestrator.adapters.calibration.store import CalibrationStore
        from orchestrator.adapters.gauge_store import GaugeStore
        from orchestrator.core.gauged import Gauged, view_of

        kinds = self.library.kinds(self.variant.product).values()
        view = view_of(self.request, {kind.mesh: kind.mesh_sha256 for kind in kinds})
        shape = min((one.values.shape for one in series.values()), key=lambda shape: shape[:2])
        for camera in series:
            current = CalibrationStore(place / "calibration").current(camera)
            study = Gauged(
                product=self.variant.product,
                step=self.step.id,
                camera=camera,
                view=view,
                calibration=current.id if current is not None else self.cell.sha256,
                axes=tuple(found),
                ev=_six(found, "ev"),
                av=_six(found, "av"),
                pv=_six(found, "pv"),
                units=shape[0],
                shots=shape[1],
                made_t=time.time(),
            )
            GaugeStore(place / "gauge").keep(study)


def _six(found: Mapping[int, Gauge], name: str) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (round(getattr(found[axis], name), 9) if axis in found else 0.0 for axis in range(6))
    return (a, b, c, d, e, f)


def _bench_of(
    request: CheckRequest, product: str, option: list[str], cell: str, *, instructions: Path | None
) -> _Bench | None:
    """Return what saved evidence is of in this cell and product, None where it is of neither."""
    step = request.effect.split("/")[1] if "/" in request.effect else ""
    for nest in range(NESTS):
        try:
            bench = _Bench.of(step, product, option, cell, nest, instructions=instructions)
        except TandemError:
            return None
        away = math.dist(bench.request.part.pose.p, request.part.pose.p)
        if bench.request.part.mesh == request.part.mesh and away < SAME_M:
            return bench
    return None


def _embedded(bench: _Bench, model: str, units: int, shots: int, seed: int) -> dict[str, Series]:
    from orchestrator.adapters.camera_sim import setup_of
    from orchestrator.adapters.sim.depth import MODELS
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.adapters.vision.study import shoot_units

    if model and model not in MODELS:
        raise known("camera model", model, MODELS)
    series: dict[str, Series] = {}
    failed: VisionError | None = None
    for name in bench.cameras:
        if name not in bench.cell.fixed_cameras:
            raise BadInput(
                f"Camera '{name}' sits on the flange: the embedded cell takes no series of pictures with it.",
                remedy="Study what it has seen: --from FOLDER.",
            )
        setup = setup_of(bench.cell, name)
        if model:
            setup = dataclasses.replace(setup, noise=MODELS[model])
        try:
            series[name] = shoot_units(
                setup, bench.request, bench.root, VisionSettings(), units=units, shots=shots, seed=seed
            )
        except VisionError as error:
            if error.code != "no_pose":
                raise
            failed = error
    if not series:
        assert failed is not None
        raise failed
    return series


def _saved(records: list[Path]) -> tuple[CheckRequest, dict[str, Series]]:
    from orchestrator.adapters.vision.evidence import read
    from orchestrator.adapters.vision.study import from_evidence
    from orchestrator.cli.check_shot import found_records

    kept = [read(path) for path in found_records(records)]
    kinds = {(one.request.part.mesh, one.request.within_m, one.request.within_rad) for one in kept}
    if len(kinds) > 1:
        raise BadInput(
            "These records are of several parts, or of several tolerances.",
            remedy="Give records of one step alone; `tandem check-shot --step` lists them.",
        )
    return kept[0].request, from_evidence((one, one.check) for one in kept)


def _print(request: CheckRequest, series: Mapping[str, Series], found: Mapping[int, Gauge]) -> None:
    for one in series.values():
        parts, shots, _ = one.values.shape
        again = f" {one.lost} more gave no deviation and don't count." if one.lost else ""
        console.print(
            f"{one.camera} sees {request.part.id.partition('/')[2] or request.part.id} at {one.distance_m:.2f} m: "
            f"{parts} units x {shots} shots; the judge claims ± "
            f"{', '.join(f'{v * 1000:.3f}' for v in one.claimed_m)} mm (one sigma, x y z).{again}",
            highlight=False,
        )
    table = Table("axis", "EV", "AV", "GRR", "PV", "allowed ±", "% of tolerance", "ndc", "verdict")
    for axis, row in found.items():
        scale, unit = (1000.0, "mm") if axis < 3 else (math.degrees(1), "°")
        numbers = [f"{v * scale:.3f}" for v in (row.ev, row.av, row.grr, row.pv)]
        allowed = f"{row.tolerance / 2 * scale:.2f} {unit}"
        table.add_row(AXES[axis], *numbers, allowed, f"{row.of_tolerance:.1f}", str(row.ndc), row.band)
    wide.print(table)
    worst = max(found, key=lambda axis: found[axis].of_tolerance)
    row = found[worst]
    scale, unit = (1000.0, "mm") if worst < 3 else (math.degrees(1), "°")
    needs = f"± {row.least_tolerance / 2 * scale:.2f} {unit}"
    said = {
        "good": f"This tolerance can be checked so; {AXES[worst]} takes most of it.",
        "conditional": f"{AXES[worst]} is conditional: it can be checked, at the cost of false rejects near the limit.",
        "not suitable": f"{AXES[worst]} can't be checked so: widen it to {needs}, or bring the camera nearer.",
    }
    console.print(said[row.band], highlight=False)


def _plain(row: Gauge, axis: int) -> dict[str, Any]:
    return {
        "axis": AXES[axis],
        "unit": "m" if axis < 3 else "rad",
        **dataclasses.asdict(row),
        "grr": row.grr,
        "of_tolerance": row.of_tolerance,
        "of_variation": row.of_variation,
        "ndc": row.ndc,
        "band": row.band,
    }


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise TandemError(f"'{text}' is no option.", remedy="Write it as name=value, for example ratio=10.")
    return name, value
