"""What the first visit of a browser downloads, and what follows when the 3D scene is wanted."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from orchestrator.app import shared
from tests.bench.report import Figure, bench

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
    later = _with_imports(_lazy(first) - pages) - first
    note = "the scripts that index.html names and the heaviest page, with all that they import at once; gzip -6"
    return [
        Figure(_gz_kb(first), len(first), f"{note}; without a page {_gz_kb(shell):.1f} kB"),
        Figure(_gz_kb(later), len(later), "chunks that this page loads afterwards, the 3D renderer among them",
               name="web.scene_gz_kb", unit="kB"),
    ]  # fmt: skip


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
