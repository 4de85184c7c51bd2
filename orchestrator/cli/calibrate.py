"""`tandem calibrate`: leads through the calibration of one camera, and checks it."""

from __future__ import annotations

import asyncio
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from orchestrator.cli.places import data_home, existing, settings
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import BadInput, TandemError, VisionError, known
from orchestrator.engine.library import read_cell

if TYPE_CHECKING:
    from orchestrator.adapters.calibration.session import Session
    from orchestrator.adapters.calibration.store import CalibrationStore
    from orchestrator.core.calibration import BoardSpec, Calibration, Method
    from orchestrator.core.cell import CellSpec
    from orchestrator.core.geometry import Pose
    from orchestrator.core.settings import Settings

console = Terminal(soft_wrap=True)


class What(StrEnum):
    """What to do with a camera."""

    INTRINSICS = "intrinsics"
    EXTRINSICS = "extrinsics"
    HAND_EYE = "hand-eye"
    CHECK = "check"
    BOARD = "board"


def calibrate(
    camera: str = typer.Argument(help="The camera, as the cell file names it."),
    what: What = typer.Argument(
        help="intrinsics (the lens), then extrinsics or hand-eye (where it sits); check; board (the sheet to print)."
    ),
    cell: str = typer.Option("demo", help="The cell: a YAML file, or the name of one that ships with Tandem."),
    board: str | None = typer.Option(None, help="The board, as the cell file names it."),
    data: Path | None = typer.Option(None, help="The cell's data folder; calibrations go below it."),
    pictures: Path | None = typer.Option(
        None, help="A folder with pictures of a real camera; else the embedded cell's."
    ),
    touched: str | None = typer.Option(
        None,
        help="Where the robot touched the pattern's lower left, lower right, upper left corner: x,y,z x,y,z x,y,z mm.",
    ),
    by: str = typer.Option("local", help="Who calibrates."),
    accept: bool = typer.Option(True, help="Let the result count at once."),
    out: Path = typer.Option(Path("board.pdf"), help="Where `board` writes to: a .pdf or .png file."),
) -> None:
    """Calibrate a camera: print a board, show it to the camera, and see the residuals."""
    from orchestrator.adapters.calibration.begin import board_for, session_for
    from orchestrator.adapters.calibration.store import CalibrationStore

    base = settings(cell, data=None)
    spec = read_cell(base.cell)
    if camera not in spec.cameras:
        raise known("camera", camera, spec.cameras)
    name, chosen = board_for(spec, board, still=what == What.HAND_EYE)
    if what == What.BOARD:
        _print(chosen, out)
        return
    store = CalibrationStore((data or data_home() / base.cell.stem) / "calibration")
    if what == What.CHECK:
        _check(base, store, camera, by)
        return
    method: Method = "hand_eye" if what == What.HAND_EYE else what.value  # type: ignore[assignment] # the rest are its own
    session = session_for(spec, store, camera, chosen)
    if method == "extrinsics" and session.on_flange:
        raise BadInput(f"{camera} rides on the flange: its place there is found by hand-eye.", remedy="Run hand-eye.")
    if pictures is not None:
        _from_files(session, existing(pictures), method, spec, _touched(chosen, touched))
    elif session.on_flange or method == "hand_eye":
        raise BadInput(
            "The embedded cell does not drive the arm for this yet.",
            remedy="Give --pictures: a folder with pictures, for hand-eye with JSON files beside them.",
        )
    else:
        _embedded(base, store, session, method, name)
    found = session.solve(method, t=time.time(), by=by)
    _report(session, found)
    store.keep(found)
    if accept:
        store.accept(camera, found.id)
        console.print(f"Calibration {found.id} of {camera} counts from now on.", style="green", highlight=False)
    else:
        console.print(f"Kept as {found.id}; the one before still counts.", highlight=False)


def _print(board: BoardSpec, out: Path) -> None:
    from orchestrator.adapters.calibration import board as sheets

    if out.suffix.lower() not in {".pdf", ".png"}:
        raise BadInput(f"'{out.name}' is neither .pdf nor .png.", remedy="Give --out board.pdf.")
    out.write_bytes(sheets.pdf(board) if out.suffix.lower() == ".pdf" else sheets.png(board))
    width, height = sheets.sheet_mm(board)
    console.print(f"{out}: {width:.1f} x {height:.1f} mm. {sheets.caption(board)}", highlight=False)
    console.print("Where the ruler is not that long, write the true square_mm and marker_mm into the cell file.")
    console.print("Glue it to something flat and stiff; 1 mm of bend is 1 mm of error.")


def _touched(board: BoardSpec, text: str | None) -> Pose | None:
    from orchestrator.adapters.calibration.extrinsics import touched

    if text is None:
        return None
    try:
        (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (map(float, spot.split(",")) for spot in text.split())
    except ValueError:
        raise BadInput(f"'{text}' is not three corners.", remedy="Write x,y,z x,y,z x,y,z in millimetres.") from None
    spots = (ax, ay, az), (bx, by, bz), (cx, cy, cz)
    corners = [(x / 1000, y / 1000, z / 1000) for x, y, z in spots]
    pose, off_mm = touched(board, *corners)
    console.print(f"The touched corners fit the board to {off_mm:.2f} mm.", highlight=False)
    return pose


def _from_files(session: Session, folder: Path, method: Method, spec: CellSpec, at: Pose | None) -> None:
    """Take the pictures of a folder in; those without a board are named and left out."""
    from orchestrator.adapters.calibration.files import pictures, place_of

    for name, grey, said in pictures(folder):
        place = None
        if method == "hand_eye":
            place = place_of(name, said, "flange", spec.frames)
        elif method == "extrinsics":
            if at is None and "board" not in said and session.board.at is not None:
                place = spec.frames[session.board.at]
            else:
                place = at or place_of(name, said, "board", spec.frames)
        try:
            console.print(f"{name}: {session.add(grey, place)}", highlight=False)
        except VisionError as error:
            console.print(f"{name}: left out. {error}", style="yellow", highlight=False)


def _embedded(base: Settings, store: CalibrationStore, session: Session, method: Method, board: str) -> None:
    from orchestrator.adapters.clock_virtual import run_virtual
    from orchestrator.cli.calibration_stage import Stage

    stage = Stage(base, store, session, board, lambda text: console.print(text, markup=False, highlight=False))
    run_virtual(lambda: stage.run(method))


def _check(base: Settings, store: CalibrationStore, camera: str, by: str) -> None:
    from orchestrator.cli.calibration_stage import check

    found = asyncio.run(check(base, store, camera, by))
    console.print(
        f"{camera}: the board seems {found.off_mm:.2f} mm and {found.off_deg:.3f}° from its place "
        f"({found.rms_px:.2f} px, {found.pictures} pictures).",
        highlight=False,
    )
    if not found.ok:
        raise TandemError(
            f"{camera} is off: its checks answer that they can't see.",
            remedy=f"See that the board is where it belongs, then run `tandem calibrate {camera} extrinsics`.",
            code="off",
        )
    console.print("Its checks count.", style="green")


def _report(session: Session, found: Calibration) -> None:
    lens = found.intrinsics
    left = ", ".join(f"{name} {value:g}" for name, value in found.residuals.items())
    console.print(f"Residuals: {left}; {found.pictures} pictures.", highlight=False)
    console.print(f"Lens: fx {lens.fx:.2f}, fy {lens.fy:.2f}, cx {lens.cx:.2f}, cy {lens.cy:.2f} px.", highlight=False)
    if found.pose != session.pose:
        from orchestrator.adapters.calibration.fit import apart

        off_mm, off_deg = apart(session.pose, found.pose)
        x, y, z = (1000 * value for value in found.pose.p)
        console.print(
            f"Place: {x:.2f}, {y:.2f}, {z:.2f} mm; {off_mm:.2f} mm and {off_deg:.3f}° from what was believed; "
            f"one sigma {found.uncertainty_mm:.2f} mm, {found.uncertainty_deg:.3f}°.",
            highlight=False,
        )
