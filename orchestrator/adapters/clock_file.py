"""What a cell's clock said at one moment of this machine's uptime, so that the next start can go on from it.

Between two starts somebody may have set the clock on the wall; how long the machine has been up nobody can set.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from orchestrator.adapters.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def _boot() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:  # not Linux: every start counts as one after a reboot
        return ""


def _up_s() -> float:
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ClockFile:
    """Keeps one pair of times in a file. It is a help, no truth: without it, or damaged, the wall's clock counts."""

    def __init__(self, path: Path, *, boot: Callable[[], str] = _boot, up_s: Callable[[], float] = _up_s) -> None:
        self._path = path
        self._boot = boot
        self._up_s = up_s

    def carried(self) -> float | None:
        """Return what the cell's clock would say now had it gone on (s, UTC); None where that can't be known."""
        try:
            said = orjson.loads(self._path.read_bytes())
            boot, up_s, utc_s = said["boot"], float(said["up_s"]), float(said["utc_s"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        gone_s = self._up_s() - up_s
        return utc_s + gone_s if boot and boot == self._boot() and gone_s >= 0.0 else None

    def keep(self, now: float) -> None:
        """Note what the clock says now. Raises OSError."""
        write_whole(self._path, orjson.dumps({"boot": self._boot(), "up_s": self._up_s(), "utc_s": now}).decode())
