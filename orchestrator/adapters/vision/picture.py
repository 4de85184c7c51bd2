"""The picture of a deviation: what is off in it, by how much, and what was allowed, at a glance."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    import numpy.typing as npt

    from orchestrator.adapters.vision.judge import Judged
    from orchestrator.core.ports import CheckRequest

    Mask = npt.NDArray[np.bool_]
    Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

# ColorBrewer's PuOr is safe for all common kinds of colour blindness; blue instead of its purple keeps that.
NEARER, AGREES, FARTHER, NO_DEPTH = (202, 90, 0), (247, 247, 247), (5, 83, 176), (150, 150, 150)
INK, QUIET, NOMINAL, FOUND = (20, 20, 20), (90, 90, 90), (20, 20, 20), (178, 24, 120)
SPANS_MM = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
LEAST_WIDTH = 520  # pixels of the picture, so that its legend fits
MARGIN, LINE = 12, 19
AXES = ("x", "y", "z")
DASH = 3  # pixels of the camera between which the outline of what was found is drawn and left out in turns


def draw(request: CheckRequest, judged: Judged, found: Mask | None = None) -> bytes:
    """Return measured minus expected depth as PNG: verdict and numbers above, a legend in millimetres below.

    Orange is nearer to the camera than expected, blue farther. The black outline is where the part should be seen,
    the dashed one where it was `found` (height, width).
    """
    off_mm = (judged.depth - judged.expected) * 1000
    span = span_mm(request)
    colours = _coloured(off_mm, span)
    colours[judged.depth <= 0] = NO_DEPTH
    height, width = off_mm.shape
    scale = max(2, -(-LEAST_WIDTH // width))
    body = Image.fromarray(colours).resize((width * scale, height * scale), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(body)
    _outline(pen, judged.expected < judged.without_part - 1e-6, scale, NOMINAL)
    if found is not None:
        _outline(pen, found, scale, FOUND, dashed=True)
    said = lines(request, judged)
    head = MARGIN * 2 + 26 + LINE * len(said)
    sheet = Image.new("RGB", (body.width + 2 * MARGIN, head + body.height + 92), (255, 255, 255))
    sheet.paste(body, (MARGIN, head))
    pen = ImageDraw.Draw(sheet)
    pen.text((MARGIN, MARGIN), _title(request, judged), fill=INK, font=_font(20))
    for i, (text, off) in enumerate(said):
        pen.text((MARGIN, MARGIN + 28 + i * LINE), text, fill=NEARER if off else INK, font=_font(14))
    _legend(sheet, head + body.height + 8, span, request, found is not None)
    out = io.BytesIO()
    sheet.quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, format="PNG")
    return out.getvalue()


def span_mm(request: CheckRequest) -> float:
    """Return the deviation that has the full colour: twice the widest tolerance or more, of a row of round numbers."""
    wanted = 2000 * max(request.within_m)
    return next((span for span in SPANS_MM if span >= wanted), SPANS_MM[-1])


def lines(request: CheckRequest, judged: Judged) -> list[tuple[str, bool]]:
    """Return what the picture says in words, one line an axis where it was measured; and whether that is off."""
    check = judged.check
    off = check.deviation
    if off is None:
        return [(text, False) for text in _wrapped(check.reason or "Nothing was measured.")]
    out = []
    for i, axis in enumerate(AXES):
        mm, allowed_mm = round(off.xyz_m[i] * 1000, 2) + 0.0, request.within_m[i] * 1000
        deg, allowed_deg = round(math.degrees(off.rot_rad[i]), 2) + 0.0, math.degrees(request.within_rad[i])
        place = f"{axis} {mm:+.2f} ± {check.uncertainty_m[i] * 1000:.2f} mm of {allowed_mm:.2f} allowed"
        turn = f"about {axis} {deg:+.2f}° of {allowed_deg:.1f}°"
        wrong = abs(off.xyz_m[i]) > request.within_m[i], abs(off.rot_rad[i]) > request.within_rad[i]
        out.append((f"{place}{' OFF' if wrong[0] else ''};  {turn}{' OFF' if wrong[1] else ''}", any(wrong)))
    return out


def _title(request: CheckRequest, judged: Judged) -> str:
    check = judged.check
    verdict = f"wrong: {check.wrong_part}" if check.wrong_part else check.verdict.replace("_", " ")
    return f"{request.part.id}: {verdict}"


def _wrapped(text: str, most: int = 68) -> list[str]:
    out = [""]
    for word in text.split():
        if len(out[-1]) + len(word) >= most:
            out.append("")
        out[-1] = f"{out[-1]} {word}".strip()
    return out[:3]


def _legend(sheet: Image.Image, top: int, span: float, request: CheckRequest, found: bool) -> None:
    pen = ImageDraw.Draw(sheet)
    left, width = MARGIN + 26, sheet.width - 2 * MARGIN - 52
    ramp = _coloured(np.linspace(-span, span, width)[None, :].repeat(14, axis=0), span)
    pen.text((MARGIN, top), "nearer to the camera", fill=INK, font=_font(13))
    pen.text((sheet.width - MARGIN, top), "farther", fill=INK, font=_font(13), anchor="ra")
    sheet.paste(Image.fromarray(ramp), (left, top + 19))
    pen.rectangle((left - 1, top + 18, left + width, top + 33), outline=INK)
    for share in (-1.0, -0.5, 0.0, 0.5, 1.0):
        x = left + (share + 1) / 2 * (width - 1)
        pen.line((x, top + 33, x, top + 37), fill=INK)
        pen.text((x, top + 38), f"{share * span:+g} mm" if share else "0", fill=INK, font=_font(13), anchor="ma")
    allowed = max(request.within_m) * 1000
    words = f"black line: where it should be{'; dashed: where it is' if found else ''}; grey: no depth"
    pen.text((MARGIN, top + 58), f"{words}; allowed ± {allowed:g} mm", fill=QUIET, font=_font(13))


def _outline(
    pen: ImageDraw.ImageDraw, mask: Mask, scale: int, colour: tuple[int, int, int], *, dashed: bool = False
) -> None:
    """Draw the border of a mask along the edges of its pixels."""
    wide = 2 if scale >= 3 else 1
    for axis in (0, 1):
        rows, columns = np.nonzero(np.diff(mask.astype(np.int8), axis=axis))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if dashed and ((row + column) // DASH) % 2:
                continue
            y, x = (row + (axis == 0)) * scale, (column + (axis == 1)) * scale
            end = (x + scale, y) if axis == 0 else (x, y + scale)
            pen.line((x, y, *end), fill=colour, width=wide)


def _coloured(off_mm: npt.NDArray[Any], span: float) -> npt.NDArray[np.uint8]:
    share = np.clip(off_mm / span, -1, 1)[..., None]
    toward = np.where(share < 0, np.array(NEARER, dtype=float), np.array(FARTHER, dtype=float))
    middle = np.array(AGREES, dtype=float)
    return np.asarray(middle + (toward - middle) * np.abs(share), dtype=np.uint8)


def _font(size: int) -> Font:
    return ImageFont.load_default(size)
