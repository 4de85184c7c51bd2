"""A pinhole from a CameraInfo, and lenses that can't be taken for one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from orchestrator.adapters.ros2.lens import lens_of
from orchestrator.core.errors import VisionError
from orchestrator.core.ports import Intrinsics
from tests.ros2.picture_messages import info

LENS = Intrinsics(640, 480, 601.5, 602.5, 318.0, 241.0)
BENT = (0.1, -0.2, 0.0, 0.0, 0.0)


def told(d=(0.0,) * 5, roi=(0, 0, 0, 0), **more):
    x, y, width, height = roi
    cut = SimpleNamespace(x_offset=x, y_offset=y, width=width, height=height)
    return SimpleNamespace(**{**info(LENS, d=d), "roi": cut, **more})


def refused(*given, **rectified):
    with pytest.raises(VisionError) as error:
        lens_of(*given, **rectified)
    assert (error.value.code, bool(error.value.remedy)) == ("no_lens", True)
    return error.value


@pytest.mark.parametrize("d", [(), (0.0,) * 5, (0.0,) * 8])
def test_a_lens_that_does_not_distort_is_what_k_says(d):
    assert lens_of(told(d)) == LENS
    assert lens_of(told(d, (0, 0, 640, 480))) == LENS


def test_a_lens_that_distorts_is_refused_unless_its_pictures_are_rectified():
    error = refused(told(BENT))
    assert "plumb_bob" in error.message
    assert "rectified: true" in error.remedy
    p = [500.0, 0.0, 320.0, 0.0, 0.0, 510.0, 240.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert lens_of(told(BENT, p=p), rectified=True) == Intrinsics(640, 480, 500.0, 510.0, 320.0, 240.0)
    assert lens_of(told(BENT, r=[0.0] * 9), rectified=True) == LENS  # as drivers leave it out


def test_the_lens_of_a_stereo_pair_is_refused():
    p = info(LENS)["p"]
    assert "stereo" in refused(told(p=[*p[:3], -30.0, *p[4:]]), rectified=True).message
    turned = [1.0, 0.0, 0.001, 0.0, 1.0, 0.0, -0.001, 0.0, 1.0]
    assert "stereo" in refused(told(r=turned), rectified=True).message
    assert lens_of(told(r=turned)) == LENS  # of pictures as they were taken


@pytest.mark.parametrize("k", [[0.0] * 9, [600.0, 0, 320.0, 0, float("nan"), 240.0, 0, 0, 1.0], [600.0] * 9])
def test_a_camera_that_nobody_has_calibrated_is_refused(k):
    assert "not calibrated" in refused(told(k=k)).message


@pytest.mark.parametrize("part", [{"roi": (10, 0, 320, 480)}, {"binning_x": 2}, {"binning_y": 2}])
def test_a_part_of_the_sensor_is_refused(part):
    assert "part" in refused(told(**part)).message
