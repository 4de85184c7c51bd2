"""`tandem doctor`: what this machine has and lacks, and how to mend it."""

from __future__ import annotations

import ctypes.util
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.table import Table

from orchestrator.app import shared
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import SetupError

console = Terminal()
LIBRARIES = {
    "GL": "libgl1",
    "EGL": "libegl1",
    "X11": "libx11-6",
    "udev": "libudev1",
    "usb-1.0": "libusb-1.0-0",
}
MESSAGES = (
    "action_msgs",
    "control_msgs",
    "geometry_msgs",
    "sensor_msgs",
    "std_msgs",
    "std_srvs",
    "trajectory_msgs",
)
MOST_BUFFERED = Path("/proc/sys/net/core/rmem_max")
BUFFERED = 16_000_000  # bytes: a cloud of 1280 x 720 points, 16 bytes each


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `needed` is false for what only some uses want."""

    what: str
    ok: bool
    found: str
    mend: str = ""
    needed: bool = True


def doctor() -> None:
    """Say what this machine has and lacks, and how to mend it."""
    findings = [finding for look in LOOKS for finding in look()]
    table = Table("", "what", "found", "how to mend it")
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[red]missing[/]" if finding.needed else "[yellow]absent[/]"
        table.add_row(mark, finding.what, finding.found, "" if finding.ok else finding.mend)
    console.print(table)
    missing = [finding.what for finding in findings if finding.needed and not finding.ok]
    if missing:
        console.print(f"[red]Not ready:[/] {', '.join(missing)}.")
        raise typer.Exit(1)
    console.print("[green]Ready for the embedded cell.[/]")


def _python() -> list[Finding]:
    ok = (3, 11) <= sys.version_info[:2] <= (3, 14)
    return [Finding("Python 3.11 to 3.14", ok, platform.python_version(), "Install Python 3.11 or newer.")]


def _libraries() -> list[Finding]:
    mend = "apt-get install " + " ".join(LIBRARIES.values())
    return [
        Finding(f"system library {package}", bool(path := ctypes.util.find_library(name)), path or "", mend)
        for name, package in LIBRARIES.items()
    ]


def _packages() -> list[Finding]:
    out = []
    for name, use in {
        "open3d-cpu": "checks",
        "mujoco-core": "the simulated arm",
        "ruckig": "the simulated arm",
        "apsw": "the journal",
        "fastapi": "the pages",
    }.items():
        try:
            out.append(Finding(f"{name} ({use})", ok=True, found=importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            out.append(Finding(f"{name} ({use})", ok=False, found="", mend="Install Tandem again: make setup."))
    return out


def _pages() -> list[Finding]:
    try:
        built = (shared("web") / "index.html").is_file()
    except SetupError:
        built = False
    return [Finding("web pages", built, "built" if built else "", "make web")]


def _extras() -> list[Finding]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or ""
    return [Finding("Chromium (browser tests)", bool(chromium), chromium, "apt-get install chromium", needed=False)]


def _certificates() -> list[Finding]:
    """Look for what cells serve the network with, by the authority that the first `tandem serve --lan` makes."""
    from cryptography import x509

    from orchestrator.cli.lan import TLS
    from orchestrator.cli.places import data_home

    ends = []
    for path in sorted(data_home().glob(f"*/{TLS}/server.crt")):
        try:
            until = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        except (OSError, ValueError):
            continue  # the next start makes it anew
        ends.append(f"{path.parent.parent.name} until {until:%Y-%m-%d}, renewed by itself")
    mend = "Not needed on this machine alone; `tandem serve --lan` makes it when it starts."
    return [Finding("TLS certificate (serving a network)", bool(ends), ", ".join(ends), mend, needed=False)]


def _ros2() -> list[Finding]:
    """Look for what a cell file with `adapter: ros2` needs."""
    there = importlib.util.find_spec("rclpy") is not None
    distro = os.environ.get("ROS_DISTRO", "")
    installed = sorted(Path("/opt/ros").glob("*/setup.bash"))
    mend = f"source {installed[-1]}" if installed else "Install ROS 2, Jazzy or newer, and source it."
    found = f"{distro} over {os.environ.get('RMW_IMPLEMENTATION', 'its default middleware')}" if there else ""
    lacking = [name for name in MESSAGES if importlib.util.find_spec(name) is None]
    packages = " ".join(f"ros-{distro or 'jazzy'}-{name.replace('_', '-')}" for name in lacking)
    return [
        Finding("ROS 2 (robots over ROS 2)", there, found, mend, needed=False),
        Finding(
            "ROS 2 messages (robots over ROS 2)",
            not lacking,
            "" if lacking else ", ".join(MESSAGES),
            f"apt-get install {packages}" if there else mend,
            needed=False,
        ),
        Finding(
            "tf2 (cameras that tf2 places)",
            tf2 := importlib.util.find_spec("tf2_ros") is not None,
            "tf2_ros" if tf2 else "",
            f"apt-get install ros-{distro or 'jazzy'}-tf2-ros-py" if there else mend,
            needed=False,
        ),
        Finding(
            "MoveIt's messages (robots that MoveIt plans for, or moves)",
            moveit := importlib.util.find_spec("moveit_msgs") is not None,
            "moveit_msgs" if moveit else "",
            f"apt-get install ros-{distro or 'jazzy'}-moveit-msgs" if there else mend,
            needed=False,
        ),
    ]


def _buffers() -> list[Finding]:
    """Look whether a picture of a camera over ROS 2 fits into a socket's buffer, as CycloneDDS asks for 1 MB itself."""
    if importlib.util.find_spec("rclpy") is None or os.environ.get("RMW_IMPLEMENTATION") != "rmw_cyclonedds_cpp":
        return []
    try:
        most = int(MOST_BUFFERED.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return []
    said = os.environ.get("CYCLONEDDS_URI", "")
    if said.startswith("file://") and (file := Path(said.removeprefix("file://"))).is_file():
        said = file.read_text(encoding="utf-8", errors="replace")
    asked = "SocketReceiveBufferSize" in said
    of_it = "and CYCLONEDDS_URI says how much is asked for" if asked else "of which 1 MB is asked for"
    found = f"{most / 1e6:.1f} MB at most, {of_it}"
    mend = "See launch/README, Large pictures: net.core.rmem_max, and SocketReceiveBufferSize in CYCLONEDDS_URI."
    ok = asked and most >= BUFFERED
    what = "socket buffers (large pictures over CycloneDDS)"
    return [Finding(what, ok, found if ok else "", f"{found}. {mend}", needed=False)]


def _evidence() -> list[Finding]:
    from orchestrator.adapters.vision import archive
    from orchestrator.cli.places import data_home

    sizes = {path.parent.name: archive.size(path) for path in sorted(data_home().glob("*/evidence"))}
    said = ", ".join(f"{cell} {held.total_bytes / 1e6:.1f} MB of {held.records} checks" for cell, held in sizes.items())
    return [Finding("evidence of checks", ok=True, found=said or "none yet", needed=False)]


LOOKS: tuple[Callable[[], list[Finding]], ...] = (
    _python,
    _libraries,
    _packages,
    _pages,
    _ros2,
    _buffers,
    _extras,
    _certificates,
    _evidence,
)
