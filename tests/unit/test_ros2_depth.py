"""Depth in metres, whatever a driver's picture looks like in memory, and pictures that are refused."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from orchestrator.adapters.ros2.depth import depth_of_cloud, depth_of_image
from orchestrator.core.camera import intrinsics_for
from orchestrator.core.errors import VisionError
from tests.ros2.picture_messages import FLOAT32, FLOAT64, cloud, image

LENS = intrinsics_for(7, 5)
DEPTH = np.random.default_rng(1).uniform(0.4, 1.9, (5, 7)).astype(np.float32)
DEPTH[2, 3] = DEPTH[4, 6] = 0


def message(said, **more):
    return SimpleNamespace(**{**said, **more})


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("pad", [0, 3, 64])
def test_metres_and_millimetres_of_both_byte_orders_and_any_row_step(big, pad):
    metres = depth_of_image(message(image(DEPTH, "32FC1", big=big, pad=pad)))
    assert metres.dtype == np.float32
    assert (metres == DEPTH).all()
    millimetres = depth_of_image(message(image(DEPTH, "16UC1", big=big, pad=pad)))
    assert millimetres.dtype == np.float32
    assert np.abs(millimetres - DEPTH).max() <= 0.5001e-3
    assert (millimetres == 0).sum() == 2


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf, 0.0, -1.0])
def test_what_is_no_reading_is_zero(nothing):
    assert (depth_of_image(message(image(DEPTH, nothing=nothing))) == DEPTH).all()


def test_the_last_row_may_lack_its_padding():
    fields = image(DEPTH, pad=8)
    assert (depth_of_image(message(fields, data=fields["data"][:-8])) == DEPTH).all()
    with pytest.raises(VisionError, match=r"broken: .* bytes for 7 x 5 pixels"):
        depth_of_image(message(fields, data=fields["data"][:-9]))


@pytest.mark.parametrize("encoding", ["rgb8", "mono16", ""])
def test_a_picture_of_another_kind_is_refused_by_its_encoding(encoding):
    with pytest.raises(VisionError) as refused:
        depth_of_image(message(image(DEPTH), encoding=encoding))
    assert refused.value.code == "bad_picture"
    assert (encoding or "nothing") in refused.value.message
    assert "16UC1" in refused.value.remedy


@pytest.mark.parametrize("wrong", [{"step": 27}, {"width": 0}, {"height": 6}, {"data": b""}])
def test_a_picture_whose_size_is_not_that_of_its_data_is_refused(wrong):
    with pytest.raises(VisionError, match="broken"):
        depth_of_image(message(image(DEPTH), **wrong))


@pytest.mark.parametrize("kind", [FLOAT32, FLOAT64])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("pad", [0, 5])
def test_a_cloud_is_read_by_the_offsets_of_its_fields(kind, big, pad):
    depth = depth_of_cloud(message(cloud(DEPTH, LENS, SimpleNamespace, kind=kind, big=big, pad=pad)), LENS)
    assert depth.dtype == np.float32
    assert (depth == DEPTH).all()


def test_a_cloud_that_sees_nothing_is_an_empty_picture():
    empty = np.zeros_like(DEPTH)
    assert not depth_of_cloud(message(cloud(empty, LENS, SimpleNamespace)), LENS).any()


def test_a_cloud_of_another_lens_or_frame_is_refused():
    fields = cloud(DEPTH, LENS, SimpleNamespace)
    with pytest.raises(VisionError, match="rays of its lens"):
        depth_of_cloud(message(fields), replace(LENS, cx=LENS.cx + 1.0))
    ahead = {"x": 12 + 4, "y": 4, "z": 8}  # x along the view, as a robot's body has it
    for field in fields["fields"]:
        field.offset = ahead.get(field.name, field.offset)
    with pytest.raises(VisionError, match="optical frame") as refused:
        depth_of_cloud(message(fields), LENS)
    assert refused.value.code == "bad_picture"


def test_a_cloud_without_rows_or_without_floats_is_refused():
    fields = cloud(DEPTH, LENS, SimpleNamespace)
    with pytest.raises(VisionError, match="not in rows"):
        depth_of_cloud(message(fields, height=1, width=35, row_step=35 * 24), LENS)
    with pytest.raises(VisionError, match="no x, y and z as floats; it has rgb, x, y"):
        depth_of_cloud(message(fields, fields=fields["fields"][:-1]), LENS)
    fields["fields"][2].datatype = 3
    with pytest.raises(VisionError, match="as floats"):
        depth_of_cloud(message(fields), LENS)
    fields["fields"][2].datatype, fields["fields"][3].offset = FLOAT32, 22
    with pytest.raises(VisionError, match="reach past"):
        depth_of_cloud(message(fields), LENS)
