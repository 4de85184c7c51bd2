"""`tandem vision gauge`: whether a camera can check a tolerance, by a gauge study (AIAG MSA)."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.cli.places import cell_file, settings
from orchestrator.core.errors import BadInput, TandemError, VisionError, known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.adapters.vision.study import Series
    from orchestrator.core.ports import CheckRequest
    from orchestrator.engine.gauge import Gauge

AXES = ("x", "y", "z", "about x", "about y", "about z")
console = Console(soft_wrap=True)
wide = Console() if Console().is_terminal else Console(width=120)


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
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Say how much of a tolerance the measuring itself takes: repeatability, reproducibility, distinct categories."""
    if bool(records) == bool(step):
        raise BadInput("A step or saved evidence is needed.", remedy="Name a step, or --from FOLDER.")
    if records:
        request, series = _saved(records)
    else:
        request, series = _embedded(
            step, product, option, cell, model, nest - 1, units, shots, seed, instructions=instructions
        )
    found = report(request, series)
    if as_json:
        typer.echo(json.dumps([_plain(row, axis) for axis, row in found.items()], indent=1))
        return
    _print(request, series, found)


def report(request: CheckRequest, series: Mapping[str, Series]) -> dict[int, Gauge]:
    """Return the study of each axis that was measured; cameras are the appraisers. m and rad."""
    from orchestrator.adapters.vision.study import together
    from orchestrator.engine.gauge import study

    values = together(series)
    widths = [2 * limit for limit in (*request.within_m, *request.within_rad)]
    axes = range(5 if request.part.symmetry_z == 0 else 6)
    return {axis: study(values[..., axis], widths[axis]) for axis in axes}


def _embedded(
    step_id: str,
    product: str,
    option: list[str],
    cell: str,
    model: str,
    nest: int,
    units: int,
    shots: int,
    seed: int,
    *,
    instructions: Path | None,
) -> tuple[CheckRequest, dict[str, Series]]:
    from orchestrator.adapters.camera_sim import setup_of
    from orchestrator.adapters.sim.depth import MODELS
    from orchestrator.adapters.vision.settings import VisionSettings
    from orchestrator.adapters.vision.study import shoot_units
    from orchestrator.engine.eyes import Eyes
    from orchestrator.engine.library import Library
    from orchestrator.engine.nominal import UNIT, Nobody, nominal

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
    if model and model not in MODELS:
        raise known("camera model", model, MODELS)
    setups = {name: setup_of(spec, name) for name in spec.fixed_cameras}
    if model:
        setups = {name: dataclasses.replace(setup, noise=MODELS[model]) for name, setup in setups.items()}
    eyes = Eyes(dict.fromkeys(setups, Nobody()), Nobody(), library.kinds)
    state = nominal(variant, found, spec, nest)
    request = eyes.request(state, UNIT, found)
    series: dict[str, Series] = {}
    failed: VisionError | None = None
    for name in eyes.looking(state, request.part.pose):
        try:
            series[name] = shoot_units(
                setups[name], request, base.instructions, VisionSettings(), units=units, shots=shots, seed=seed
            )
        except VisionError as error:
            if error.code != "no_pose":
                raise
            failed = error
    if not series:
        assert failed is not None
        raise failed
    return request, series


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
