"""A test's body run on a rig of some kind, which leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.contract.robot_rigs import tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from tests.contract.camera_rigs import CameraKind
    from tests.contract.robot_rigs import RigKind


def on(
    kind: CameraKind | RigKind, folder: Path, prepare: Callable[[Any], Awaitable[object]] | None = None
) -> Callable[..., Any]:
    """Run a coroutine on a rig, `prepare`d unless told not to be, and hold it to leaving no task behind."""

    def run(body: Callable[[Any], Awaitable[Any]], *, ready: bool = True) -> Any:
        async def whole() -> Any:
            rig = kind.make(folder)
            try:
                if ready and prepare is not None:
                    await prepare(rig)
                answer = await body(rig)
            finally:
                await rig.close()
            assert tasks() == set()
            return answer

        return kind.run(whole)

    return run


def on_robot(kind: RigKind, folder: Path) -> Callable[..., Any]:
    """Run a coroutine on a robot that is ready, unless told not to be."""
    return on(kind, folder, lambda rig: rig.robot.ready())
