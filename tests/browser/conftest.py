"""A real cell for the browser: the command line's own demo, in a process of its own, sped up."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import httpx
import numpy as np
import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from orchestrator.adapters.access import people
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.cli.lan import ACCOUNTS
from orchestrator.wire import SUBPROTOCOL
from tests.served import started

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SPEED = "5"
OWN_CELL = dict.fromkeys(
    ("calibrate", "hand_eye"), HERE / "calibrate_cell.yaml"
)  # suites that need another cell than the demo's, at rest
WITH_BOARD = ("window",)  # suites in the demo's cell with a printed board for tablets' cameras
BOARD = "{guide: {squares: [7, 5], square_mm: 33, marker_mm: 23, dictionary: 4x4_50, at: guide}}"
WITH_SIGHT = ("sight",)  # suites whose cell lets points be looked at, which is less exact than touching them
TWO_PEOPLE = ("two_people",)  # suites whose cell has two places, and wants motions approved by two people
LEAD = ("lead", "together")  # suites whose cell shows a motion for so long that a test can look at it
COVER_ALONE = ("together",)  # of these, suites whose product comes soon to the step that robot and person do together
KILLED = ("recover",)  # suites that find a cell that was killed in the middle of a unit
DISPLACED = ("correcting",)  # suites whose person puts a part beside its place, and whose test then leads the hand
WITH_PHOTO = ("photo",)  # suites whose product asks for a picture where no camera sees
TWO_LOOKS = ("two_devices",)  # suites whose product has a step that two people look at
FURTHER = ("language",)  # suites whose pages are built with one language's file more
LAN = ("lan", "oidc")  # suites of a cell that is served to the network
OIDC = ("oidc",)  # suites whose people sign in by a provider in a process of its own
# A person sets the pace or catches the robot in a motion, or so much is drawn that a sped-up cell would lag.
REAL_TIME = ("jog", "retreat", "headset", "headset_help", "who")


@pytest.fixture
def tandem_url(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Start `tandem demo`, or a suite's own cell, on a free port of the loopback; yields its URL and ends it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    callspec = getattr(request.node, "callspec", None)
    suite = callspec.params.get("suite") if callspec is not None else None
    command = [sys.executable, "-m", "orchestrator"]
    if suite in WITH_BOARD:
        command += ["serve", "--cell", str(_with_board(tmp_path))]
    elif suite in WITH_SIGHT:
        command += ["serve", "--cell", str(_with_sight(tmp_path))]
    elif suite in OWN_CELL:
        command += ["serve", "--cell", str(OWN_CELL[suite])]
    elif suite in LEAD:
        command += ["serve", "--cell", str(_with_lead(tmp_path))]
        command += ["--instructions", str(_cover_alone(tmp_path))] if suite in COVER_ALONE else []
    elif suite in TWO_PEOPLE:
        command += ["serve", "--cell", str(_two_places(tmp_path))]
    elif suite in WITH_PHOTO:
        command += ["serve", "--instructions", str(_with_photo(tmp_path))]
    elif suite in TWO_LOOKS:
        command += ["serve", "--instructions", str(_looked_at_twice(tmp_path))]
    elif suite in DISPLACED:
        command = [sys.executable, "-m", "tests.browser.displaced_cell", str(_shaft_by_hand(tmp_path))]
    elif suite in LAN:
        _accounts(tmp_path / "data")
        command += ["serve", "--lan", "--host", "127.0.0.1"]
    else:
        command += ["demo", "--units", "1", "--speed", "1" if suite in REAL_TIME else SPEED]
    command += ["--port", str(port), "--data", str(tmp_path / "data")]
    if suite in FURTHER:
        command += ["--web", str(_with_a_language(tmp_path / "web"))]
    if suite in KILLED:
        _killed(command, port)
    provider = _provider(tmp_path / "data", port) if suite in OIDC else None
    demo = started(command, port)
    try:
        yield f"{'https' if suite in LAN else 'http'}://127.0.0.1:{port}"
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)
        if provider is not None:
            provider.kill()
            provider.communicate()


def _with_board(folder: Path) -> Path:
    """Write the demo's cell with a marker board beside the press, and return its file."""
    plain = (HERE.parent.parent / "launch" / "cells" / "demo.yaml").read_text(encoding="utf-8")
    marked = plain.replace("frames:\n", "frames:\n  guide: {xyz_mm: [350, 580, 0], rpy_deg: [0, 0, 90]}\n", 1)
    cell = folder / "board.yaml"
    cell.write_text(f"{marked}boards: {BOARD}\n", encoding="utf-8")
    return cell


def _accounts(data: Path) -> None:
    """Make a supervisor with a PIN and a worker with a badge, and codes for two devices."""
    accounts = AccountsFile(data / ACCOUNTS)
    people.add(accounts, "Berta", "supervisor", "271828", pseudonym="berta")
    people.add(accounts, "Anna", "worker", "314159", pseudonym="anna")
    people.add_badge(accounts, "anna", "A0F3-77")
    for name in ("code", "second-code"):
        (data / name).write_text(accounts.invite(now_t())[0], encoding="utf-8")
    accounts.close()


def _provider(data: Path, port: int) -> subprocess.Popen[str]:
    """Start an OpenID provider that knows the cell at `port`, and have the cell know it."""
    script = [shutil.which("node") or "node", str(HERE / "oidc_provider.mjs"), f"https://127.0.0.1:{port}/sign-in"]
    provider = subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert provider.stdout is not None
    said = []
    for line in provider.stdout:
        said.append(line)
        if line.startswith("ready "):
            break
    else:
        pytest.fail("The provider did not start:\n" + "".join(said))
    (data / "oidc.secret").write_text("the secret of the shop's cell", encoding="utf-8")
    (data / "oidc.secret").chmod(0o600)
    (data / "oidc.yaml").write_text(
        f"issuer: {said[-1].split()[1]}\nclient_id: tandem\nsecret_file: oidc.secret\nname: Shop login\n"
        "account_claim: preferred_username\nrole_claim: groups\nroles: {assembly: worker}\n",
        encoding="utf-8",
    )
    return provider


def _with_a_language(folder: Path) -> Path:
    """Build the pages with the file of a language that nobody speaks, and return the folder of what was built."""
    web = HERE.parent.parent / "web"
    shutil.copytree(web, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    (folder / "node_modules").symlink_to(web / "node_modules")
    node = shutil.which("node") or "node"
    write = "import { PSEUDO } from './test/pseudo.mjs'; import { writeFileSync } from 'node:fs'; "
    write += "writeFileSync('src/words/languages/eo.ts', PSEUDO)"
    for arguments in (["--input-type=module", "--eval", write], ["build.mjs"]):
        subprocess.run([node, *arguments], cwd=folder, check=True, capture_output=True, timeout=120)
    return folder / "dist"


def _with_sight(folder: Path) -> Path:
    """Write the demo's cell with overlays that may be 15 mm beside the real thing, and return its file."""
    text = (HERE.parent.parent / "launch" / "cells" / "demo.yaml").read_text(encoding="utf-8")
    rules = "registration: {"
    assert rules in text
    cell = folder / "sight.yaml"
    cell.write_text(text.replace(rules, f"{rules}max_off_mm: 15, "), encoding="utf-8")
    return cell


def _with_lead(folder: Path) -> Path:
    """Write the demo's cell in which the arm stands for 8 s before it leaves a standstill, and return its file."""
    cell = folder / "lead.yaml"
    demo = HERE.parent.parent / "launch" / "cells" / "demo.yaml"
    cell.write_text(demo.read_text(encoding="utf-8") + "\nlead_s: 8\n", encoding="utf-8")
    return cell


def _cover_alone(folder: Path) -> Path:
    """Copy the products, of which the gear reducer gets a gasket and a cover and nothing else; returns their folder."""
    instructions = folder / "instructions"
    shutil.copytree(HERE.parent.parent / "instructions", instructions)
    procedure = instructions / "gear_reducer" / "procedure.yaml"
    head, steps = procedure.read_text(encoding="utf-8").split("\nsteps:\n", 1)
    options = "options: {ratio: [5, 10], cover: [blind, through], plate: [en, de]}"
    assert options in head
    named = re.compile(r"- \{?id: (load|gasket|cover|unload)\b")
    kept = list(filter(named.match, re.split(r"^(?=- )", steps, flags=re.MULTILINE)))
    assert len(kept) == 4
    text = head.replace(options, "options: {cover: [blind, through]}") + "\nsteps:\n" + "".join(kept)
    procedure.write_text(text.replace("after: [turn, plate]", "after: [cover]"), encoding="utf-8")
    return instructions


def _two_places(folder: Path) -> Path:
    """Write the demo's cell with a place more, in which two people approve each motion, but not who let it begin."""
    text = (HERE.parent.parent / "launch" / "cells" / "demo.yaml").read_text(encoding="utf-8")
    front = "places: {front: {"
    assert front in text
    file = folder / "two_places.yaml"
    text = text.replace(front, "places: {back: {at: {xyz_mm: [950, 600, 0]}}, front: {")
    file.write_text(text + "\napprovals: {motions: 2, four_eyes: true}\n", encoding="utf-8")
    return file


def _shaft_by_hand(folder: Path) -> Path:
    """Copy the products, of which the gear reducer's shaft is a person's alone, with nothing else to do beside it."""
    instructions = folder / "instructions"
    shutil.copytree(HERE.parent.parent / "instructions", instructions)
    procedure = instructions / "gear_reducer" / "procedure.yaml"
    plain = procedure.read_text(encoding="utf-8")
    either = "at: press}, robot: pick_place, human: true, time_s: {robot: 14, human: 6}}"
    aside = "  after: [load]\n  result: {part: plate"
    assert either in plain
    assert aside in plain
    plain = plain.replace(either, "at: press}, human: true, time_s: 6}", 1)
    procedure.write_text(plain.replace(aside, "  result: {part: plate", 1), encoding="utf-8")
    return instructions


def _with_photo(folder: Path) -> Path:
    """Copy the products, of which the gear reducer's lower bearing is to be photographed, too, and shown in a film with
    English captions alone; returns their folder."""
    instructions = folder / "instructions"
    shutil.copytree(HERE.parent.parent / "instructions", instructions)
    procedure = instructions / "gear_reducer" / "procedure.yaml"
    plain = procedure.read_text(encoding="utf-8")
    looked_at = "check: person\n  human: {show: press_lower"
    assert looked_at in plain
    photographed = looked_at.replace("check: person", "check: [person, photo]")
    procedure.write_text(plain.replace(looked_at, photographed, 1), encoding="utf-8")
    words = instructions / "gear_reducer" / "press_lower.yaml"
    picture = "media: [press_lower.png]"
    said = words.read_text(encoding="utf-8")
    assert picture in said
    words.write_text(said.replace(picture, "media: [press_lower.png, press_lower.webm]", 1), encoding="utf-8")
    film = cv2.VideoWriter(str(words.with_suffix(".webm")), cv2.VideoWriter.fourcc(*"VP80"), 10, (320, 180))
    for grey in range(0, 250, 10):
        film.write(np.full((180, 320, 3), grey, np.uint8))
    film.release()
    captions = "WEBVTT\n\n00:00.000 --> 00:02.000\nPress on the inner ring only.\n"
    words.with_suffix(".en.vtt").write_text(captions, encoding="utf-8")
    return instructions


def _looked_at_twice(folder: Path) -> Path:
    """Copy the products, of which the gear reducer's lower bearing is looked at by two people, with nothing else to do
    for the first of them meanwhile; returns their folder."""
    instructions = folder / "instructions"
    shutil.copytree(HERE.parent.parent / "instructions", instructions)
    procedure = instructions / "gear_reducer" / "procedure.yaml"
    plain = procedure.read_text(encoding="utf-8")
    looked_at = "check: person\n  human: {show: press_lower"
    assert looked_at in plain
    twice = looked_at.replace("check: person", "check: two_people")
    aside = "  after: [load]\n  result: {part: plate"
    assert aside in plain
    plain = plain.replace(aside, "  result: {part: plate", 1)
    procedure.write_text(plain.replace(looked_at, twice, 1), encoding="utf-8")
    return instructions


def _killed(command: list[str], port: int) -> None:
    """Run a cell until the robot is about to lift its first part out of a bin, and kill it as `kill -9` does."""
    demo = started(command, port)
    try:
        base = f"http://127.0.0.1:{port}"
        with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None) as line:
            line.send(json.dumps({"type": "hello"}))
            with httpx.Client(base_url=base, trust_env=False) as rest:
                rest.post("/api/v1/orders/demo-1/start", json={}).raise_for_status()
            for message in map(json.loads, line):
                happened = message["payload"] if message["type"] == "happened" else {}
                if happened.get("type") == "motion_intended" and "lift" in happened["text"]:
                    break
    finally:
        demo.kill()
        demo.communicate()
