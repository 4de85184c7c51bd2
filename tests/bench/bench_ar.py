"""How often a headset gets a new picture where nothing but the processor draws."""

from __future__ import annotations

from tests.bench.browsers import seen
from tests.bench.report import Figure, bench, percentile


@bench("ar.frames_s_12", "1/s", better="more")
def frames() -> list[Figure]:
    """Wear an emulated headset before the demo's cell with 12 parts."""
    found = seen("frames.mjs")
    gaps: list[float] = found["gaps_ms"]
    width, height = max(found["sizes"], key=lambda size: size[0] * size[1])
    note = f"model of the cell, robot, 12 parts, ghost and card at {width} x {height}, drawn by the processor; "
    return [
        Figure(
            1000 * len(gaps) / sum(gaps),
            len(gaps),
            f"{note}between two pictures p50 {percentile(gaps, 0.5):.0f} ms, p95 {percentile(gaps, 0.95):.0f} ms",
        )
    ]
