"""A registry of benches: a function measures, the decorator says what the figure is called and what it should hold."""

from __future__ import annotations

import json
import math
import os
import platform
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "bench.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value over `n` samples. What is left empty is taken from the decorator, the hold with the name."""

    value: float
    n: int = 1
    note: str = ""
    name: str = ""
    unit: str = ""
    hold: float | None = None


Measured = Figure | float | list[Figure]


@dataclass(frozen=True, slots=True)
class Bench:
    """A registered bench. `hold` is the limit; `better` says on which side of it a good value lies."""

    name: str
    unit: str
    hold: float | None
    better: Literal["less", "more"]
    measure: Callable[[], Measured]

    def run(self) -> list[Figure]:
        """Measure; every figure comes back complete."""
        measured = self.measure()
        figures = measured if isinstance(measured, list) else [measured]
        complete = [figure if isinstance(figure, Figure) else Figure(figure) for figure in figures]
        return [
            replace(
                figure,
                name=figure.name or self.name,
                unit=figure.unit or self.unit,
                hold=self.hold if figure.hold is None and not figure.name else figure.hold,
            )
            for figure in complete
        ]

    def holds(self, figure: Figure) -> bool | None:
        """Whether the figure is within its limit; None where there is none."""
        if figure.hold is None:
            return None
        return figure.value <= figure.hold if self.better == "less" else figure.value >= figure.hold


BENCHES: list[Bench] = []


def bench(
    name: str, unit: str, *, hold: float | None = None, better: Literal["less", "more"] = "less"
) -> Callable[[Callable[[], Measured]], Callable[[], Measured]]:
    """Register a function that measures and returns a number, a Figure or several Figures with names of their own."""

    def register(measure: Callable[[], Measured]) -> Callable[[], Measured]:
        BENCHES.append(Bench(name, unit, hold, better, measure))
        return measure

    return register


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile (`share` 0 to 1) of a sample that is not empty.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 0.5), percentile([4.0, 1.0, 3.0, 2.0], 0.99)
    (2.0, 4.0)
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder on the project's own disk: a temporary folder may be memory, where an fsync costs nothing."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=RESULTS.parent, prefix="scratch-") as folder:
        yield Path(folder)


def run(wanted: Sequence[str]) -> int:
    """Run the benches whose names contain one of `wanted` (all when empty); print, write, return the failures."""
    console = Console(width=None if sys.stdout.isatty() else 150)
    chosen = [each for each in BENCHES if not wanted or any(part in each.name for part in wanted)]
    if not chosen:
        console.print(f"No bench is called {' or '.join(wanted)}. Known: {', '.join(each.name for each in BENCHES)}.")
        return 1
    table = Table(caption=f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    for column in ("name", "value", "unit", "n", "hold", "ok?", "note"):
        justify: Literal["left", "right"] = "right" if column in {"value", "n", "hold"} else "left"
        table.add_column(column, justify=justify, no_wrap=column != "note")
    figures: list[Figure] = []
    failed: list[str] = []
    for each in chosen:
        with console.status(each.name):
            try:
                measured = each.run()
            except Exception as error:  # noqa: BLE001 - one bench that fails must not take the others' figures with it
                failed.append(each.name)
                table.add_row(each.name, "", each.unit, "", "", "[red]failed", f"{type(error).__name__}: {error}")
                continue
        for figure in measured:
            figures.append(figure)
            good = each.holds(figure)
            verdict = "" if good is None else "[green]yes" if good else "[red]no"
            side = "≤ " if each.better == "less" else "≥ "
            limit = "" if figure.hold is None else f"{side}{figure.hold:g}"
            table.add_row(figure.name, f"{figure.value:,.4g}" if figure.value < 1000 else f"{figure.value:,.0f}",
                          figure.unit, f"{figure.n:,}", limit, verdict, figure.note)  # fmt: skip
    console.print(table)
    _write(figures, keep=bool(wanted))
    return len(failed)


def _write(figures: Sequence[Figure], *, keep: bool) -> None:
    """Write the results; a run of some benches keeps the others' last figures."""
    rows = {
        figure.name: {key: asdict(figure)[key] for key in ("name", "value", "unit", "n", "note")} for figure in figures
    }
    if keep and RESULTS.exists():
        rows = {row["name"]: row for row in json.loads(RESULTS.read_text(encoding="utf-8"))} | rows
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(list(rows.values()), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
