"""Where a part may lie: its resting poses, seen from above as heights, moved over the heights that were measured.

Each cell of a map of the floor is worth what a height there explains better than the empty floor does. A part's own map
of heights, at each yaw, collects that worth from every place: so parts that touch, and parts half hidden, are found as
well as free ones, which clusters of points are not.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.adapters.vision.stable import at_yaw
from orchestrator.core.geometry import Pose

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from orchestrator.adapters.vision.floor import Ground
    from orchestrator.adapters.vision.render import Floats, Mask
    from orchestrator.adapters.vision.stable import Rest, Shape

    Cells = npt.NDArray[np.int64]

CELL_M = (0.0015, 0.0025)
LARGE = 48  # cells across the narrow side of a part for which they may be coarser
CELL_STEP_M = 0.0005  # so that pictures of one camera share a part's maps
CELL_SLACK_M = 0.001  # how far a height may be off within a cell, beside the noise
CLIP = 9.0  # squared sigmas that one cell is worth at most
LEAST = 0.2  # share of what a pose could explain below which it is no candidate
OF_SEEN = 0.3  # likewise of what it could explain of heights that were measured; then it is a candidate all the same
LEAST_SEEN = 0.4  # share of a part's heights that count at least as what could be explained, however few were measured
RIM = 0.5  # how much less a cell beside the part counts than one on it
STEPS, STEP_M = 48, 0.0005  # levels of height at most, and what their distance is a multiple of
MOST_CELLS, MOST_RIM = 90, 30  # of a part's map that are asked for
HOLLOW = 0.15  # share of a part's upper side from which that it hides itself is a hollow
CAST = 3  # times as many are looked at for whether the part hides them itself
TOWARDS_STEP = 0.1  # of a direction's parts along the floor, so that pictures of one camera share what is hidden
HIGH = 0.5  # share of a part's height at which the reference cell of a map seen aslant lies at least
MIXED = 1.5  # sigmas by which the heights in a cell scatter at least where it holds more than one surface
UPPERMOST = 0.25  # share of a cell's points that its uppermost surface has at least
YAW_RAD = (math.radians(6), math.radians(20))  # least and most step between yaws
MOST_PLACES = 3000
FAR_M = 4.0  # from where a part's heights are taken: rays from there are all but parallel


@dataclass(frozen=True, slots=True, eq=False)
class Relief:
    """The measured heights above the floor: cells (rows along y, columns along x) from `low` (x, y) on, metres.

    `height` is NaN where nothing was measured, `known` what is expected there, `sigma_m` the noise of a cell, `eye`
    where the camera is (x, y, z).
    """

    low: Floats
    cell_m: float
    height: Floats
    known: Floats
    sigma_m: float
    eye: Floats

    @property
    def standing(self) -> Floats:
        """How much higher than expected each cell is (m); 0 where nothing was measured."""
        return np.nan_to_num(self.height - self.known)

    def around(self, x: float, y: float, reach_m: float, at_m: float) -> tuple[Relief, Mask]:
        """Return the map within `reach_m` of a place, and which of its cells are within `at_m` of it."""
        column, row, reach = ((np.array((x, y, reach_m)) - (*self.low, 0)) / self.cell_m).astype(int).tolist()
        top, left = max(row - reach, 0), max(column - reach, 0)
        some = (slice(top, row + reach + 1), slice(left, column + reach + 1))
        low = self.low + self.cell_m * np.array((left, top))
        cut = Relief(low, self.cell_m, self.height[some], self.known[some], self.sigma_m, self.eye)
        rows, columns = np.indices(cut.height.shape)
        return cut, np.asarray(np.hypot(columns + left - column, rows + top - row) * self.cell_m < at_m)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pose (in the floor's frame) that explains heights by `worth` squared sigmas.

    That is a `share` of what it could, and `of_seen` of what it could where something was measured.
    """

    pose: Pose
    rest: Rest
    worth: float
    share: float
    of_seen: float
    x: float
    y: float


def relief_of(ground: Ground, least_m: float, highest_m: float, *, uppermost: bool = False) -> Relief:
    """Map a picture's heights in cells of a sixth of `least_m`, the part's narrow side; the far higher is left out.

    A cell's height is the mean of its points', or of those of the `uppermost` surface where it holds several.
    """
    middle = ground.depth[ground.depth.shape[0] // 2 :: 7, ::7]
    pixel = float(np.median(middle[middle > 0])) / ground.crop.intrinsics.fx if (middle > 0).any() else CELL_M[0]
    wished = np.clip(max(least_m / 6, 1.3 * pixel), CELL_M[0], max(CELL_M[1], least_m / LARGE))
    cell = float(round(wished / CELL_STEP_M) * CELL_STEP_M)
    stride = max(1, int(cell / pixel / 1.6))
    some = (slice(None, None, stride), slice(None, None, stride))
    depth, back, every = ground.depth[some], ground.back[some], ground.points[some]
    at = ground.usable[some] & (every[..., 2] < highest_m + 0.05) & (every[..., 2] > -0.03)
    points = every[at]
    if len(points) == 0:
        return Relief(np.zeros(2), cell, np.full((1, 1), np.nan), np.zeros((1, 1)), 1.0, np.array((0.0, 0.0, 1.0)))
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    high = np.minimum(high, low + 1000 * cell)
    columns, rows = (np.floor((high - low) / cell).astype(int) + 1).tolist()
    index = np.floor((points[:, :2] - low) / cell).astype(int)
    fits = (index[:, 0] < columns) & (index[:, 1] < rows)
    flat = index[fits, 1] * columns + index[fits, 0]
    distance = float(np.median(depth[at]))
    sigma = math.hypot(ground.noise_m * distance**2, CELL_SLACK_M)
    if uppermost:
        upper = _uppermost(flat, points[fits, 2], rows * columns, sigma)
        fits[fits] = upper
        flat = flat[upper]
    count = np.bincount(flat, minlength=rows * columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(flat, weights=points[fits, 2], minlength=rows * columns) / count
        # How high the background is, from the depth expected: along a ray, heights shrink with depth.
        rays = depth[at][fits]
        eye = np.array(ground.floor.inverse().apply(ground.crop.pose.p))
        behind = eye[2] - (eye[2] - points[fits, 2]) * back[at][fits] / rays
        known = np.bincount(flat, weights=np.maximum(behind, 0), minlength=rows * columns) / count
    return Relief(low, cell, mean.reshape(rows, columns), np.nan_to_num(known).reshape(rows, columns), sigma, eye)


def _uppermost(cell: Cells, height: Floats, count: int, sigma_m: float) -> Mask:
    """Tell which points are of the uppermost surface in their cells (0 to `count`), where one holds several.

    A wall seen aslant shares cells with the rim above it, and a map of heights seen from above has the rim alone.
    """
    order = np.lexsort((height, cell))
    many = np.bincount(cell, minlength=count)
    last = np.cumsum(many) - 1
    nth = np.minimum(many, np.maximum(2, np.ceil(UPPERMOST * many).astype(int)))
    top = height[order][np.clip(last - nth + 1, 0, len(cell) - 1)]  # what is higher alone in its cell may float
    mean, square = (np.bincount(cell, weights=w, minlength=count) / np.maximum(many, 1) for w in (height, height**2))
    mixed = square - mean**2 > (MIXED * sigma_m) ** 2
    return np.asarray(~mixed[cell] | (height > top[cell] - 2 * sigma_m))


def lumps(relief: Relief, least_m: float, least_area_m2: float) -> tuple[Cells, int]:
    """Return what stands on the floor as labelled cells (0: nothing), and how many there are.

    Counted is what stands higher than a share of `least_m`, the height of the part where it is low, on enough cells.
    """
    from scipy import ndimage

    smooth = ndimage.median_filter(relief.standing, size=3)
    label, count = ndimage.label(smooth > standing_m(relief, least_m))
    sizes = np.bincount(label.ravel(), minlength=count + 1)
    keep = sizes * relief.cell_m**2 >= least_area_m2
    keep[0] = False
    renamed = np.cumsum(keep) * keep
    return np.asarray(renamed[label], dtype=np.int64), int(keep.sum())


def standing_m(relief: Relief, least_m: float) -> float:
    """Return the height (m) from which a cell counts as one that something stands on."""
    return max(0.4 * least_m, min(1.5 * relief.sigma_m, 0.6 * least_m))


class Moulds:
    """A part's heights in each resting pose, cast once, from which maps at any yaw and cell are made."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._tops = [_top(shape, rest) for rest in shape.rests]
        self._maps: dict[tuple[float, float], list[Mould]] = {}
        self._aslant: dict[tuple[float, ...], list[Mould]] = {}

    def maps(self, cell_m: float, step_m: float) -> list[Mould]:
        """Return one map for each resting pose and yaw."""
        key = (round(cell_m, 6), round(step_m, 6))
        if key not in self._maps:
            if len(self._maps) > 4:
                self._maps.clear()
            self._maps[key] = [
                _mould(rest, top, yaw, cell_m, step_m)
                for rest, top in zip(self.shape.rests, self._tops, strict=True)
                for yaw in _yaws(rest, top, cell_m)
            ]
        return self._maps[key]

    def aslant(self, cell_m: float, step_m: float, towards: Floats) -> list[Mould]:
        """Return the same of hollows for a camera that looks aslant, without the cells that the part hides itself.

        `towards` is the direction to the camera, above the floor.
        """
        x, y = np.round(towards[:2] / TOWARDS_STEP) * TOWARDS_STEP
        way = np.array((x, y, math.sqrt(max(1 - x * x - y * y, 0.0))))
        key = (round(cell_m, 6), round(step_m, 6), round(float(x), 3), round(float(y), 3))
        if key not in self._aslant:
            if len(self._aslant) > 8:
                self._aslant.clear()
            maps = (
                _shown(self.shape, _mould(rest, top, yaw, cell_m, step_m, aslant=True), way)
                for rest, top in zip(self.shape.rests, self._tops, strict=True)
                for yaw in _yaws(rest, top, cell_m)
            )
            self._aslant[key] = [mould for mould in maps if mould is not None]
        return self._aslant[key]

    @property
    def low_m(self) -> float:
        """How high the lower third of the part lies in the resting pose in which it lies lowest."""
        return min((float(np.percentile(top[0][:, 2], 30)) for top in self._tops), default=0.0)

    @property
    def area_m2(self) -> float:
        """The least area of floor that the part covers."""
        return min((len(top[0]) * top[1] ** 2 for top in self._tops), default=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Mould:
    """A part's map at one yaw: `cells` (n, 3) are level, row and column from its reference cell, `weight` for one.

    The last level is the rim, where nothing should stand.
    """

    rest: Rest
    yaw_rad: float
    cells: Cells
    weight: Floats
    reference: Floats  # (x, y) of the reference cell's middle from the part's origin
    height_m: float  # of the part at its reference cell
    points: Floats  # (k, 3) from the part's origin, of the cells that are not of the rim


def candidates(
    relief: Relief, moulds: Moulds, where: Mask, least_m: float = 0.0, *, aslant: bool = False
) -> list[Candidate]:
    """Return the best poses at each place and resting pose, the worthiest first; `where` are the cells looked at.

    What the part would hide itself of its upper side counts as well, but for `aslant`.
    """
    rests = moulds.shape.rests
    highest = max((rest.height_m for rest in rests), default=0.0)
    step = math.ceil(max(0.0015, relief.sigma_m / 1.5, highest / STEPS) / STEP_M) * STEP_M
    worth = _worth(relief, step, highest)
    spots = np.argwhere(where)
    every = (
        moulds.aslant(relief.cell_m, step, _towards(relief, spots, highest / 2))
        if aslant
        else moulds.maps(relief.cell_m, step)
    )
    maps = [mould for mould in every if mould.rest.height_m > least_m]
    pad = max((int(np.abs(mould.cells[:, 1:]).max()) for mould in maps), default=0) + 1
    padded = np.pad(worth, ((0, 0), (pad, pad), (pad, pad)))
    levels, rows, columns = padded.shape
    flat = padded.ravel()
    measured = np.pad(np.isfinite(relief.height), pad).ravel()
    if len(spots) > MOST_PLACES:
        spots = spots[:: len(spots) // MOST_PLACES + 1]
    standing = relief.standing[spots[:, 0], spots[:, 1]]
    out: list[Candidate] = []
    for mould in maps:
        some = spots[np.abs(standing - mould.height_m) < 3 * relief.sigma_m + 0.003]
        if len(some) == 0:
            continue
        base = (some[:, 0] + pad) * columns + some[:, 1] + pad
        level = np.where(mould.cells[:, 0] < 0, levels - 1, mould.cells[:, 0])
        beside = mould.cells[:, 1] * columns + mould.cells[:, 2]
        sums = flat[base[:, None] + (level * rows * columns + beside)[None, :]] @ mould.weight
        seen = partial(_measured, measured, base, beside[mould.cells[:, 0] >= 0])
        out += _peaks(relief, mould, step, some, sums, seen)
    return sorted(out, key=lambda each: -each.worth)


def _towards(relief: Relief, spots: Cells, high_m: float) -> Floats:
    """Return the direction (unit) from the middle of some cells, so high above the floor, to the camera."""
    middle = spots.mean(axis=0)[::-1] if len(spots) else np.zeros(2)
    way = relief.eye - np.array((*(relief.low + relief.cell_m * (middle + 0.5)), high_m))
    return np.asarray(way / np.linalg.norm(way))


def _shown(shape: Shape, mould: Mould, towards: Floats) -> Mould | None:
    """Return a map with `MOST_CELLS` at most of those cells that can be seen from a direction, and its rim.

    None where the part hides little of itself, so that it is no hollow from there.
    """
    inner = mould.cells[:, 0] >= 0
    inverse = at_yaw(mould.rest, mould.yaw_rad).inverse().matrix()
    above = np.array((0.0, 0.0, 1.5 * CELL_SLACK_M))
    rays = np.empty((len(mould.points), 6), dtype=np.float32)
    rays[:, :3] = (mould.points + above) @ inverse[:3, :3].T + inverse[:3, 3]
    rays[:, 3:] = inverse[:3, :3] @ towards
    free = np.flatnonzero(inner)[~np.isfinite(shape.solid.cast_rays(rays))]
    if len(free) > (1 - HOLLOW) * int(inner.sum()):
        return None
    asked = np.random.default_rng(2).permutation(free)[:MOST_CELLS]
    weight = mould.weight.copy()
    weight[asked] *= len(free) / max(len(asked), 1)
    kept = np.concatenate([asked, np.flatnonzero(~inner)])
    return dataclasses.replace(mould, cells=mould.cells[kept], weight=weight[kept])


def _measured(measured: Mask, base: Cells, cells: Cells, at: Cells) -> Mask:
    return np.asarray(measured[base[at, None] + cells])


def _peaks(
    relief: Relief, mould: Mould, step_m: float, spots: Cells, sums: Floats, seen: Callable[[Cells], Mask]
) -> Iterator[Candidate]:
    """Yield the places where one map fits best, none beside a better one.

    `seen` tells for some of the spots which of the map's cells but its rim were measured there (spots, cells): what is
    hidden from the camera explains nothing.
    """
    inner = mould.cells[:, 0] >= 0
    telling = mould.weight[inner] * np.minimum((mould.cells[inner, 0] * step_m / relief.sigma_m) ** 2, CLIP)
    most = max(float(telling.sum()), 1.0)
    if float(sums.max()) <= min(LEAST, OF_SEEN * LEAST_SEEN) * most:
        return
    order = np.argsort(-sums)[:80]
    of_seen = sums[order] / np.maximum(seen(order) @ telling, LEAST_SEEN * most)
    worthy = (sums[order] > LEAST * most) | (of_seen > OF_SEEN)
    order, of_seen = order[worthy], of_seen[worthy]
    apart = max(3.0, 0.3 * math.sqrt(float(mould.weight[inner].sum())))
    free, taken = np.ones(len(order), dtype=bool), 0
    for k, i in enumerate(order):
        if not free[k]:
            continue
        if taken >= 10:
            return
        taken += 1
        free &= np.hypot(*(spots[order] - spots[i]).T) >= apart
        row, column = spots[i]
        x, y = relief.low + relief.cell_m * (np.array((column, row)) + 0.5) - mould.reference
        resting = at_yaw(mould.rest, mould.yaw_rad)
        pose = Pose((float(x), float(y), 0.0)) @ resting
        middle = relief.low + relief.cell_m * (np.array((column, row)) + 0.5)
        worth, at = float(sums[i]), middle.tolist()
        yield Candidate(pose, mould.rest, worth, worth / most, float(of_seen[k]), at[0], at[1])


def _worth(relief: Relief, step_m: float, highest_m: float) -> npt.NDArray[np.float32]:
    """Return how much better a height explains a cell than the background does: (levels and rim, rows, columns)."""
    levels = math.ceil(highest_m / step_m) + 2
    seen = np.isfinite(relief.height)
    height = np.where(seen, relief.height, 0.0)

    def cost(expected: Floats) -> Floats:
        return np.asarray(np.minimum(((height - expected) / relief.sigma_m) ** 2, CLIP))

    empty = cost(relief.known)
    out = np.zeros((levels + 1, *height.shape), dtype=np.float32)
    for level in range(levels):
        out[level] = np.where(seen, empty - cost(np.maximum(level * step_m, relief.known)), 0)
    out[levels] = np.where(seen & (height > relief.known), -RIM * empty, 0)
    return out


def _yaws(rest: Rest, top: tuple[Floats, float], cell_m: float) -> list[float]:
    if rest.period_rad == 0:
        return [0.0]
    flat = top[0][:, :2]
    reach = float(np.linalg.norm(flat - flat.mean(axis=0), axis=1).max())
    step = float(np.clip(1.5 * cell_m / max(reach, cell_m), *YAW_RAD))
    count = max(1, math.ceil(rest.period_rad / step - 1e-6))
    return [rest.period_rad * k / count for k in range(count)]


def _top(shape: Shape, rest: Rest) -> tuple[Floats, float]:
    """Return points (n, 3) on a resting part's upper side, in a square grid, and the grid's pitch in m."""
    solid = shape.solid
    matrix = rest.pose.matrix()
    corners = solid.corners @ matrix[:3, :3].T + matrix[:3, 3]
    low, high = corners.min(axis=0)[:2], corners.max(axis=0)[:2]
    pitch = float(np.clip((high - low).max() / 160, 0.0004, 0.0015))
    xs, ys = (np.arange(a + pitch / 2, b, pitch) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    eye = np.array((*((low + high) / 2), FAR_M))
    rays = np.column_stack([grid - eye[:2], np.full(len(grid), -FAR_M)])
    inverse = rest.pose.inverse()
    turn = inverse.matrix()[:3, :3]
    hit = solid.cast(np.array(inverse.apply(eye.tolist())), rays @ turn.T).astype(np.float64)
    on = np.isfinite(hit)
    return eye + rays[on] * hit[on, None], pitch


def _mould(
    rest: Rest, top: tuple[Floats, float], yaw: float, cell_m: float, step_m: float, *, aslant: bool = False
) -> Mould:
    from scipy import ndimage

    points, pitch = top
    c, s = math.cos(yaw), math.sin(yaw)
    x, y = points[:, 0] * c - points[:, 1] * s, points[:, 0] * s + points[:, 1] * c
    columns, rows = np.floor(x / cell_m).astype(int), np.floor(y / cell_m).astype(int)
    left, low = int(columns.min()) - 3, int(rows.min()) - 3
    width, height = int(columns.max()) - left + 4, int(rows.max()) - low + 4
    flat = (rows - low) * width + columns - left
    share = np.bincount(flat, minlength=width * height) * (pitch / cell_m) ** 2
    upper = _uppermost(flat, points[:, 2], width * height, CELL_SLACK_M) if aslant else np.ones(len(flat), dtype=bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.bincount(flat[upper], minlength=width * height)
        mean = np.bincount(flat[upper], weights=points[upper, 2], minlength=width * height) / count
    on = (share > 0.5).reshape(height, width)
    if not on.any():
        on = (share > 0).reshape(height, width)
    mean = mean.reshape(height, width)
    rim = ndimage.binary_dilation(on, iterations=3) & ~ndimage.binary_dilation(on | (share > 0).reshape(on.shape))
    random = np.random.default_rng(1)
    inner, weight = _some(np.argwhere(on), MOST_CELLS * (CAST if aslant else 1), random)
    outer, outer_weight = _some(np.argwhere(rim), MOST_RIM, random)
    heights = mean[inner[:, 0], inner[:, 1]]
    # What is high hides behind nothing of the part; the bottom of a hollow does.
    near = inner[heights >= HIGH * heights.max()] if aslant else inner
    reference = near[int(np.argmin(((near - inner.mean(axis=0)) ** 2).sum(axis=1)))]
    level = np.round(heights / step_m).astype(int)
    cells = np.concatenate(
        [
            np.column_stack([level, inner - reference]),
            np.column_stack([np.full(len(outer), -1), outer - reference]),
        ]
    )
    weights = np.concatenate([np.full(len(inner), weight), np.full(len(outer), outer_weight)])
    at = (np.array((reference[1] + left, reference[0] + low)) + 0.5) * cell_m
    tops = np.column_stack([(inner[:, ::-1] + (left + 0.5, low + 0.5)) * cell_m, heights])
    return Mould(rest, yaw, cells, weights, at, float(mean[reference[0], reference[1]]), tops)


def _some(cells: Cells, most: int, random: np.random.Generator) -> tuple[Cells, float]:
    """Return at most so many of the cells, and how many each of them stands for."""
    if len(cells) <= most:
        return cells, 1.0
    return cells[np.sort(random.choice(len(cells), size=most, replace=False))], len(cells) / most
