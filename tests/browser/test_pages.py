"""The pages in a real browser: each file of tests runs under Node against the server that the fixture started."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SUITES = (
    "access",
    "reconnect",
    "keyboard",
    "walk",
    "voice",
    "aloud",
    "failed",
    "build_unit",
    "jog",
    "calibrate",
    "hand_eye",
    "recover",
    "retreat",
    "headset",
    "panel",
    "standing",
    "headset_help",
    "lead",
    "together",
    "sight",
    "who",
    "window",
    "supervision",
    "steps",
    "verbs",
    "correcting",
    "german",
    "language",
    "events_lanes",
    "scene",
    "sizes",
    "distance",
    "two_people",
    "two_devices",
    "offline",
    "photo",
    "lan",
    "oidc",
)
PATIENCE_S = 15 * 60


def _as_a_user() -> list[str]:
    """Return what starts a program so that it can't raise its own priority.

    A Chromium that root started draws before all else, the cell's server and its own pages included; a user's can't.
    Where root may not give the right up, it most likely has none.
    """
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        return []
    command = [setpriv, "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]
    return command if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0 else []


@pytest.mark.browser
@pytest.mark.parametrize("suite", SUITES)
def test_pages(suite: str, tandem_url: str, tmp_path: Path) -> None:
    """Run one suite against `tandem_url`; pictures go to build/shots."""
    node = shutil.which("node")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if node is None or browser is None:
        if os.environ.get("CI"):
            pytest.fail("Browser tests need Node >= 20 and Chromium, and CI must run them.")
        pytest.skip("Browser tests need Node >= 20 and Chromium: apt install chromium.")
    environment = {
        **os.environ,
        "TANDEM_URL": tandem_url,
        "TANDEM_DATA": str(tmp_path / "data"),
        "TANDEM_SHOTS": os.environ.get("TANDEM_SHOTS", str(ROOT / "build" / "shots")),
        "TANDEM_CHROMIUM": browser,
    }
    done = subprocess.run(
        [*_as_a_user(), node, "--test", str(HERE / f"{suite}.test.mjs")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
