"""A procedure with its options filled in: what an order runs, and what its journal keeps.

The library compiles authored files into a `Variant`; nothing in here is written by hand. It is frozen with
the order, so that editing a file never changes a unit that is being built.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.core.geometry import IDENTITY, Pose, Vector


class Frozen(BaseModel):
    """Base of every record: immutable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Grasp(Frozen):
    """One way to hold a part: the tool centre point in the part's frame (z along the approach), opening in metres."""

    pose: Pose
    opening_m: float


class Mate(Frozen):
    """How a frame of a part joins: approach axis in that frame, depth and clearance in metres."""

    axis: Vector = (0.0, 0.0, 1.0)
    depth_m: float = 0.0
    clearance_m: float = 0.0


class PartSpec(Frozen):
    """A kind of part, with all that robot, screen and camera need to know of it. Metres, kilograms, z up."""

    name: dict[str, str]
    mesh: str = ""  # path of the GLB below instructions/, "" where there is none
    mesh_sha256: str = ""
    low_m: Vector = (0.0, 0.0, 0.0)  # corners of the mesh's box, in its own frame
    high_m: Vector = (0.0, 0.0, 0.0)
    mass_kg: float | None = None
    symmetry_z: int | None = None  # order of rotational symmetry about z; 0 = any angle
    unit: str = "pcs"
    track: Literal["lot", "serial"] | None = None
    once: bool = False
    flexible: bool = False
    frames: dict[str, Pose] = Field(default_factory=dict)
    grasps: dict[str, Grasp] = Field(default_factory=dict)
    mates: dict[str, Mate] = Field(default_factory=dict)


class Target(Frozen):
    """A frame: of a part that this unit holds (`owner` is its reference), or of the cell (`owner` is None)."""

    owner: str | None = None
    frame: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.frame}" if self.owner else self.frame


class ValueSpec(Frozen):
    """What a value must be. Numbers keep the author's unit, which is also the value name's suffix."""

    kind: Literal["claim", "number", "scan", "choice"]
    nominal: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    pattern: str = ""
    choices: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()


class Result(Frozen):
    """What is true once the step is done."""

    part: str | None = None  # reference within the unit: "bearing.front", "screw#3", "housing"
    kind: str | None = None  # key of Variant.parts
    qty: float = 1
    at: Target | None = None
    along: Target | None = None
    meets: Pose = IDENTITY  # the frame of the placed part that meets `at`, in the part's mesh frame
    within_m: Vector = (0.001, 0.001, 0.001)
    within_rad: Vector = (0.035, 0.035, 0.035)
    values: dict[str, ValueSpec] = Field(default_factory=dict)


class RobotWork(Frozen):
    """A skill call; `parameters` are the authored ones, the rest follows from the result."""

    skill: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class HumanWork(Frozen):
    """What a person is shown and must bring. `show` names an instruction; None derives the words from the result."""

    show: str | None = None
    needs: tuple[str, ...] = ()
    effort: float = 0.0


class Wait(Frozen):
    """A predecessor, with the shortest and longest time from its end to this step's start."""

    step: str
    min_s: float = 0.0
    max_s: float | None = None


class Rung(Frozen):
    """One answer to a failure."""

    do: Literal["retry", "other_actor", "ask", "rework", "scrap", "skip"]
    step: str | None = None


class View(Frozen):
    """Where a result is looked at from: a camera, and for one on the flange the frame that the TCP is brought to."""

    camera: str
    stand: Target | None = None


CheckKind = Literal["camera", "person", "two_people", "photo", "none"]


class Step(Frozen):
    """One step instance: an authored step with its `each` variables and options filled in."""

    id: str  # unique in the variant: "tighten@12.5"; the authored id where there is no `each`
    group: str  # the authored id
    k: int = 1
    n: int = 1
    variables: dict[str, Any] = Field(default_factory=dict)
    after: tuple[Wait, ...] = ()
    result: Result
    check: tuple[CheckKind, ...] = ("person",)
    look: View | None = None  # None: whichever camera has the result in its picture
    robot: RobotWork | None = None
    human: HumanWork | None = None
    together: bool = False
    carry: str | None = None
    tool: str | None = None
    time_s: dict[Literal["robot", "human"], float] = Field(default_factory=dict)
    undo: bool | str = True
    critical: bool = False
    on_fail: dict[str, tuple[Rung, ...]] = Field(default_factory=dict)  # outcome code -> ladder; "*" for the rest
    per: str = "unit"

    def ladder(self, outcome: str) -> tuple[Rung, ...]:
        """Return the answers to an outcome, in the order in which they are tried."""
        return self.on_fail.get(outcome, self.on_fail.get("*", (Rung(do="ask"),)))


class Variant(Frozen):
    """One buildable variant: the whole graph of steps and the parts that they use."""

    product: str
    procedure_sha256: str
    options: dict[str, Any] = Field(default_factory=dict)
    parts: dict[str, PartSpec]
    steps: tuple[Step, ...]

    @cached_property
    def by_id(self) -> dict[str, Step]:
        """Steps by their id."""
        return {step.id: step for step in self.steps}

    @cached_property
    def successors(self) -> dict[str, tuple[str, ...]]:
        """For each step the ids of the steps that wait for it directly."""
        out: dict[str, list[str]] = {step.id: [] for step in self.steps}
        for step in self.steps:
            for wait in step.after:
                out[wait.step].append(step.id)
        return {key: tuple(value) for key, value in out.items()}

    def dependants(self, step_id: str) -> tuple[str, ...]:
        """Return every step that builds on this one, directly or not, in the order of the variant."""
        found: set[str] = set()
        edge = [step_id]
        while edge:
            for follower in self.successors[edge.pop()]:
                if follower not in found:
                    found.add(follower)
                    edge.append(follower)
        return tuple(step.id for step in self.steps if step.id in found)
