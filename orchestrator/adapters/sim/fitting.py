"""What a simulator knows of the products: what goes into what, and where screws are driven."""

from __future__ import annotations

import itertools
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from orchestrator.adapters.sim.contact import Fit
from orchestrator.adapters.sim.devices.screwdriver import Head, heads_of
from orchestrator.core.errors import TandemError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from orchestrator.core.variant import Variant
    from orchestrator.engine.library import Library

VARIANTS = 64  # how many variants of a product are looked at
CHAMFER_M = 0.0005  # lateral error that a chamfer still leads in, whatever the clearance of the fit


class Fitting:
    """Tight places and screw heads over the variants of every product, worked out when first asked for."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._lock = Lock()
        self._fits: tuple[Fit, ...] | None = None
        self._heads: tuple[Head, ...] | None = None
        self._known: dict[str, tuple[Variant, ...]] = {}  # by product; one that could not be read is asked again

    def fits(self) -> tuple[Fit, ...]:
        """Return what goes into what; the first time takes as long as compiling every variant, so ask in a thread."""
        with self._lock:
            if self._fits is not None:
                return self._fits
            variants, whole = self._variants()
            fits = _fits_of(variants)
            self._fits = fits if whole else None
            return fits

    def heads(self) -> tuple[Head, ...]:
        """Return where screws are driven; see `fits`."""
        with self._lock:
            if self._heads is not None:
                return self._heads
            variants, whole = self._variants()
            heads = heads_of(variants)
            self._heads = heads if whole else None
            return heads

    def _variants(self) -> tuple[tuple[Variant, ...], bool]:
        """Return all variants, and whether those of every product are among them."""
        products = list(self._library.products())
        for product in products:
            if product not in self._known:
                with suppress(TandemError):  # a product that can't be read while somebody edits it has none yet
                    options = self._library.procedure(product).options
                    self._known[product] = tuple(self._of(product, options))
        found = [self._known[product] for product in products if product in self._known]
        return tuple(itertools.chain.from_iterable(found)), len(found) == len(products)

    def _of(self, product: str, options: Mapping[str, Sequence[object]]) -> Iterator[Variant]:
        for values in itertools.islice(itertools.product(*options.values()), VARIANTS):
            with suppress(TandemError):  # a combination that is not sold, or a mistake that `tandem check` names
                yield self._library.variant(product, dict(zip(options, values, strict=True)))


def _fits_of(variants: Iterable[Variant]) -> tuple[Fit, ...]:
    found: dict[tuple[str, str, str], Fit] = {}
    for variant in variants:
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
