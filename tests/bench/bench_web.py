"""What the first visit of a browser downloads, and what follows when the 3D scene is wanted."""

from __future__ import annotations

import gzip
import itertools
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.app import shared
from orchestrator.core.errors import BadInput
from orchestrator.engine.library import Library
from tests.bench.browsers import seen
from tests.bench.report import Figure, bench, percentile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.variant import Variant

_SCRIPT = re.compile(
    r"""<script[^>]*\bsrc=["']([^"']+\.js)["']|<link[^>]*\bmodulepreload\b[^>]*href=["']([^"']+\.js)["']"""
)
_STATIC_IMPORT = re.compile(r"""(?:^|[;}\n])\s*(?:import|export)\b[^;"'()]*?["']([^"']+\.js)["']""")
_LAZY_IMPORT = re.compile(r"""\bimport\(\s*["']([^"']+\.js)["']""")


@bench("web.initial_gz_kb", "kB", hold=250)
def first_visit() -> list[Figure]:
    dist = shared("web")
    page = (dist / "index.html").read_text(encoding="utf-8")
    shell = _with_imports({dist / "static" / Path(one or other).name for one, other in _SCRIPT.findall(page)})
    assert shell, "the page names no script"
    pages = _lazy(shell)
    visits = [shell | _with_imports({chunk}) for chunk in pages] or [shell]
    first = max(visits, key=_gz_kb)
    later = max((_with_imports(_lazy(visit) - pages) - visit for visit in visits), key=_gz_kb)
    note = "the scripts that index.html names and the heaviest page, with all that they import at once; gzip -6"
    return [
        Figure(_gz_kb(first), len(first), f"{note}; without a page {_gz_kb(shell):.1f} kB"),
        Figure(_gz_kb(later), len(later), "chunks that a page loads afterwards, the 3D renderer among them",
               name="web.scene_gz_kb", unit="kB"),
    ]  # fmt: skip


@bench("web.glb_step_mb", "MB", hold=2)
def meshes() -> Figure:
    """Weigh the meshes that a step shows: its own part and all that lie in the unit by then, in every variant."""
    root = shared("instructions")
    library = Library(root)
    heaviest, where, steps = 0, "", 0
    for product in library.products():
        for variant in _variants(library, product):
            shown: set[str] = set()
            for step in variant.steps:
                kind = step.result.kind
                shown |= {variant.parts[kind].mesh} if kind and variant.parts[kind].mesh else set()
                size = sum((root / mesh).stat().st_size for mesh in shown)
                steps += 1
                if size > heaviest:
                    heaviest, where = size, f"{product}, step {step.id}: {len(shown)} meshes"
    return Figure(heaviest / 1e6, steps, f"the heaviest of all variants' steps: {where}, as a first visit fetches them")


def _variants(library: Library, product: str) -> Iterator[Variant]:
    """Yield everything that can be ordered."""
    authored = library.procedure(product).options
    for row in itertools.product(*authored.values()):
        with suppress(BadInput):  # some combinations are not sold
            yield library.variant(product, dict(zip(authored, row, strict=True)))


@bench("web.first_picture_s", "s")
def first_picture() -> list[Figure]:
    """Open the worker's page again and again in a browser that knows nothing of it."""
    found = seen("first_picture.mjs")["found"]
    words, scene = ([each[name] / 1000 for each in found] for name in ("words", "scene"))
    said = f"; words of the step at {percentile(words, 0.5):.2f} s, longest {max(scene):.2f} s"
    note = "from asking for the page to the step's words and the drawn scene with its ghost, by the processor, no cache"
    return [Figure(percentile(scene, 0.5), len(found), note + said)]


@bench("reconnect.step_s", "s", hold=2)
def reconnect() -> list[Figure]:
    """Cut a worker's page off while the cell goes on, and watch it come back."""
    found = seen("reconnect.mjs")
    note = "slowest, from the end of {} s without a network to the step that the cell had by then, in Chromium; p50"
    by_itself = "; nobody tells the device that there is one again, so it dials by itself"
    return [
        _slowest(found["told_ms"], note.format(3), name="reconnect.step_s"),
        _slowest(found["untold_ms"], note.format(3), by_itself, name="reconnect.untold_s"),
        _slowest(found["long_ms"], note.format(40), by_itself, name="reconnect.long_s"),
    ]


def _slowest(found_ms: list[float], note: str, more: str = "", *, name: str) -> Figure:
    times = [ms / 1000 for ms in found_ms]
    note = f"{note} {percentile(times, 0.5):.2f} s{more}"
    return Figure(max(times), len(times), note, name=name, unit="s", hold=2)


def _lazy(files: set[Path]) -> set[Path]:
    """Return the chunks that scripts load only when they are wanted."""
    return {file.parent / Path(name).name for file in files for name in _LAZY_IMPORT.findall(file.read_text("utf-8"))}


def _with_imports(files: set[Path]) -> set[Path]:
    """Return scripts with everything that they import before they run."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [file.parent / Path(name).name for name in _STATIC_IMPORT.findall(file.read_text("utf-8"))]
    return found


def _gz_kb(files: set[Path]) -> float:
    return sum(len(gzip.compress(file.read_bytes(), 6)) for file in files) / 1000
