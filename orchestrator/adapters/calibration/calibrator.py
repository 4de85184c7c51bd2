"""Calibrates the cameras of a running cell, step by step as a page leads through it; implements `Calibrating`."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from orchestrator.adapters.calibration import board as sheets
from orchestrator.adapters.calibration.begin import board_for, boards_for, session_for
from orchestrator.adapters.calibration.under_way import UnderWay, live
from orchestrator.core.calibration import BoardSpec
from orchestrator.core.errors import BadInput, NotFound, SetupError, TandemError, VisionError, known
from orchestrator.core.geometry import IDENTITY
from orchestrator.core.rights import CALIBRATE, CHECK_CAMERA
from orchestrator.engine.calibrating import CalibratedView, DriveView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from orchestrator.adapters.calibration.camera import CalibratedCamera
    from orchestrator.adapters.calibration.store import CalibrationStore
    from orchestrator.adapters.calibration.under_way import Aim
    from orchestrator.core.cell import CellSpec
    from orchestrator.core.commands import Who
    from orchestrator.core.geometry import Pose
    from orchestrator.core.ports import Shot
    from orchestrator.engine.calibrating import Led, LiveView, SessionView
    from orchestrator.engine.drive import Driven

NO_WAY = "no_plan"  # the code of a pose that the arm can't be brought to


class Hands(Protocol):
    """Whoever brings the board to its spot: the simulated cell has somebody, in a real one a person does."""

    def show(self, camera: str, name: str, board: BoardSpec, at: Pose | None) -> AbstractContextManager[None]:
        """Have a board at a pose (world) while the camera takes its picture; None leaves it where it is."""


class Arm(Protocol):
    """The arm that carries a camera, brought to poses of the TCP (world) while somebody holds a button."""

    @property
    def tcp(self) -> Pose:
        """Where the tool centre point is."""

    async def hold(self, press: str, to: Pose, by: Who, t: float) -> Driven:
        """Begin or renew a press."""

    async def release(self, press: str, by: Who) -> Driven:
        """Let go."""


class Calibrator:
    """One session at a time. `why_not` says why no picture may be taken now, "" where it may; `now` is UTC seconds.

    `store` is None where nothing is kept: then nothing can be calibrated either.
    """

    def __init__(
        self,
        spec: CellSpec,
        cameras: Mapping[str, CalibratedCamera],
        store: CalibrationStore | None,
        *,
        hands: Hands | None,
        why_not: Callable[[], str],
        now: Callable[[], float],
        arm: Arm | None = None,
    ) -> None:
        self._spec = spec
        self._cameras = cameras
        self._store = store
        self._hands = hands
        self._why_not = why_not
        self._now = now
        self._arm = arm
        self._tool = (
            IDENTITY  # the tool centre point in the camera's believed frame, while a session of hand_eye is open
        )
        self._drive: tuple[str, Who, Aim] | None = None  # the press that moves the arm, whose, and where to
        self._open: UnderWay | None = None
        self._lock = asyncio.Lock()  # one thing at a time, whoever asks

    def cameras(self) -> tuple[CalibratedView, ...]:
        """Return every camera with the state of its calibration."""
        return tuple(map(self._camera, self._cameras))

    def session(self) -> SessionView | None:
        """Return the session that is open."""
        return self._open.view() if self._open is not None else None

    async def begin(self, camera: str, method: Led, board: str, by: Who) -> SessionView:
        """Open a session; see `Calibrating`."""
        _allow(by, CALIBRATE, "calibrate cameras")
        async with self._lock:
            seen = self._named(camera)
            if self._open is not None:
                raise TandemError(
                    f"{self._open.by} is calibrating {self._open.camera} already.",
                    remedy="Go on with that, or discard it.",
                    code="session_open",
                )
            if method == "extrinsics" and not self._spec.cameras[camera].fixed:
                raise BadInput(
                    f"{camera} rides on the flange: its place there is found by hand-eye.", remedy="Begin hand_eye."
                )
            if method == "hand_eye":
                await self._measure_tool(camera)
            name, chosen = board_for(self._spec, board or None, still=method == "hand_eye")
            session = session_for(self._spec, self._kept(), camera, chosen)
            self._open = UnderWay(
                uuid4().hex[:12], session, method, name, by.name, self._spec, seen.limits, self._hands is not None
            )
            return self._open.view()

    async def look(self, session: str, place: str, by: Who) -> LiveView:
        """Take a picture to aim by; see `Calibrating`."""
        _allow(by, CALIBRATE, "calibrate cameras")
        async with self._lock:
            open_ = self._session(session)
            try:
                shot = await self._shot(open_, open_.spot(place))
            except VisionError as error:
                return live("", (), open_.session.board.corners, error)
            return await asyncio.get_running_loop().run_in_executor(None, open_.look, shot.colour)

    async def take(self, session: str, place: str, by: Who) -> SessionView:
        """Take a picture; see `Calibrating`."""
        _allow(by, CALIBRATE, "calibrate cameras")
        async with self._lock:
            open_ = self._session(session)
            spot = open_.spot(place)
            shot = await self._shot(open_, spot)
            flange = shot.pose @ open_.session.pose.inverse() if open_.method == "hand_eye" else None
            try:
                await asyncio.get_running_loop().run_in_executor(None, open_.add, shot.colour, spot, flange)
            except VisionError:
                if open_.method == "hand_eye":  # the arm itself may be in the way there
                    open_.give_up(spot)
                raise
            return open_.view()

    async def drive(self, session: str, press: str, by: Who) -> DriveView:
        """Bring the arm to its next pose while this is renewed; see `Calibrating`."""
        _allow(by, CALIBRATE, "calibrate cameras")
        open_, arm = self._session(session), self._arm
        if open_.method != "hand_eye" or arm is None:
            raise BadInput("The arm has no part in this.", remedy="Bring the board to its place.")
        if self._drive is None or self._drive[0] != press:
            self._drive = (press, by, open_.spot(""))
        aim = self._drive[2]
        driven = await arm.hold(press, aim.pose @ self._tool, by, self._now())
        if driven.code == NO_WAY:
            open_.give_up(aim)
        return DriveView(state=driven.state, code=driven.code, message=driven.message, remedy=driven.remedy)

    async def release(self, session: str, press: str, by: Who) -> DriveView:
        """Let go; see `Calibrating`."""
        _allow(by, CALIBRATE, "calibrate cameras")
        self._session(session)
        if self._arm is None:
            raise BadInput("The arm has no part in this.", remedy="Bring the board to its place.")
        driven = await self._arm.release(press, by)
        return DriveView(state=driven.state, code=driven.code, message=driven.message, remedy=driven.remedy)

    async def _measure_tool(self, camera: str) -> None:
        """Find where the tool centre point is as seen from a camera on the flange, by one picture while the arm stands.

        Raises BadInput for a camera that stands still, or where there is no arm.
        """
        if self._spec.cameras[camera].fixed or self._arm is None:
            raise BadInput(
                f"{camera} stands still: its place is found by a board at frames of the cell.",
                remedy=f"Begin extrinsics, or run `tandem calibrate {camera} hand-eye` with a board on the flange.",
            )
        self._rest()
        shot = await self._cameras[camera].calibrated()
        self._tool = shot.pose.inverse() @ self._arm.tcp

    async def _let_go(self) -> None:
        """End the press that moves the arm, if any: its session is over."""
        if self._drive is not None and self._arm is not None:
            press, by, _ = self._drive
            self._drive = None
            await self._arm.release(press, by)

    def _rest(self) -> None:
        """Raise TandemError while the cell works or the arm moves."""
        if why := self._why_not():
            raise TandemError(why, remedy="Let it finish, or stop it; then take the picture.", code="working")

    async def drop(self, session: str, number: int, by: Who) -> SessionView:
        """Leave a picture out."""
        _allow(by, CALIBRATE, "calibrate cameras")
        async with self._lock:
            open_ = self._session(session)
            open_.drop(number)
            return open_.view()

    async def compute(self, session: str, by: Who) -> SessionView:
        """Compute from the pictures; see `Calibrating`."""
        _allow(by, CALIBRATE, "calibrate cameras")
        async with self._lock:
            open_ = self._session(session)
            await asyncio.get_running_loop().run_in_executor(None, open_.solve, self._now(), by.name)
            return open_.view()

    async def accept(self, session: str, by: Who) -> CalibratedView:
        """Let what was found count from now on, and close the session."""
        _allow(by, CALIBRATE, "calibrate cameras")
        async with self._lock:
            open_ = self._session(session)
            if open_.found is None:
                raise TandemError("Nothing has been computed yet.", remedy="Compute first.", code="not_computed")
            store = self._kept()
            await self._let_go()
            store.accept(open_.camera, store.keep(open_.found))
            self._cameras[open_.camera].datum = None  # what the last shot saw, it saw through the one before
            self._open = None
            return self._camera(open_.camera)

    async def discard(self, session: str, by: Who) -> None:
        """Close a session; what was found does not count."""
        _allow(by, CALIBRATE, "calibrate cameras")
        async with self._lock:
            self._session(session)
            await self._let_go()
            self._open = None

    async def check(self, camera: str, by: Who) -> CalibratedView:
        """Look at the fixed board; see `Calibrating`."""
        _allow(by, CHECK_CAMERA, "check cameras")
        async with self._lock:
            seen = self._named(camera)
            with self._shown(camera, seen.checked_by, None):
                await seen.check(by.name)
            return self._camera(camera)

    async def picture(self, session: str, number: int) -> bytes:
        """Return a taken picture as JPEG."""
        return self._session(session).picture(number)

    async def sheet(self, board: str) -> bytes:
        """Return a board's sheet to print, as PDF."""
        _, spec = board_for(self._spec, board)
        return await asyncio.get_running_loop().run_in_executor(None, sheets.pdf, spec)

    async def _shot(self, open_: UnderWay, spot: Aim) -> Shot:
        """Take a picture with the board where it is wanted. Raises TandemError while the cell works, VisionError."""
        self._rest()
        camera = self._cameras[open_.camera]
        held = None
        if open_.method == "intrinsics":
            held = (await camera.calibrated()).pose @ spot.pose
        elif open_.session.board.at is None:
            held = open_.rests if open_.method == "hand_eye" else spot.pose
        with self._shown(open_.camera, open_.board, held):
            return await camera.calibrated()

    def _shown(self, camera: str, board: str, at: Pose | None) -> AbstractContextManager[None]:
        """Have a board at a pose (world) for the length of the context; None leaves it to whoever put it there."""
        if self._hands is None:
            return nullcontext()
        return self._hands.show(camera, board, boards_for(self._spec).get(board, BoardSpec()), at)

    def _camera(self, name: str) -> CalibratedView:
        seen, spec = self._cameras[name], self._spec.cameras[name]
        current = self._store.current(name) if self._store is not None else None
        last = self._store.last_check(name) if self._store is not None else None
        age_h = None
        if current is not None:
            age_h = round((self._now() - max(current.made_t, last.t if last is not None else 0.0)) / 3600, 3)
        return CalibratedView(
            camera=name,
            fixed=spec.fixed,
            calibration=current.id if current is not None else "",
            parts=current.parts if current is not None else (),
            made_t=current.made_t if current is not None else 0.0,
            by=current.by if current is not None else "",
            max_age_h=spec.calibration.max_age_h if spec.calibration is not None else None,
            age_h=age_h,
            last_check=last,
            checked_by=seen.checked_by,
            boards=tuple(boards_for(self._spec)),
            why=seen.why_not(),
        )

    def _named(self, camera: str) -> CalibratedCamera:
        if camera not in self._cameras:
            raise known("camera", camera, self._cameras)
        return self._cameras[camera]

    def _session(self, session: str) -> UnderWay:
        if self._open is None or self._open.id != session:
            raise NotFound("That calibration is over.", remedy="Load the page again and begin anew.")
        return self._open

    def _kept(self) -> CalibrationStore:
        if self._store is None:
            raise SetupError("Nothing is kept of this cell.", remedy="Give a folder with --data.")
        return self._store


def _allow(by: Who, roles: frozenset[str], what: str) -> None:
    if by.role != "engine" and by.role not in roles:
        raise TandemError(f"A {by.role} may not {what}.", remedy="Ask somebody who may.", code="forbidden")
