"""The devices of a cell as its file describes them: one record a kind, each at a frame of the cell."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from orchestrator.core.errors import known
from orchestrator.core.parts import Positive, wrong
from orchestrator.core.variant import Frozen


class ClampSpec(Frozen):
    """A clamp that holds what stands at a frame."""

    gives: ClassVar[tuple[str, ...]] = ("clamped", "part")

    kind: Literal["clamp"]
    at: str


class IoSpec(Frozen):
    """Digital signals. An input that `senses` a frame is on while something stands there."""

    gives: ClassVar[tuple[str, ...]] = ()

    kind: Literal["io"]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    senses: dict[str, str] = Field(default_factory=dict)  # input -> frame of the cell

    @model_validator(mode="after")
    def _whole(self) -> IoSpec:
        if not self.inputs and not self.outputs:
            raise wrong("An io has no signals.", "Name its inputs or outputs.")
        twice = [name for name in self.inputs if name in self.outputs]
        if twice:
            raise wrong(f"Signal '{twice[0]}' is an input and an output.", "Rename one of them.")
        for name in self.senses:
            if name not in self.inputs:
                raise wrong(f"senses names no input '{name}'.", known("input", name, self.inputs).remedy)
        return self


class ScannerSpec(Frozen):
    """A scanner that reads the code nearest to a frame."""

    gives: ClassVar[tuple[str, ...]] = ("code",)

    kind: Literal["scanner"]
    at: str


class PrinterSpec(Frozen):
    """A label printer: labels come out at a frame, as parts of one kind. Without `templates` any name will do."""

    gives: ClassVar[tuple[str, ...]] = ("code",)

    kind: Literal["printer"]
    at: str
    prints: str  # the kind of part that comes out
    holds: Annotated[int, Field(ge=1)] = 500  # labels on a full roll
    templates: tuple[str, ...] = ()


class ScaleSpec(Frozen):
    """A scale whose pan is at a frame."""

    gives: ClassVar[tuple[str, ...]] = ("mass_kg",)

    kind: Literal["scale"]
    at: str
    max_kg: Positive


class CounterSpec(Frozen):
    """A sensor that counts what lies in a bin of the supply."""

    gives: ClassVar[tuple[str, ...]] = ("count_pcs",)

    kind: Literal["counter"]
    bin: str


DeviceSpec = Annotated[
    ClampSpec | IoSpec | ScannerSpec | PrinterSpec | ScaleSpec | CounterSpec, Field(discriminator="kind")
]
