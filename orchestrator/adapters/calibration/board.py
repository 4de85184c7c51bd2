"""A ChArUco board: where its corners are, what is printed where, and the sheet to print."""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from orchestrator.adapters.calibration.opencv import opencv

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.core.calibration import BoardSpec

    Floats = npt.NDArray[np.float64]
    Bits = npt.NDArray[np.bool_]

RULER_MM = 100.0
MARGIN_MM = 10.0  # white around the pattern, which detection needs
FOOT_MM = 16.0
POINT_MM = 25.4 / 72


def charuco(board: BoardSpec) -> Any:
    """Return OpenCV's own description of a board."""
    cv2 = opencv()
    key = getattr(cv2.aruco, f"DICT_{board.dictionary.upper()}")
    words = cv2.aruco.getPredefinedDictionary(key)
    return cv2.aruco.CharucoBoard(board.squares, board.square_m, board.marker_m, words)


def corners(board: BoardSpec) -> Floats:
    """Return the inner corners by id, (n, 3) in the board's frame, metres: row by row from the top left."""
    columns, rows = board.squares
    width, height = board.size_m
    x, y = np.meshgrid(np.arange(1, columns) * board.square_m, np.arange(1, rows) * board.square_m)
    flat = np.stack([x.ravel() - width / 2, height / 2 - y.ravel()], axis=1)
    return np.column_stack([flat, np.zeros(len(flat))])


def dark(board: BoardSpec, points: Floats) -> Bits:
    """Tell which points (..., 2), metres in the board's plane, are printed black; outside the pattern it is white."""
    bits = _bits(board)
    columns, rows = board.squares
    width, height = board.size_m
    across, down = (points[..., 0] + width / 2) / board.square_m, (height / 2 - points[..., 1]) / board.square_m
    inside = (across >= 0) & (across < columns) & (down >= 0) & (down < rows)
    column = np.clip(np.floor(across).astype(int), 0, columns - 1)
    row = np.clip(np.floor(down).astype(int), 0, rows - 1)
    square = (column + row) % 2 == 0
    modules, share = bits.shape[1], board.marker_m / board.square_m
    u = ((across - column) - (1 - share) / 2) / share * modules
    v = ((down - row) - (1 - share) / 2) / share * modules
    marked = (u >= 0) & (u < modules) & (v >= 0) & (v < modules)
    number = np.minimum(row * columns // 2 + column // 2, len(bits) - 1)  # light squares, row by row
    bit = bits[number, np.clip(v, 0, modules - 1).astype(int), np.clip(u, 0, modules - 1).astype(int)]
    return np.asarray(inside & (square | (marked & bit)), dtype=np.bool_)


@lru_cache(maxsize=16)
def _bits(board: BoardSpec) -> Bits:
    """Return each marker's black modules, (markers, modules, modules), border included."""
    cv2 = opencv()
    words = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_{board.dictionary.upper()}"))
    side = int(words.markerSize) + 2
    count = board.squares[0] * board.squares[1] // 2
    return np.stack([cv2.aruco.generateImageMarker(words, i, side) < 128 for i in range(count)])


def rectangles(board: BoardSpec) -> list[tuple[float, float, float, float]]:
    """Return what is black as (left, bottom, width, height), metres from the pattern's lower left corner."""
    columns, rows = board.squares
    side = board.square_m
    out = [
        (c * side, (rows - 1 - r) * side, side, side) for r in range(rows) for c in range(columns) if (r + c) % 2 == 0
    ]
    light = [(r, c) for r in range(rows) for c in range(columns) if (r + c) % 2 == 1]
    for marker, (r, c) in zip(_bits(board), light, strict=True):
        module = board.marker_m / len(marker)
        left, top = c * side + (side - board.marker_m) / 2, (rows - r) * side - (side - board.marker_m) / 2
        for i, line in enumerate(marker):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(int), [0]])))
            for begin, end in zip(edges[::2], edges[1::2], strict=True):
                out.append((left + begin * module, top - (i + 1) * module, (end - begin) * module, module))
    return out


def sheet_mm(board: BoardSpec) -> tuple[float, float]:
    """Return width and height of the printed sheet."""
    width, height = (1000 * side + 2 * MARGIN_MM for side in board.size_m)
    return max(width, RULER_MM + 2 * MARGIN_MM), height + FOOT_MM


def caption(board: BoardSpec) -> str:
    """Return what stands below the pattern."""
    columns, rows = board.squares
    return (
        f"ChArUco {board.dictionary}, {columns} x {rows} squares of {board.square_m * 1000:g} mm, markers "
        f"{board.marker_m * 1000:g} mm. Print at 100 %, then measure the ruler: {RULER_MM:g} mm."
    )


def pdf(board: BoardSpec) -> bytes:
    """Return the sheet as PDF, drawn in exact lengths."""
    width, height = sheet_mm(board)
    unit = 1 / POINT_MM
    left, bottom = (width - 1000 * board.size_m[0]) / 2, FOOT_MM + MARGIN_MM
    lines = ["0 g"]
    for x, y, w, h in rectangles(board):
        box = ((left + 1000 * x), (bottom + 1000 * y), 1000 * w, 1000 * h)
        lines.append(" ".join(f"{value * unit:.5f}" for value in box) + " re")
    lines.append("f")
    for x, y, w, h in _ruler(width):
        lines.append(" ".join(f"{value * unit:.5f}" for value in (x, y, w, h)) + " re")
    lines.append("f")
    text = caption(board).replace("(", r"\(").replace(")", r"\)")
    lines.append(f"BT /F1 5 Tf {MARGIN_MM * unit:.3f} {4 * unit:.3f} Td ({text}) Tj ET")
    content = "\n".join(lines).encode("ascii")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width * unit:.5f} {height * unit:.5f}]/Contents 4 0 R"
        "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>".encode(),
        b"<</Length %d>>stream\n%b\nendstream" % (len(content), content),
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj%b endobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def png(board: BoardSpec, dpi: int = 600) -> bytes:
    """Return the sheet as PNG, which carries its resolution."""
    width, height = sheet_mm(board)
    dot_mm = 25.4 / dpi
    columns, rows = round(width / dot_mm), round(height / dot_mm)
    x = (np.arange(columns) + 0.5) * dot_mm - width / 2
    y = MARGIN_MM + 500 * board.size_m[1] - (np.arange(rows) + 0.5) * dot_mm
    at = np.stack(np.meshgrid(x / 1000, y / 1000), axis=2)
    sheet = Image.fromarray(np.where(dark(board, at), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(sheet)
    for left, bottom, wide, tall in _ruler(width):
        box = (
            left / dot_mm,
            (height - bottom - tall) / dot_mm,
            (left + wide) / dot_mm - 1,
            (height - bottom) / dot_mm - 1,
        )
        draw.rectangle([round(value) for value in box], fill=0)
    font = ImageFont.load_default(size=round(1.8 / dot_mm))
    draw.text((MARGIN_MM / dot_mm, (height - 6) / dot_mm), caption(board), fill=0, font=font)
    out = io.BytesIO()
    sheet.save(out, format="PNG", dpi=(dpi, dpi))
    return out.getvalue()


def _ruler(width: float) -> list[tuple[float, float, float, float]]:
    """Return the ruler's bars as (left, bottom, width, height) in mm: its outer edges are `RULER_MM` apart."""
    left, bottom, thick = (width - RULER_MM) / 2, 10.0, 0.3
    ticks = [
        (left + 10 * i - (thick / 2 if 0 < i < 10 else thick if i == 10 else 0), bottom, thick, 4.0) for i in range(11)
    ]
    return [(left, bottom, RULER_MM, thick), *ticks]
