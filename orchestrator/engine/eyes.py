"""Looks: from a result and the ledger to a picture and a verdict."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestrator.core.camera import aside
from orchestrator.core.commands import EndCheck, Measured
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import IDENTITY
from orchestrator.core.golden import Lesson
from orchestrator.core.ports import Check
from orchestrator.core.react import RideAndLook
from orchestrator.core.rechecks import fresh_from
from orchestrator.core.rides import makes_way, needs_ride
from orchestrator.engine.looked_for import LookedFor, remains, seen_by
from orchestrator.engine.standstill import ARM_IDLE, EPSILON_S
from orchestrator.engine.verdicts import believed, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orchestrator.core.geometry import Pose, Vector
    from orchestrator.core.locating import Located, LocateRequest, Space
    from orchestrator.core.ports import Camera, CheckRequest, Expected, Shot, Taught, Vision
    from orchestrator.core.react import Look
    from orchestrator.core.state import State
    from orchestrator.core.variant import PartSpec, Step
    from orchestrator.engine.arm_in_view import ArmInView
    from orchestrator.engine.standstill import Standstill

LOOKS = 3  # cameras that are asked about one result at most
SETTLES_S = 0.08  # after a motion the arm still shakes, and the camera on it
SHOTS = 3  # pictures that a camera takes until one is new enough
SHOT_S = 20.0  # a camera that gives no picture for so long is dead; of the wall's clock where the cell's is sped up


class Eyes:
    """Takes the pictures of one cell and has them judged.

    `kinds` gives every part kind of a product, for telling look-alikes apart. `trusted` says, after a shot of a camera,
    why its pictures don't count now, "" where they do. `still` says when the arm stands, `arm` where it is in
    the way; None where there is no arm. `taught` gives what good units have taught of a result, or why that is stale.
    `fares` is told of each picture how its camera fares: why there was none, "" where there was one. A picture may take
    `patience_s`.
    """

    def __init__(
        self,
        cameras: Mapping[str, Camera],
        vision: Vision,
        kinds: Callable[[str], Mapping[str, PartSpec]],
        *,
        trusted: Callable[[str], str] = lambda _camera: "",
        still: Standstill | None = None,
        arm: ArmInView | None = None,
        taught: Callable[[Lesson], tuple[Taught | None, str]] = lambda _lesson: (None, ""),
        fares: Callable[[str, str], None] = lambda _camera, _detail: None,
        patience_s: float = SHOT_S,
    ) -> None:
        self._cameras = cameras
        self._vision = vision
        self._looked_for = LookedFor(kinds)
        self._trusted = trusted
        self._still = still
        self._arm = arm
        self._taught = taught
        self._fares = fares
        self._patience_s = patience_s
        self._looks = 0  # that count and are under way
        self._none = asyncio.Event()
        self._none.set()
        self._glances: set[asyncio.Task[Any]] = set()

    async def look(self, now: Callable[[], State], effect: Look | RideAndLook) -> EndCheck:
        """Judge a result; `now` gives the state, which may change until the picture is taken.

        With a ride the camera on the flange looks where the step says so, for the arm holds it there by now.

        Raises VisionError when there is no camera, no mesh, no known place to look at, or no picture that counts.
        """
        with self._first():
            measured = await self._measured(now, effect)
        return EndCheck(effect=effect.id, unit=effect.unit, step=effect.step, attempt=effect.attempt, measured=measured)

    async def glance(self, now: Callable[[], State], effect: Look, vision: Vision) -> tuple[Check, CheckRequest]:
        """Say how a result is at this moment, and what was asked, for whoever moves its part: no check, none is kept.

        It takes the arm as it is: no motion waits for the picture, and the picture for no motion. Where a look that
        counts begins meanwhile the task that glances is cancelled; `vision` is another than that of those looks, so
        that none of them waits for it. Raises VisionError as `look`.
        """
        if (task := asyncio.current_task()) is not None:
            self._glances.add(task)
        try:
            blind: tuple[Check, CheckRequest] | None = None
            for name in self._chosen(now(), effect):
                seen = await self._glanced(name, now, effect, vision)
                if seen[0].verdict != "cannot_see":
                    return seen
                blind = max((blind or seen, seen), key=lambda each: each[0].visible)
            assert blind is not None  # a camera at least was asked
            return blind
        finally:
            if task is not None:
                self._glances.discard(task)

    async def unwatched(self) -> None:
        """Wait until no look that counts is under way."""
        await self._none.wait()

    @property
    def watched(self) -> bool:
        """Whether a look that counts is under way."""
        return self._looks > 0

    @contextmanager
    def _first(self) -> Iterator[None]:
        """Go before all glances, for as long as this lasts."""
        self._looks += 1
        self._none.clear()
        for glance in tuple(self._glances):
            glance.cancel()
        try:
            yield
        finally:
            self._looks -= 1
            if not self._looks:
                self._none.set()

    async def _glanced(
        self, name: str, now: Callable[[], State], effect: Look, vision: Vision
    ) -> tuple[Check, CheckRequest]:
        request = self._request(now(), effect)
        hidden = self._in_the_way([name], now(), effect)
        if not hidden:
            async with asyncio.timeout(self._patience_s):
                shot = await self._cameras[name].shoot()
            hidden = self._trusted(name) or self._in_the_way([name], now(), effect)
        if hidden:
            return Check("cannot_see", reason=hidden), request
        request = seen_by(self._request(now(), effect), now(), shot, _calibration(now(), shot))
        lesson, _ = self._lesson(now(), effect, shot)
        return believed(await vision.check(replace(request, taught=lesson), shot), request), request

    async def turn(self) -> None:
        """Wait before a motion while a picture is about to be taken, for a moment at most."""
        if self._still is not None:
            await self._still.turn()

    def request(self, state: State, unit: str, step: Step) -> CheckRequest:
        """Return what a look at a step's result would ask, without looking. Raises VisionError as `look`."""
        return self._looked_for.result(state, f"{unit}/{step.id}", unit, step)

    def looking(self, state: State, pose: Pose) -> list[str]:
        """Return the cameras that would look at a place, the best placed first. Raises VisionError."""
        return self._facing(state, pose)

    def over(self, state: State, camera: str, space: Space) -> str:
        """Return that the arm is in the way of a camera that shall look into a space, "" where its view is free."""
        x, y, z = (size / 2 for size in space.size_m)
        eye = state.spec.cameras[camera].at.p
        if self._arm is None or not self._arm.covers(state, eye, (-x, -y, -z), (x, y, z), space.pose):
            return ""
        return f"The robot's arm is in the way of {camera}."

    async def find(self, now: Callable[[], State], camera: str, request: LocateRequest) -> Located:
        """Say where parts of a kind lie, on a new picture of one camera, taken while the arm stands out of its view.

        Raises VisionError when there is no such camera (no_camera), its pictures don't count (cannot_see), or there is
        none (arm_moves, arm_in_view, late_picture).
        """
        if camera not in self._cameras:
            raise VisionError(
                f"The cell has no camera '{camera}'.", remedy="Mend the bin's `locate`.", code="no_camera"
            )
        with self._first():
            shot = await self._unhidden(now, camera, request.space)
            if why := self._trusted(camera):
                raise VisionError(why, remedy="Calibrate it, or take the part by hand.", code="cannot_see")
            return await self._vision.locate(request, shot)

    async def look_for(self, now: Callable[[], State], effect: str, part: str) -> Measured:
        """Say whether a part that may have been left in the cell stands where the ledger has it.

        Raises VisionError when there is no camera, no mesh, no place, or no picture from while the arm was out of it.
        """
        state = now()
        request, space = remains(state, effect, part)
        best = Measured(verdict="cannot_see")
        with self._first():
            for name in self._facing(state, request.part.pose):
                shot = await self._unhidden(now, name, space)
                if why := self._trusted(name):
                    best = Measured(verdict="cannot_see", reason=why, shot_t=shot.stamp)
                    continue
                check = believed(await self._vision.check(request, shot), request)
                best = measured(check, request, shot, _calibration(state, shot))
                if best.verdict != "cannot_see":
                    break
        return best

    async def _unhidden(self, now: Callable[[], State], camera: str, space: Space | None) -> Shot:
        if self._still is None or space is None:
            return await self._cameras[camera].shoot()
        with self._still.picture():
            for _ in range(SHOTS):
                since = await self._still.reached(lambda: self.over(now(), camera, space))
                shot = await self._cameras[camera].shoot()
                if self._still.stood(shot.stamp, since):
                    return shot
        raise VisionError(
            f"The camera {camera} gave {SHOTS} pictures, none of them from while the arm stood.",
            remedy="See the camera and its clock.",
            code="late_picture",
        )

    def alike(self, state: State, unit: str, kind: str) -> tuple[Expected, ...]:
        """Return the kinds that a kind can be mistaken for."""
        return self._looked_for.alike(state, unit, kind, IDENTITY)

    async def _measured(self, now: Callable[[], State], effect: Look | RideAndLook) -> Measured:
        """Return the first verdict of the cameras, the best placed first; where none can tell, what all of them say.

        Raises VisionError where no camera gives a picture that counts.
        """
        blind: dict[str, Measured] = {}
        failed: VisionError | None = None
        names = self._chosen(now(), effect)
        while names:
            try:
                name, shot = await self._shot(names, now, effect)
            except VisionError as error:
                if error.code == ARM_IDLE:
                    raise
                failed = failed or error
                continue
            if why := self._trusted(name):
                blind[name] = Measured(verdict="cannot_see", reason=why, shot_t=shot.stamp)
                continue
            state = now()
            request = seen_by(self._request(state, effect), state, shot, _calibration(state, shot))
            lesson, why = self._lesson(state, effect, shot)
            request = replace(request, taught=lesson)
            check = believed(await self._vision.check(request, shot), request)
            if why:
                check = replace(check, reason=f"{check.reason} {why}".strip())
            if check.verdict != "cannot_see":
                return measured(check, request, shot, _calibration(state, shot))
            blind[name] = measured(check, request, shot, _calibration(state, shot))
        if not blind:
            assert failed is not None  # a camera at least was asked
            raise failed
        best = max(blind.values(), key=lambda seen: seen.visible)
        said = [f"{name}: {seen.reason}" for name, seen in blind.items()]
        if failed is not None:
            said.append(failed.message)
        return best if len(said) == 1 else best.model_copy(update={"reason": " ".join(said)})

    def _lesson(self, state: State, effect: Look | RideAndLook, shot: Shot) -> tuple[Taught | None, str]:
        """Return what good units have taught of a result as this camera sees it, or why that does not count."""
        step, variant = _step(state, effect), state.variant_of(effect.unit)
        kind = step.result.kind or ""
        return self._taught(
            Lesson(
                product=variant.product,
                step=step.id,
                kind=kind,
                camera=shot.camera,
                mesh_sha256=variant.parts[kind].mesh_sha256,
                procedure_sha256=variant.procedure_sha256,
                calibration=_calibration(state, shot),
            )
        )

    def _chosen(self, state: State, effect: Look | RideAndLook) -> list[str]:
        """Return the cameras to ask: the one that the step names, else those that have the result in their picture."""
        step = _step(state, effect)
        if step.look is None or (needs_ride(state, step) and not _from_the_wrist(state, effect)):
            return self._facing(state, self._request(state, effect).part.pose)
        if step.look.camera not in self._cameras or step.look.camera not in state.spec.cameras:
            known = ", ".join(self._cameras) or "none"
            raise VisionError(f"The cell has no camera '{step.look.camera}'.", remedy=f"Known: {known}.")
        return [step.look.camera]

    async def _shot(self, names: list[str], now: Callable[[], State], effect: Look | RideAndLook) -> tuple[str, Shot]:
        """Return a camera's name, taken off `names`, and its picture: the first whose view the arm leaves free.

        It was taken while the arm stood, after all that changed what is in it. Raises VisionError where there is none:
        codes arm_moves, arm_in_view and arm_idle, for all of `names`, and late_picture.
        """
        if self._still is None:
            return (name := names.pop(0)), await self._picture(name)
        with self._still.picture():
            try:
                since = await self._still.reached(
                    lambda: self._in_the_way(names, now(), effect), idle=lambda: _could_go_home(now(), effect)
                )
            except VisionError:
                names.clear()
                raise
            name = next((name for name in names if not self._in_the_way([name], now(), effect)), names[0])
            names.remove(name)
            for again in range(SHOTS):
                if again:
                    since = await self._still.reached(lambda: self._in_the_way([name], now(), effect))
                if _from_the_wrist(now(), effect):
                    await asyncio.sleep(SETTLES_S)
                shot = await self._picture(name)
                state = now()
                changed = fresh_from(state, effect.unit, _step(state, effect))
                if _from_the_wrist(state, effect) and self._hides(state, shot.pose.p, effect):
                    raise VisionError(
                        f"From there the arm itself is in the way of {name}.",
                        remedy="Teach a pose in which it is not, or take another frame.",
                        code="arm_in_view",
                    )
                if self._still.stood(shot.stamp, since) and shot.stamp >= changed - EPSILON_S:
                    return name, shot
        raise VisionError(
            f"The camera {name} gave {SHOTS} pictures, none of them from after the arm and the scene last changed.",
            remedy="See the camera and its clock.",
            code="late_picture",
        )

    async def _picture(self, name: str) -> Shot:
        """Take one picture, however the camera fares. Raises VisionError (code no_picture, or the camera's own)."""
        try:
            async with asyncio.timeout(self._patience_s):
                shot = await self._cameras[name].shoot()
        except VisionError as error:
            self._fares(name, error.message)
            raise
        except TimeoutError:
            raise self._dead(name, f"The camera {name} gave no picture within {self._patience_s:g} s.") from None
        except Exception as error:  # a driver may raise anything, and costs one look
            raise self._dead(name, f"The camera {name} failed: {error or type(error).__name__}.") from error
        self._fares(name, "")
        return shot

    def _dead(self, name: str, message: str) -> VisionError:
        self._fares(name, message)
        return VisionError(message, remedy="See its cable and its driver, then check again.", code="no_picture")

    def _in_the_way(self, names: list[str], state: State, effect: Look | RideAndLook) -> str:
        """Return that the arm is in the way of all these cameras, "" where one of them has a free view.

        Of a camera on the flange that is known only once it has got there.
        """
        if _from_the_wrist(state, effect):
            return ""
        if not all(self._hides(state, state.spec.cameras[name].at.p, effect) for name in names):
            return ""
        return f"The robot's arm is in the way of {' and '.join(names)}."

    def _hides(self, state: State, eye: Vector, effect: Look | RideAndLook) -> bool:
        """Tell whether the arm hides a step's part from a camera at `eye` (m, world)."""
        found = state.step(effect.unit, effect.step)
        pose = state.result_pose(effect.unit, found[0]) if found is not None else None
        spec = state.part_spec(effect.unit, found[0].result.kind or "") if found is not None else None
        if self._arm is None or found is None or pose is None or spec is None:
            return False
        return self._arm.hides(state, eye, f"{effect.unit}/{found[0].result.part}", spec, pose)

    def _request(self, state: State, effect: Look | RideAndLook) -> CheckRequest:
        return self._looked_for.result(state, effect.id, effect.unit, _step(state, effect))

    def _facing(self, state: State, pose: Pose) -> list[str]:
        """Return the fixed cameras that have a place in their picture, those that face it straightest first.

        Where none has, the one that comes nearest to it, which will say so. A camera on the flange sees a place only
        when the arm holds it there, which nobody has planned.
        """
        specs = {name: spec for name, spec in state.spec.fixed_cameras.items() if name in self._cameras}
        if not specs:
            what = "The cell has no camera that stands still." if self._cameras else "The cell has no camera."
            raise VisionError(what, remedy="Add one to the cell file, or check by a person.")
        off = {name: aside(spec.intrinsics, spec.at, pose.p) for name, spec in specs.items()}
        names = sorted(specs, key=lambda name: off[name])
        return [name for name in names if not off[name][0]][:LOOKS] or names[:1]


def _step(state: State, effect: Look | RideAndLook) -> Step:
    found = state.step(effect.unit, effect.step)
    if found is None:
        raise VisionError("The unit has left the cell.")
    return found[0]


def _calibration(state: State, shot: Shot) -> str:
    """Return the id of the calibration that a picture's camera goes by, or the digest of the cell file."""
    return shot.calibration or state.spec.sha256


def _from_the_wrist(state: State, effect: Look | RideAndLook) -> bool:
    """Whether the arm holds the camera of a look: it has been brought there for it."""
    found = state.step(effect.unit, effect.step)
    return found is not None and isinstance(effect, RideAndLook) and needs_ride(state, found[0])


def _could_go_home(state: State, effect: Look | RideAndLook) -> bool:
    """Whether a look that the arm is in the way of waits for it to go home first: a last look moves nothing."""
    found = state.step(effect.unit, effect.step)
    asked = found is not None and found[1].effect == effect.id and not found[1].ride
    return asked and makes_way(state)
