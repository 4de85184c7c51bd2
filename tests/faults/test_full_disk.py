"""A disk that is really full: a small one in memory, mounted for one process. Skipped where that is not allowed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'


def on_a_small_disk(disk: Path, size: str, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command for which `disk` is a disk of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare")
    disk.mkdir()
    unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", size, str(disk)]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets nobody mount")
    return subprocess.run([*unshare, *command], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("what", ["journal", "signing", pytest.param("evidence", marks=pytest.mark.slow)])
def test_a_full_disk_stops_motion_is_named_and_once_there_is_space_the_unit_is_finished(
    folder: Path, tmp_path: Path, what: str
) -> None:
    disk = tmp_path / "disk"
    command = [sys.executable, "-m", "tests.faults.full_disk", what, str(folder), str(disk)]
    done = on_a_small_disk(disk, "8m", command)
    assert done.returncode == 0, done.stderr[-4000:]
