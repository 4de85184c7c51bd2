"""The camera of a simulated worker's tablet: a picture that says of what it would be one."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from orchestrator.core.commands import PhotoOf

SIZE = (640, 480)
PAPER, INK = (226, 229, 233), (40, 46, 54)


def taken(of: PhotoOf) -> bytes:
    """Return a JPEG of an attempt's result. The same attempt gives the same picture."""
    sheet = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((24, 24, SIZE[0] - 24, SIZE[1] - 24), outline=INK, width=3)
    for i, line in enumerate(("simulated picture", of.unit, of.step, f"attempt {of.attempt}, {of.place}")):
        pen.text((SIZE[0] / 2, 120 + 70 * i), line, fill=INK, font=ImageFont.load_default(34), anchor="mm")
    out = io.BytesIO()
    sheet.save(out, format="JPEG", quality=80)
    return out.getvalue()
