"""A text as a QR code, for a tablet's camera."""

from __future__ import annotations

import io

import segno


def svg(text: str) -> str:
    """Return a QR code as SVG: dark on light in every theme, with the quiet zone that scanners need."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", scale=8, border=4, dark="#000", light="#fff", xmldecl=False
    )
    return out.getvalue().decode()


def terminal(text: str) -> str:
    """Return a QR code for a terminal, two rows of modules a line."""
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, compact=True)
    return out.getvalue()
