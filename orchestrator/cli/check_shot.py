"""`tandem check-shot`: saved shots judged anew, with their own thresholds or with others."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table

from orchestrator.app import shared
from orchestrator.cli import evidence as kept
from orchestrator.cli.places import existing
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import NotFound, VisionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.adapters.vision.render import Solids
    from orchestrator.adapters.vision.replay import Change, Shot
    from orchestrator.core.ports import Check

VERDICTS = ("ok", "displaced", "missing", "flipped", "wrong", "cannot_see")
console = Terminal(soft_wrap=True)
wide = Terminal() if Terminal().is_terminal else Terminal(width=160)


def check_shot(
    files: list[Path] = typer.Argument(None, help="Records, or folders of them."),
    within_mm: str = typer.Option("", help="Another tolerance in mm: one number, or x,y,z."),
    within_deg: str = typer.Option("", help="Another tolerance in degrees: one number, or x,y,z."),
    set_: list[str] = typer.Option([], "--set", help="Another setting, as name=value; several may be given."),
    vary: str = typer.Option("", help="Count verdicts over a row of values: within_mm=0.5:3, or within_mm=0.5:3:11."),
    unit: str = typer.Option("", help="All checks of a unit, from the cell's journal."),
    step: str = typer.Option("", help="All checks of a step, from the cell's journal."),
    cell: str = typer.Option("demo", help="The cell whose journal is meant."),
    data: Path | None = typer.Option(None, help="The folder with journal and evidence."),
    instructions: Path | None = typer.Option(None, help="The folder with the products, for meshes."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Judge saved shots anew and say what they were then and are now."""
    from orchestrator.adapters.vision import replay
    from orchestrator.adapters.vision.render import Solids

    given = [
        *set_,
        *([f"within_mm={within_mm}"] if within_mm else []),
        *([f"within_deg={within_deg}"] if within_deg else []),
    ]
    changes = dict(replay.parse(text) for text in given)
    row = replay.parse_row(vary) if vary else None
    base = existing(instructions) if instructions is not None else shared("instructions")
    shots, left_out = _load(_records(files or [], unit, step, cell, data), base)
    solids = Solids(Path("/"))
    if row is not None:
        _vary(shots, changes, row, solids, as_json=as_json)
    else:
        _compare(shots, changes, solids, as_json=as_json)
    if not as_json:
        for text in dict.fromkeys([*(note for shot in shots for note in shot.notes), *left_out]):
            console.print(text, markup=False, highlight=False)


def _records(files: Sequence[Path], unit: str, step: str, cell: str, data: Path | None) -> list[Path]:
    from orchestrator.adapters.vision.archive import records

    found = found_records(files)
    if unit or step:
        base = kept.folder(cell, data)
        found += [
            base / "evidence" / path
            for name, of, path in kept.checks(base)
            if (not unit or name == unit) and (not step or of == step or of.startswith(f"{step}@"))
        ]
    elif not files:
        found = list(records(kept.folder(cell, data) / "evidence"))
    if not found:
        what = (
            " and ".join([*([f"unit '{unit}'"] if unit else []), *([f"step '{step}'"] if step else [])]) or "anything"
        )
        raise NotFound(f"No evidence of {what}.", remedy="Name a record's folder, or the data folder with --data.")
    return list(dict.fromkeys(found))


def found_records(files: Sequence[Path]) -> list[Path]:
    """Return the records that paths name: folders of records, records, or files in one. Raises NotFound."""
    found: list[Path] = []
    for file in files:
        if (file / "record.json").is_file() or file.is_file():
            found.append(file if file.is_dir() else file.parent)
        elif file.is_dir():
            found += [path.parent for path in sorted(file.rglob("record.json"))]
        else:
            raise NotFound(f"There is no record '{file}'.", remedy="Name a record's folder, or one that holds some.")
    return found


def _load(records: Sequence[Path], instructions: Path) -> tuple[list[Shot], list[str]]:
    """Read records; of several, those whose pictures were removed are left out with a word."""
    from orchestrator.adapters.vision import replay

    shots, left_out = [], []
    for record in records:
        try:
            shots.append(replay.load(record, instructions))
        except VisionError as error:
            if len(records) == 1 or error.code != "evidence_removed":
                raise
            left_out.append(f"Left out: {error.message}")
    if not shots:
        raise NotFound("None of these shots can be judged anew.", remedy=left_out[0])
    return shots, left_out


def _compare(shots: Sequence[Shot], changes: Mapping[str, Change], solids: Solids, *, as_json: bool) -> None:
    from orchestrator.adapters.vision.replay import rejudge

    rows = [(shot, rejudge(shot, changes, solids)) for shot in shots]
    if as_json:
        out = [
            {
                "evidence": shot.evidence.name,
                "effect": shot.evidence.request.effect,
                "part": shot.evidence.request.part.id,
                "camera": shot.evidence.crop.camera,
                "calibration": shot.evidence.calibration,
                "then": _plain(shot.evidence.check),
                "now": _plain(now),
                "notes": list(shot.notes),
            }
            for shot, now in rows
        ]
        typer.echo(json.dumps(out, indent=1, ensure_ascii=False))
        return
    table = Table("evidence", "part", "camera", "then", "now", "deviation mm", "turn °", "± mm", "why")
    for shot, now in rows:
        then, mark = shot.evidence.check.verdict, "" if now.verdict == shot.evidence.check.verdict else " (!)"
        off = now.deviation
        table.add_row(
            shot.evidence.name[:12],
            shot.evidence.request.part.id,
            shot.evidence.crop.camera,
            then,
            now.verdict + mark,
            _three(off.xyz_m, 1000) if off else "",
            _three(off.rot_rad, math.degrees(1)) if off else "",
            _three(now.uncertainty_m, 1000, sign=False) if off else "",
            now.reason,
        )
    wide.print(table)
    changed = sum(now.verdict != shot.evidence.check.verdict for shot, now in rows)
    console.print(f"{len(rows)} shots, {changed} with another verdict than then.", highlight=False)


def _vary(
    shots: Sequence[Shot],
    changes: Mapping[str, Change],
    row: tuple[str, Sequence[float]],
    solids: Solids,
    *,
    as_json: bool,
) -> None:
    from orchestrator.adapters.vision.replay import rejudge

    name, values = row
    counts = [
        (value, Counter(str(rejudge(shot, {**changes, name: (value,)}, solids).verdict) for shot in shots))
        for value in values
    ]
    if as_json:
        typer.echo(json.dumps([{name: round(value, 9), **count} for value, count in counts], indent=1))
        return
    shown = [verdict for verdict in VERDICTS if any(count[verdict] for _, count in counts)]
    table = Table(name, *shown)
    for value, count in counts:
        table.add_row(f"{value:g}", *(str(count[verdict]) for verdict in shown))
    wide.print(table)


def _plain(check: Check) -> dict[str, Any]:
    from orchestrator.adapters.vision.plain import to_plain

    return to_plain(check)[0]


def _three(values: tuple[float, float, float], scale: float, *, sign: bool = True) -> str:
    return " ".join(f"{value * scale:{'+' if sign else ''}.2f}" for value in values)
