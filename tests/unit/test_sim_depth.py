"""What each noise model does to true distances, one term at a time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from orchestrator.adapters.sim.depth import MODELS, NO_NOISE, STEREO, STRUCTURED_LIGHT, DepthNoise
from orchestrator.core import camera

ONE = np.ones((400, 400), dtype=np.float32)
NOISY = pytest.mark.parametrize("model", [STRUCTURED_LIGHT, STEREO], ids=["structured_light", "stereo"])


def axial(model: DepthNoise) -> DepthNoise:
    """Return a model with its axial noise alone."""
    bare = replace(NO_NOISE, sigma_m=model.sigma_m, grain_px=model.grain_px)
    assert bare.spoil(ONE, ONE, np.random.default_rng(0)).std() > 0
    return bare


def random() -> np.random.Generator:
    return np.random.default_rng(1)


def test_every_model_that_a_cell_may_name_is_there() -> None:
    assert set(MODELS) == set(camera.MODELS)
    believed = {name: (noise.sigma_m, noise.grain_px, noise.flying_px) for name, noise in camera.NOISE.items()}
    assert believed == {
        name: (model.sigma_m, model.grain_px, model.flying / 2 * model.edge_px * 2) for name, model in MODELS.items()
    }


def test_a_perfect_camera_changes_nothing() -> None:
    depth = np.linspace(0.05, 9.0, 400, dtype=np.float32)[None, :] * ONE
    light = np.geomspace(1e-4, 1e4, 400, dtype=np.float32)[:, None] * ONE
    assert np.array_equal(NO_NOISE.spoil(depth, ONE * np.float32(0.01), random(), light=light), depth)


@NOISY
@pytest.mark.parametrize("distance", [0.5, 1.0, 1.8])
def test_axial_noise_grows_with_the_square_of_the_distance(model: DepthNoise, distance: float) -> None:
    measured = axial(model).spoil(ONE * np.float32(distance), ONE, random()).astype(np.float64)
    assert measured.std() == pytest.approx(model.sigma_m * distance**2, rel=0.06)
    assert abs(measured.mean() - distance) < model.sigma_m * distance**2 * 0.1


def test_the_models_have_the_noise_that_they_are_known_for() -> None:
    assert [axial(m).spoil(ONE, ONE, random()).std() for m in (STRUCTURED_LIGHT, STEREO)] == pytest.approx(
        [0.00014, 0.0025], rel=0.06
    )


def test_slanted_surfaces_are_noisier_up_to_threefold() -> None:
    spread = [axial(STRUCTURED_LIGHT).spoil(ONE, ONE * np.float32(c), random()).std() for c in (1.0, 0.5, 0.25)]
    assert [s / spread[0] for s in spread] == pytest.approx([1.0, 2.0, 3.0], rel=1e-3)


def correlation(image: np.ndarray, apart: int, axis: int) -> float:
    centred = image.astype(np.float64) - image.mean()
    both = np.moveaxis(centred, axis, 0)
    return float((both[apart:] * both[: both.shape[0] - apart]).mean() / centred.var())


@pytest.mark.parametrize("axis", [0, 1])
def test_stereo_noise_is_correlated_over_its_matching_window(axis: int) -> None:
    noise = axial(STEREO).spoil(np.ones((800, 800), np.float32), np.ones((800, 800), np.float32), random())
    n = STEREO.grain_px
    found = [correlation(noise, apart, axis) for apart in (1, 3, 5, n, 2 * n)]
    assert found == pytest.approx([1 - 1 / n, 1 - 3 / n, 1 - 5 / n, 0.0, 0.0], abs=0.05)


@pytest.mark.parametrize("axis", [0, 1])
def test_structured_light_errs_apart_at_each_pixel(axis: int) -> None:
    noise = axial(STRUCTURED_LIGHT).spoil(ONE, ONE, random())
    assert abs(correlation(noise, 1, axis)) < 0.01


def test_structured_light_comes_in_steps_of_one_length() -> None:
    ramp = np.linspace(0.4, 1.9, 160_000, dtype=np.float32).reshape(400, 400)
    seen = replace(NO_NOISE, step_m=STRUCTURED_LIGHT.step_m).spoil(ramp, ONE, random())
    steps = np.diff(np.unique(seen).astype(np.float64))
    assert steps == pytest.approx(np.full(len(steps), 0.0001), abs=1e-6)
    assert np.abs(seen - ramp).max() <= 0.502 * STRUCTURED_LIGHT.step_m  # float32 keeps 0.1 µm here


@pytest.mark.parametrize("distance", [0.5, 1.0, 2.0])
def test_stereo_comes_in_steps_of_disparity(distance: float) -> None:
    ramp = np.linspace(distance * 0.99, distance * 1.01, 160_000, dtype=np.float32).reshape(400, 400)
    seen = replace(NO_NOISE, step_m=STEREO.step_m, by_disparity=True).spoil(ramp, ONE, random())
    steps = np.diff(np.unique(seen).astype(np.float64))
    assert np.median(steps) == pytest.approx(STEREO.step_m * distance**2, rel=0.03)


@NOISY
def test_what_was_not_seen_stays_unseen(model: DepthNoise) -> None:
    depth = ONE.copy()
    depth[:, ::2] = [0.0]
    depth[:, 1::4] = [np.float32(model.nearest_m - 0.01)]
    depth[:, 3::4] = [np.float32(model.farthest_m + 0.01)]
    assert not model.spoil(depth, ONE, random()).any()


@NOISY
@pytest.mark.parametrize("share", [0.25, 0.75])
def test_grazing_surfaces_lose_pixels_by_their_angle(model: DepthNoise, share: float) -> None:
    grazing = replace(model, holes=0.0)
    lost = (grazing.spoil(ONE, ONE * np.float32((1 - share) * model.grazing), random()) == 0).mean()
    assert lost == pytest.approx(share, abs=0.01)
    assert (grazing.spoil(ONE, ONE * np.float32(model.grazing * 1.01), random()) > 0).all()


@NOISY
def test_too_little_and_too_much_light_lose_pixels(model: DepthNoise) -> None:
    whole = replace(model, holes=0.0)

    def lost(light: float) -> float:
        return float((whole.spoil(ONE, ONE, random(), light=ONE * np.float32(light)) == 0).mean())

    assert lost(model.dark / 2) == pytest.approx(0.5, abs=0.01)
    assert lost(model.glare * 4) == pytest.approx(0.75, abs=0.01)
    assert (lost(model.dark * 1.01), lost(model.glare * 0.99), lost(0.0)) == (0.0, 0.0, 1.0)


@NOISY
@pytest.mark.parametrize("axis", [0, 1])
def test_pixels_fly_beside_edges_only(model: DepthNoise, axis: int) -> None:
    depth = ONE.copy()
    depth[:, 200:] = 0.9
    depth = np.ascontiguousarray(np.moveaxis(depth, 1, axis))
    bare = replace(model, sigma_m=0.0, step_m=0.0, holes=0.0)
    seen = np.moveaxis(bare.spoil(depth, ONE, random()), axis, 1)
    beside = seen[:, 200 - model.edge_px : 200 + model.edge_px]
    between = (beside > 0.9001) & (beside < 0.9999)
    for column in range(beside.shape[1]):
        assert between[:, column].mean() == pytest.approx(model.flying / 2, abs=0.09)
        assert (beside[:, column] == 0).mean() == pytest.approx(model.flying / 2, abs=0.09)
    assert (seen[:, : 200 - model.edge_px] == 1.0).all()
    assert (seen[:, 200 + model.edge_px :] == np.float32(0.9)).all()


def test_a_step_lower_than_an_edge_makes_nothing_fly() -> None:
    depth = ONE.copy()
    depth[:, 200:] = np.float32(1.0 - STEREO.edge_m * 0.9)
    bare = replace(STEREO, sigma_m=0.0, step_m=0.0, holes=0.0)
    assert np.array_equal(bare.spoil(depth, ONE, random()), depth)


def test_stereo_has_holes_in_patches() -> None:
    size = (1000, 1000)
    holes = STEREO.spoil(np.ones(size, np.float32), np.ones(size, np.float32), random()) == 0
    assert holes.mean() == pytest.approx(STEREO.holes, rel=0.2)
    beside_one = holes[:, 1:][holes[:, :-1]].mean()
    assert beside_one > 0.3  # alone they would be beside each other as seldom as anywhere: 0.005


@NOISY
def test_the_same_seed_gives_the_same_bytes(model: DepthNoise) -> None:
    depth = np.linspace(0.2, 2.2, 160_000, dtype=np.float32).reshape(400, 400)
    light = np.geomspace(0.001, 100.0, 160_000, dtype=np.float32).reshape(400, 400)

    def bytes_of(seed: int) -> bytes:
        return model.spoil(depth, depth / 3, np.random.default_rng(seed), light=light).tobytes()

    assert bytes_of(3) == bytes_of(3) != bytes_of(4)


def test_the_noise_of_steps_and_of_the_beam_add_up() -> None:
    measured = STRUCTURED_LIGHT.spoil(ONE, ONE, random()).astype(np.float64)
    assert measured.std() == pytest.approx(math.hypot(0.00014, 0.0001 / math.sqrt(12)), rel=0.02)


@NOISY
def test_a_dark_part_changes_its_own_pixels_alone(model: DepthNoise) -> None:
    light = ONE.copy()
    light[100:200, 100:200] = 0.0
    plain, dark = (model.spoil(ONE, ONE, random(), light=given) for given in (None, light))
    assert not dark[100:200, 100:200].any()
    dark[100:200, 100:200] = plain[100:200, 100:200]
    assert np.array_equal(dark, plain)
