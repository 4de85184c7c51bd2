"""Each threat of SECURITY.md names a test or a bench, and each of those exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = [
    [cell.strip() for cell in line.strip("|\n ").split(" | ")]
    for line in (ROOT / "orchestrator" / "SECURITY.md").read_text().splitlines()
    if line.startswith("|") and not line.startswith("|--")
]
THREATS = [row[-3:] for row in TABLE if row[-1] != "test"]
NAMED = sorted({(name, row[0]) for row in THREATS for name in re.findall(r"`([^`]+)`", row[-1])})


@cache
def benches() -> frozenset[str]:
    texts = [each.read_text() for each in (ROOT / "tests" / "bench").glob("bench_*.py")]
    return frozenset(found for text in texts for found in re.findall(r'@bench\(\s*"([^"]+)"', text))


def test_the_table_was_read() -> None:
    assert len(THREATS) >= 30


@pytest.mark.parametrize("threat", THREATS, ids=lambda row: row[0][:40])
def test_each_threat_names_what_covers_it(threat: list[str]) -> None:
    assert len(threat) == 3
    assert re.search(r"`[^`]+`", threat[-1]), threat


@pytest.mark.parametrize(("name", "threat"), NAMED)
def test_what_a_threat_names_exists(name: str, threat: str) -> None:
    if name.startswith("bench "):
        wanted = name.removeprefix("bench ")
        assert any(each == wanted or each.startswith(f"{wanted}.") for each in benches()), threat
    elif name.endswith(".mjs"):
        assert (ROOT / "tests" / "browser" / name).is_file(), threat
    else:
        assert any((ROOT / "tests" / room / f"{name}.py").is_file() for room in ("unit", "faults")), threat
