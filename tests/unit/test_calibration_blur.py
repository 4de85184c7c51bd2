"""A picture that is smeared is told from a sharp one, and is not taken in."""

from __future__ import annotations

import numpy as np
import pytest

from orchestrator.adapters.calibration.blur import MOST_BLUR_PX, blur_px
from orchestrator.adapters.calibration.detect import detect
from orchestrator.adapters.calibration.opencv import opencv
from orchestrator.adapters.calibration.session import Session
from orchestrator.core.errors import VisionError
from orchestrator.core.geometry import IDENTITY
from tests.unit.calibration_scenes import BOARD, HELD, TOP, pictures


@pytest.fixture(scope="module")
def sharp():
    return [shot.colour for shot in pictures(TOP, HELD[:3])]


def session():
    return Session("top", False, BOARD, TOP.intrinsics, IDENTITY)


@pytest.mark.parametrize("sigma", [1.2, 1.6, 2.0])
def test_blur_is_measured_in_pixels(sharp, sigma):
    for picture in sharp:
        own = blur_px(picture, detect(BOARD, picture))
        assert 0.5 < own < 1.2, "a lens, and the pixel itself"
        smeared = opencv().GaussianBlur(picture, (0, 0), sigma)
        assert blur_px(smeared, detect(BOARD, smeared)) == pytest.approx(np.hypot(own, sigma), rel=0.2)


def test_a_hand_that_shakes_along_one_direction_is_seen_too(sharp):
    for axis in (0, 1):
        shaken = np.mean([np.roll(sharp[0].astype(float), by, axis) for by in range(-3, 4)], axis=0).astype(np.uint8)
        assert blur_px(shaken, detect(BOARD, shaken)) > MOST_BLUR_PX


def test_a_blurred_picture_is_not_taken_in(sharp):
    under_way = session()
    under_way.add(sharp[0])
    with pytest.raises(VisionError, match="blurred") as refused:
        under_way.add(opencv().GaussianBlur(sharp[1], (0, 0), 1.6))
    assert refused.value.code == "blurred"
    assert "still" in refused.value.remedy
    assert len(under_way.views) == 1
