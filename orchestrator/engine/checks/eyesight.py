"""What the cell's cameras can tell of a result: tolerances that their uncertainty eats, parts that they hardly see."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from orchestrator.core.camera import NOISE
from orchestrator.core.errors import BadInput, VisionError
from orchestrator.core.gauged import view_of
from orchestrator.engine.appearance import Eye
from orchestrator.engine.checks.tried import MOST, Known
from orchestrator.engine.eyes import Eyes
from orchestrator.engine.findings import Finding
from orchestrator.engine.foresight import GUARD, foresee
from orchestrator.engine.nominal import UNIT, Nobody, as_checked, earlier_steps, nominal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.ports import Expected
    from orchestrator.core.state import State
    from orchestrator.core.variant import Step
    from orchestrator.engine.checks.subject import Built, Foreseen
    from orchestrator.engine.foresight import Sight

ASKED = 0.02  # share of units that are exactly right, above which questions about them are worth a word
INSTANCES = 2  # of a repeated step that are reckoned: its first, and one in its middle
COVERAGE = 2.0  # k of the expanded uncertainty
AXES = ("along x", "along y", "along z", "about x", "about y", "about z")


@dataclass(frozen=True, slots=True)
class Doubt:
    """One axis of a result by one camera: the share of units exactly right that it would ask a person about.

    `limit` and `uncertainty` (k = 2) are in mm or degrees, as is `least`, the narrowest tolerance worth looking at.
    `known` is what was tried; with `taken` a gauge study finds that so many % of the tolerance go into measuring.
    """

    camera: str
    axis: int
    asked: float
    limit: float
    uncertainty: float
    least: float
    sight: Sight
    known: Known
    taken: float

    @property
    def weight(self) -> tuple[bool, float, float]:
        """How much it matters: what a study has found unfit first."""
        return self.taken > MOST, self.asked, self.taken

    @property
    def speaks(self) -> bool:
        """Whether it is worth a word."""
        return self.taken > MOST or self.asked > ASKED


def findings(built: Built) -> Iterator[Finding]:
    """Yield each step whose tolerance no camera of the cell can tell, or whose part none sees."""
    cell = built.subject.cell
    if cell is None or not cell.fixed_cameras or not all(cell.nests.values()):
        return
    before = earlier_steps(built.variant)
    for steps in built.groups.values():
        if "camera" not in steps[0].check or not _rigid(built, steps[0]):
            continue
        yield from _forgotten(built, steps)
        worst: tuple[float, Finding] | None = None
        for step in steps[:: max(1, len(steps) // INSTANCES)]:
            for nest in range(max((len(frames) for frames in cell.nests.values()), default=1)):
                state = as_checked(nominal(built.variant, step, cell, nest, before=before), built.variant, step)
                found = _judged(built, state, step)
                if found is not None and (worst is None or found[0] > worst[0]):
                    worst = found
        if worst is not None:
            yield worst[1]


def _rigid(built: Built, step: Step) -> bool:
    spec = built.variant.parts.get(step.result.kind or "")
    return spec is not None and bool(spec.mesh) and not spec.flexible and spec.unit == "pcs"


def _judged(built: Built, state: State, step: Step) -> tuple[float, Finding] | None:
    """Return what the best placed camera can't tell of a step, and how much that matters (0 to 2)."""
    seen, known = _seen(built, state, step)
    if not seen:
        return None
    clear = {name: sight for name, sight in seen.items() if not sight.blind or known[name].said}
    if not clear:
        name, sight = max(seen.items(), key=lambda item: item[1].pixels)
        part = step.result.part
        how = (
            f"will hardly see '{part}' ({sight.visible:.0%} of the side that faces it, {sight.pixels} pixels)"
            if sight.pixels
            else f"will not see '{part}': its place is hidden, or beyond the picture's edge"
        )
        text = f"Step '{step.group}': camera {name} {how}, so that the check ends as a question."
        remedy = "Look from elsewhere or nearer, check before something covers it, or let a person attest."
        return 2.0, Finding(built.path(step, "check"), text, remedy, warning=True)
    telling = {name: sight for name, sight in clear.items() if not sight.alike or known[name].said}
    if not telling:
        return 2.0, _mistaken(built, step, clear)
    clear = telling
    doubts = [max(_doubts(step, name, sight, known[name]), key=_weight) for name, sight in clear.items()]
    least = min(doubts, key=_weight)
    return (max(least.asked, least.taken / 100), _finding(built, step, least)) if least.speaks else None


def _mistaken(built: Built, step: Step, seen: dict[str, Sight]) -> Finding:
    """Say that a part looks like another from every camera."""
    name, sight = max(seen.items(), key=lambda item: min(item[1].telling.values()))
    kind = step.result.kind or step.result.part
    others = " or ".join(f"'{other}'" for other in sight.alike)
    text = (
        f"Step '{step.group}': camera {name} can't tell '{kind}' from {others} where it looks from: too little of what "
        "they differ in shows there, so that the check ends as a question."
    )
    remedy = "Look from where it shows, or nearer, or let a person attest."
    return Finding(built.path(step, "check"), text, remedy, warning=True)


def _weight(doubt: Doubt) -> tuple[bool, float, float]:
    return doubt.weight


def _forgotten(built: Built, steps: list[Step]) -> Iterator[Finding]:
    """Yield which golden samples of a step's instances count no more."""
    cell = built.subject.cell
    assert cell is not None
    stale = [found for step in steps for found in built.subject.tried.stale(built.variant, step, cell)]
    for camera, what in dict.fromkeys(stale):
        group = steps[0].group
        text = f"What good units taught {camera} of step '{group}' is not used: {what} has changed since."
        remedy = f"Teach again: tandem vision teach {group}."
        yield Finding(built.path(steps[0], "check"), text, remedy, warning=True)


def _seen(built: Built, state: State, step: Step) -> tuple[dict[str, Sight], dict[str, Known]]:
    """Return what each camera will be able to tell, and what is known of that by trial."""
    cell, product, kept = built.subject.cell, built.subject.product, built.subject.foreseen
    assert cell is not None
    shown = {spec.mesh: product.meshes[kind] for kind, spec in product.parts.items() if kind in product.meshes}
    eyes = Eyes(dict.fromkeys(cell.fixed_cameras, Nobody()), Nobody(), lambda _: product.parts)
    try:
        request = eyes.request(state, UNIT, step)
        names = eyes.looking(state, request.part.pose) if step.look is None else [step.look.camera]
    except VisionError:  # nothing to look at: other checks say why
        return {}, {}
    digests = {spec.mesh: spec.mesh_sha256 for spec in product.parts.values()}
    view = view_of(request, digests)
    out: dict[str, Sight] = {}
    known: dict[str, Known] = {}
    for name in names:
        camera = cell.fixed_cameras.get(name)
        if camera is None:  # said elsewhere
            continue
        before = frozenset(one.id for one in request.datum if _checked_by(built, eyes, state, one) == name)
        key: Foreseen = (name, request.part, request.around, request.datum, request.look_alikes, before)
        if key not in kept:
            eye = Eye(camera.at, camera.intrinsics, NOISE[camera.model])
            try:
                kept[key] = foresee(request, eye, shown.__getitem__, before)
            except (BadInput, KeyError):
                kept[key] = None
        sight = kept[key]
        if sight is not None:
            out[name] = sight
            known[name] = built.subject.tried.known(built.variant, step, name, view, cell)
    return out, known


def _checked_by(built: Built, eyes: Eyes, state: State, part: Expected) -> str:
    """Return the camera that looks at a part first: the one that its last step names, or the one that faces it best."""
    steps = [step for step in built.variant.steps if f"{UNIT}/{step.result.part}" == part.id and "camera" in step.check]
    placed = [step for step in steps if state.result_pose(UNIT, step) is not None]
    look = placed[-1].look if placed else None
    return look.camera if look is not None else eyes.looking(state, part.pose)[0]


def _doubts(step: Step, camera: str, sight: Sight, known: Known) -> Iterator[Doubt]:
    for axis, limit in enumerate((*step.result.within_m, *step.result.within_rad)):
        if not sight.told[axis]:
            continue
        sigma, scatter = known.claimed(axis, sight.sigma[axis]), known.scatter(axis)
        whole = math.hypot(sight.sigma[axis] if scatter is None else scatter, known.off(axis, sight.off[axis]))
        room = limit - GUARD * sigma
        asked = 1.0 if room <= 0 else 2 * (1 - NormalDist().cdf(room / whole)) if whole > 0 else 0.0
        least = GUARD * sigma + NormalDist().inv_cdf(1 - ASKED / 2) * whole
        study = known.taken(axis, limit)
        if study is not None:
            least = max(least, study.least_tolerance / 2)
        scale = 1000.0 if axis < 3 else math.degrees(1)
        taken = study.of_tolerance if study is not None else 0.0
        yield Doubt(camera, axis, asked, limit * scale, COVERAGE * whole * scale, least * scale, sight, known, taken)


def _finding(built: Built, step: Step, doubt: Doubt) -> Finding:
    key, unit = ("within_mm", " mm") if doubt.axis < 3 else ("within_deg", "°")
    sight = doubt.sight
    where = f"by camera {doubt.camera} at {sight.distance_m:.2f} m"
    datum = "" if sight.datum else "have what carries it checked by a camera, as its datum, "
    if sight.hidden:  # it may be that the same camera's word on it is known, and the rest is too much all the same
        datum = "" if sight.known else f"have camera {doubt.camera} check what carries it before the part hides that, "
    least = math.ceil(doubt.least * 10) / 10
    remedy = f"Widen it to {least:.3g} or more, look from nearer, {datum}or let a tool or a person attest."
    path = built.path(step, "result", key)
    if doubt.taken > MOST and doubt.known.study is not None:
        text = (
            f"Step '{step.group}': {key} {doubt.limit:.3g} is not suitable to be checked {where}: "
            f"{doubt.known.study.said} found that measuring takes {doubt.taken:.0f} % of it {AXES[doubt.axis]} "
            f"(AIAG: {MOST:.0f} % at most)."
        )
        return Finding(path, text, remedy, warning=True)
    if doubt.asked >= 1:
        can, so = "can't be told", ""
    else:
        can = "can hardly be told"
        so = f", so about {doubt.asked * 100:.0f} of 100 that sit exactly right end as a question"
    tried = f", as {doubt.known.said} taught," if doubt.known.said else ""
    text = (
        f"Step '{step.group}': {key} {doubt.limit:.3g} {can} {where}: its "
        f"uncertainty{tried} {AXES[doubt.axis]} is {doubt.uncertainty:.2g}{unit} (k = 2){so}."
    )
    return Finding(path, text, remedy, warning=True)
