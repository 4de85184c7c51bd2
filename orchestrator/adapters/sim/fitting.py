"""What a simulator knows of the products: what goes into what, and where screws are driven."""

from __future__ import annotations

import itertools
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.contact import Fit
from orchestrator.adapters.sim.devices.screwdriver import Head, heads_of
from orchestrator.core.errors import TandemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from orchestrator.core.variant import Variant
    from orchestrator.engine.library import Library

VARIANTS = 64  # how many variants of a product are looked at
CHAMFER_M = 0.0005  # lateral error that a chamfer still leads in, whatever the clearance of the fit


class Fitting:
    """Tight places and screw heads over the variants of every product, worked out when first asked for."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def fits(self) -> tuple[Fit, ...]:
        """Return what goes into what."""
        return self._fits

    def heads(self) -> tuple[Head, ...]:
        """Return where screws are driven."""
        return self._heads

    @cached_property
    def _variants(self) -> tuple[Variant, ...]:
        return tuple(variant for product in self._library.products() for variant in self._of(product))

    def _of(self, product: str) -> Iterator[Variant]:
        options: Mapping[str, Sequence[object]] = {}
        with suppress(TandemError):  # a product that can't be read while somebody edits it has no variants
            options = self._library.procedure(product).options
        for values in itertools.islice(itertools.product(*options.values()), VARIANTS):
            with suppress(TandemError):  # a combination that is not sold, or a mistake that `tandem check` names
                yield self._library.variant(product, dict(zip(options, values, strict=True)))

    @cached_property
    def _fits(self) -> tuple[Fit, ...]:
        found: dict[tuple[str, str, str], Fit] = {}
        for variant in self._variants:
            placed = {step.result.part: step.result.kind for step in variant.steps if step.result.part}
            for step in variant.steps:
                at, kind = step.result.at, step.result.kind
                into = placed.get(at.owner) if at and at.owner else None
                if kind is None or at is None or into is None or at.frame not in variant.parts[into].frames:
                    continue
                mates = list(variant.parts[kind].mates.values())
                if mates:
                    found[kind, into, at.frame] = Fit(
                        kind,
                        into,
                        variant.parts[into].frames[at.frame],
                        step.result.meets,
                        mates[0].depth_m,
                        max(mates[0].clearance_m, CHAMFER_M),
                    )
        return tuple(found.values())

    @cached_property
    def _heads(self) -> tuple[Head, ...]:
        return heads_of(self._variants)
