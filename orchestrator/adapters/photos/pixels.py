"""An upload is decoded and written anew: what stays is its pixels alone.

A telephone writes where and when a picture was taken into it, and its owner's name; none of that is evidence of a
result. What a decoder can't read to its end is refused, so nothing but a picture comes into the store.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps

from orchestrator.core.errors import BadInput
from orchestrator.core.photo import PIXELS, SIDE_PX, UPLOAD_BYTES

QUALITY = 85
MAGIC = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"RIFF": "WEBP"}
_REMEDY = "Take the picture with the page's own button, or send a JPEG, PNG or WebP."


def clean(upload: bytes) -> tuple[bytes, int, int]:
    """Return a picture as JPEG without anything beside its pixels, upright, with its width and height in pixels.

    Raises BadInput: `not_a_photo`, or `photo_too_large` in bytes or pixels.
    """
    if len(upload) > UPLOAD_BYTES:
        raise _too_large(f"The picture has more than {UPLOAD_BYTES // 1_000_000} MB.")
    kind = next((kind for start, kind in MAGIC.items() if upload.startswith(start)), "")
    if not kind or (kind == "WEBP" and upload[8:12] != b"WEBP"):
        raise _no_photo()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, which goes anyway
        try:
            with Image.open(io.BytesIO(upload), formats=(kind,)) as found:
                if found.width * found.height > PIXELS:
                    raise _too_large(f"The picture has more than {PIXELS // 1_000_000} million pixels.")
                found.draft("RGB", (SIDE_PX, SIDE_PX))  # a JPEG is decoded at a half or a quarter where that does
                upright = ImageOps.exif_transpose(found)
                upright.thumbnail((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
                plain = _plain(upright)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # Pillow's, for broken files
            raise _no_photo() from error
    out = io.BytesIO()
    plain.save(out, format="JPEG", quality=QUALITY, exif=b"", icc_profile=None)
    return out.getvalue(), plain.width, plain.height


def _plain(picture: Image.Image) -> Image.Image:
    """Return the pixels alone, on white where they were transparent."""
    if picture.mode in {"RGBA", "LA", "PA", "P"}:
        layer = picture.convert("RGBA")
        sheet = Image.new("RGB", layer.size, (255, 255, 255))
        sheet.paste(layer, mask=layer.getchannel("A"))
        return sheet
    colours = picture.convert("RGB")
    sheet = Image.new("RGB", colours.size)
    sheet.paste(colours)
    return sheet


def _no_photo() -> BadInput:
    return BadInput("This is no picture that can be read.", remedy=_REMEDY, code="not_a_photo")


def _too_large(message: str) -> BadInput:
    return BadInput(message, remedy=_REMEDY, code="photo_too_large")
