"""`python -m tests.bench [part of a name ...]`: measure, print, and write build/bench.json."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from tests.bench import report

if __name__ == "__main__":
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        importlib.import_module(f"tests.bench.{file.stem}")
    sys.exit(1 if report.run(sys.argv[1:]) else 0)
