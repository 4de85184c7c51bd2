"""A camera is calibrated over REST, step by step, and what is refused says what to do."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path

import httpx
import pytest
from PIL import Image

from orchestrator.adapters.calibration.calibrator import Calibrator
from orchestrator.adapters.calibration.camera import CalibratedCamera
from orchestrator.adapters.calibration.fit import apart
from orchestrator.adapters.calibration.opencv import opencv
from orchestrator.adapters.calibration.store import CalibrationStore
from orchestrator.adapters.camera_sim import SimCamera, setup_of
from orchestrator.adapters.clock_virtual import VirtualClock, run_virtual
from orchestrator.adapters.sim.board_hands import BoardHands
from orchestrator.adapters.sim.boards import SimBoards
from orchestrator.adapters.sim.meshes import MeshStore
from orchestrator.adapters.sim.world import World
from orchestrator.core.commands import Who
from orchestrator.core.errors import NotFound, TandemError
from orchestrator.engine.library import read_cell
from orchestrator.http.server import create_app
from tests.unit.http_fakes import FakeDesk
from tests.unit.test_cli_calibrate import CELL

BASE = "/api/v1/calibration"


class Bench:
    """The cell of the command's tests with its true world, behind the app."""

    def __init__(self, root, *, kept=True):
        path = root / "bench.yaml"
        path.write_text(CELL, encoding="utf-8")
        self.spec = read_cell(path)
        self.now = 1000.0
        self.busy = ""
        self.world = World(MeshStore(Path("nowhere")))
        self.boards = SimBoards(self.world, self.spec.boards, self.spec.frames)
        clock = VirtualClock(asyncio.get_running_loop())
        self.top = SimCamera(
            setup_of(self.spec, "top"), self.world, clock, robot=None, seed=1, boards=self.boards.bodies
        )
        seen = {"top": self.top}
        self.store = CalibrationStore(root / "calibration") if kept else None
        fixed = {"fixture": (self.spec.boards["fixture"], self.spec.frames["a"])}
        cameras = {
            name: CalibratedCamera(name, seen, camera, fixed, store=self.store, now=lambda: self.now)
            for name, camera in self.spec.cameras.items()
        }
        hands = BoardHands(self.boards, seen)
        desk = FakeDesk(root)
        desk.calibrating = self.calibrator = Calibrator(
            self.spec, cameras, self.store, hands=hands, why_not=lambda: self.busy, now=lambda: self.now
        )
        self._app = create_app(desk)

    async def ask(self, method, path, status=200, /, **body):
        """Return the answer's JSON; it must come with the status."""
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            answer = await client.request(method, f"{BASE}{path}", json=body if method == "POST" else None)
        assert answer.status_code == status, answer.text
        if status == 204:
            return None
        return answer.json() if answer.headers["content-type"] == "application/json" else answer.content

    async def refused(self, method, path, status, code, /, **body):
        """Return the message of a refusal, which must have the code and a remedy."""
        answer = await self.ask(method, path, status, **body)
        assert answer["code"] == code, answer
        assert answer["remedy"]
        return answer["message"]

    async def taken(self, session, **body):
        return await self.ask("POST", f"/session/{session['id']}/views", **body)

    async def camera(self, name="top"):
        return next(seen for seen in await self.ask("GET", "/cameras") if seen["camera"] == name)


def test_lens_and_place_are_found_step_by_step_and_the_shift_check_counts(tmp_path):
    async def main():
        bench = Bench(tmp_path)
        before = await bench.camera()
        assert (before["calibration"], before["checked_by"], before["boards"][0]) == ("", "fixture", "chart")
        assert "is not calibrated" in before["why"]

        session = await bench.ask("POST", "/session", camera="top", method="intrinsics")
        assert [(want["what"], want["more"]) for want in session["wants"][:2]] == [("pictures", 8), ("tilt", 3)]
        assert (session["next"]["side"], session["next"]["level"]) == ("left", "upper")
        while session["wants"]:
            session = await bench.taken(session)
        assert 8 <= len(session["taken"]) <= 11
        assert session["covered"] >= 0.6
        assert await bench.ask("GET", "/session") == session, "a page that is loaded again finds it"
        picture = Image.open(io.BytesIO(await bench.ask("GET", f"/session/{session['id']}/views/1.jpg")))
        assert list(picture.size) == session["size_px"]
        x, y = session["taken"][0]["corners_px"][0]
        assert (x < 640, y < 360) == (True, True), "where the board was wanted"

        session = await bench.ask("POST", f"/session/{session['id']}/compute")
        figures = {figure["name"]: figure for figure in session["found"]["figures"]}
        assert figures["rms_px"]["value"] < figures["rms_px"]["most"]
        assert figures["focal_change_percent"]["value"] == pytest.approx(1.0, abs=0.1)
        assert bench.store.current("top") is None, "nothing counts before it is accepted"
        after = await bench.ask("POST", f"/session/{session['id']}/accept")
        assert (after["parts"], after["by"], after["why"]) == (["intrinsics"], "local", "")
        assert await bench.ask("GET", "/session") is None

        session = await bench.ask("POST", "/session", camera="top", method="extrinsics")
        assert "a" not in session["places"], "the fixed board lies there"
        while session["wants"]:
            session = await bench.taken(session)
        assert len({taken["place"] for taken in session["taken"]}) == 3
        session = await bench.taken(session, place=session["places"][0])
        session = await bench.ask("POST", f"/session/{session['id']}/compute")
        await bench.ask("POST", f"/session/{session['id']}/accept")
        true = setup_of(bench.spec, "top")
        found = bench.store.current("top")
        assert found.parts == ("intrinsics", "extrinsics")
        off_mm, off_deg = apart(found.pose, true.pose @ true.calibration_error)
        assert (off_mm < 0.5, off_deg < 0.08) == (True, True), (off_mm, off_deg)

        bench.now += 9 * 3600
        assert "9 h old" in (await bench.camera())["why"]
        checked = await bench.ask("POST", "/cameras/top/check")
        assert (checked["last_check"]["ok"], checked["age_h"], checked["why"]) == (True, 0.0, "")
        bench.boards.knock("fixture", bench.spec.frames["a"].inverse() @ bench.spec.frames["a"].shifted(x=0.004))
        checked = await bench.ask("POST", "/cameras/top/check")
        assert not checked["last_check"]["ok"]
        assert "from its place" in checked["why"]
        bench.boards.take_away("fixture")
        assert "not clearly in the picture" in await bench.refused("POST", "/cameras/top/check", 409, "no_board")

    run_virtual(main)


def test_what_goes_wrong_says_what_to_do_and_takes_nothing(tmp_path):
    async def main():
        bench = Bench(tmp_path)
        where = bench.boards.where("fixture")
        await bench.refused("POST", "/session", 404, "not_found", camera="topp", method="intrinsics")
        await bench.refused("POST", "/session", 404, "not_found", camera="top", method="intrinsics", board="chat")
        await bench.refused("POST", "/session", 422, "bad_input", camera="top", method="hand_eye")
        assert "rides on the flange" in await bench.refused(
            "POST", "/session", 422, "bad_input", camera="wrist", method="extrinsics"
        )
        session = await bench.ask("POST", "/session", camera="top", method="intrinsics", board="fixture")
        assert "local is calibrating top" in await bench.refused(
            "POST", "/session", 409, "session_open", camera="top", method="extrinsics"
        )
        views, compute = f"/session/{session['id']}/views", f"/session/{session['id']}/compute"
        bench.busy = "The cell is execute."
        assert await bench.refused("POST", views, 409, "working") == "The cell is execute."
        bench.busy = ""
        await bench.refused("POST", views, 404, "not_found", place="moon")
        bench.top.blacked_out = True
        assert "gives no picture" in await bench.refused("POST", views, 409, "no_picture")
        bench.top.blacked_out = False
        assert (await bench.ask("GET", "/session"))["taken"] == []
        assert apart(bench.boards.where("fixture"), where) == (0.0, 0.0), "the fixed board is back"

        await bench.ask("POST", views)
        session = await bench.ask("POST", views)
        assert [taken["number"] for taken in session["taken"]] == [1, 2]
        third = session["next"]
        session = await bench.ask("DELETE", f"{views}/1")
        assert [taken["number"] for taken in session["taken"]] == [2]
        assert session["next"] != third, "the spot of the dropped picture is wanted again"
        await bench.refused("DELETE", f"{views}/1", 404, "not_found")
        await bench.refused("GET", f"{views}/1.jpg", 404, "not_found")
        assert "too few" in await bench.refused("POST", compute, 409, "too_few")
        await bench.refused("POST", f"/session/{session['id']}/accept", 409, "not_computed")
        await bench.ask("DELETE", f"/session/{session['id']}", 204)
        await bench.refused("POST", views, 404, "not_found")
        assert bench.store.current("top") is None

    run_virtual(main)


def test_a_live_look_shows_the_board_and_says_why_it_would_not_do(tmp_path):
    async def main():
        bench = Bench(tmp_path)
        await bench.refused("GET", "/session/gone/live", 404, "not_found")
        session = await bench.ask("POST", "/session", camera="top", method="intrinsics")
        live = f"/session/{session['id']}/live"
        seen = await bench.ask("GET", live)
        assert (seen["why"], seen["of"], len(seen["corners_px"]) >= 8) == ("", 40, True)
        assert list(Image.open(io.BytesIO(base64.b64decode(seen["jpeg"]))).size) == session["size_px"]
        await bench.refused("GET", f"{live}?place=moon", 404, "not_found")

        sharp = bench.top._expose

        def smeared(*scene):
            depth, grey = sharp(*scene)
            return depth, opencv().GaussianBlur(grey, (0, 0), 1.6)

        bench.top._expose = smeared
        seen = await bench.ask("GET", live)
        assert (seen["code"], seen["corners_px"], "Hold the board still" in seen["remedy"]) == ("blurred", [], True)
        assert seen["jpeg"], "what is wrong with it can be seen"
        assert "blurred" in await bench.refused("POST", f"/session/{session['id']}/views", 409, "blurred")
        bench.top._expose = sharp
        bench.top.blacked_out = True
        seen = await bench.ask("GET", live)
        assert (seen["code"], seen["jpeg"], "cable" in seen["remedy"]) == ("no_picture", "", True)
        bench.busy = "The cell is execute."
        await bench.refused("GET", live, 409, "working")
        assert await bench.ask("GET", "/session") == session, "nothing was taken in"

    run_virtual(main)


def test_a_board_that_is_hidden_is_not_taken(tmp_path):
    async def main():
        bench = Bench(tmp_path)
        session = await bench.ask("POST", "/session", camera="top", method="extrinsics", board="fixture")
        assert session["places"] == ["a"]
        bench.boards.take_away("fixture")
        said = await bench.refused("POST", f"/session/{session['id']}/views", 409, "no_board")
        assert "not clearly in the picture" in said
        assert (await bench.ask("GET", "/session"))["taken"] == []

    run_virtual(main)


def test_the_sheet_comes_as_pdf(tmp_path):
    async def main():
        bench = Bench(tmp_path)
        assert (await bench.ask("GET", "/boards/chart.pdf")).startswith(b"%PDF-")
        await bench.refused("GET", "/boards/chat.pdf", 404, "not_found")

    run_virtual(main)


def test_where_nothing_is_kept_nothing_is_calibrated(tmp_path):
    async def main():
        bench = Bench(tmp_path, kept=False)
        await bench.refused("POST", "/session", 409, "setup", camera="top", method="intrinsics")
        assert (await bench.camera())["why"] == ""

    run_virtual(main)


def test_a_worker_may_check_a_camera_and_calibrate_none(tmp_path):
    async def main():
        calibrator = Bench(tmp_path).calibrator
        worker, auditor = Who(name="kim", role="worker"), Who(name="lee", role="auditor")
        with pytest.raises(TandemError, match="may not calibrate"):
            await calibrator.begin("top", "intrinsics", "", worker)
        with pytest.raises(TandemError, match="may not check"):
            await calibrator.check("top", auditor)
        assert (await calibrator.check("top", worker)).last_check is None, "it is of no calibration that counts"
        with pytest.raises(NotFound):
            await calibrator.check("topp", worker)

    run_virtual(main)


def test_the_arm_moves_only_for_a_camera_that_it_carries(tmp_path):
    async def main():
        bench = Bench(tmp_path)
        said = await bench.refused("POST", "/session", 422, "bad_input", camera="top", method="hand_eye")
        assert "top stands still" in said
        session = await bench.ask("POST", "/session", camera="top", method="intrinsics")
        path = f"/session/{session['id']}/drive"
        assert "no part in this" in await bench.refused("POST", path, 422, "bad_input", press="p1")
        await bench.refused("POST", "/session/nothing/drive", 404, "not_found", press="p1")
        await bench.refused("DELETE", "/session/nothing/drive?press=p1", 404, "not_found")

    run_virtual(main)
