"""What every `Camera` promises, held by the simulated one here and by others where they are at home."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from orchestrator.core.errors import VisionError
from tests.contract.camera_rigs import ABOVE, BOX, LENS, Embedded
from tests.contract.running import on

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def on_camera(tmp_path: Path) -> Callable[..., Any]:
    """Run a coroutine on a camera above an empty table."""
    return on(Embedded(), tmp_path)


def beside(shot):
    """Where the box ends in the picture: the depth of its top, and of the table beside it."""
    row = shot.depth_m[LENS.height // 2]
    return row[LENS.width // 2], row[20]


def test_a_picture_is_depth_along_the_axis_in_metres_through_its_lens(on_camera):
    async def body(rig):
        rig.put(BOX)
        shot = await rig.camera.shoot()
        assert shot.depth_m.dtype == np.float32
        assert shot.depth_m.shape == (shot.intrinsics.height, shot.intrinsics.width) == (LENS.height, LENS.width)
        assert (shot.intrinsics.fx, shot.intrinsics.cy) == pytest.approx((LENS.fx, LENS.cy))
        assert np.isfinite(shot.depth_m).all()
        assert (shot.depth_m >= 0).all()
        box, table = beside(shot)
        assert table == pytest.approx(ABOVE.p[2], abs=0.002)
        assert box == pytest.approx(ABOVE.p[2] - BOX.size_m[2], abs=0.002)

    on_camera(body)


def test_it_says_which_camera_where_it_was_and_when(on_camera):
    async def body(rig):
        asked = rig.clock.now()
        shot = await rig.camera.shoot()
        assert shot.camera == "top"
        assert shot.pose.p == pytest.approx(ABOVE.p)
        assert shot.pose.q == pytest.approx(ABOVE.q)
        assert asked <= shot.stamp <= rig.clock.now()

    on_camera(body)


def test_the_next_picture_shows_what_has_changed(on_camera):
    async def body(rig):
        for _ in range(3):
            rig.put(BOX)
            box, table = beside(await rig.camera.shoot())
            assert table - box > 0.05
            rig.clear()
            box, table = beside(await rig.camera.shoot())
            assert abs(table - box) < 0.002

    on_camera(body)


def test_a_camera_that_gives_no_picture_says_so_and_sees_again_later(on_camera):
    async def body(rig):
        await rig.camera.shoot()
        rig.blind()
        for _ in range(2):
            with pytest.raises(VisionError) as none:
                await rig.camera.shoot()
            assert none.value.code == "no_picture"
            assert none.value.remedy
        rig.see()
        assert (await rig.camera.shoot()).depth_m.any()

    on_camera(body)


def test_two_who_ask_at_once_each_get_a_picture(on_camera):
    async def body(rig):
        asked = rig.clock.now()
        shots = await asyncio.gather(*(rig.camera.shoot() for _ in range(3)))
        assert all(shot.stamp >= asked and shot.depth_m.any() for shot in shots)

    on_camera(body)


def test_who_gives_up_waiting_leaves_the_camera_as_it_was(on_camera):
    async def body(rig):
        waiting = asyncio.ensure_future(rig.camera.shoot())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await rig.camera.shoot()).depth_m.any()

    on_camera(body)
