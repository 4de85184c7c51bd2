"""The authored procedure of a product: one graph of steps for every variant.

Shorthand is written out while it is read (`robot: screw` becomes `{screw: {}}`), so that what follows sees one form.
`$name` stays unfilled until the compiler knows the options.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from orchestrator.core.parts import Amount, AuthoredPart, as_number, wrong
from orchestrator.core.variant import CheckKind, Frozen, Rung

Scalar = bool | int | float | str
CHECKS: tuple[CheckKind, ...] = ("camera", "person", "two_people", "photo", "none")
RUNGS = ("retry", "other_actor", "ask", "scrap", "skip")
BUILT_IN_LADDER: tuple[Rung, ...] = (Rung(do="retry"), Rung(do="other_actor"), Rung(do="ask"))


def _fillable(value: Any) -> float | str:
    return value if isinstance(value, str) and "$" in value else as_number(value)


def _tolerance(value: Any) -> tuple[float | str, ...]:
    many = isinstance(value, list | tuple)
    if many and len(value) != 3:
        raise wrong("A tolerance is one number or three, [x, y, z].", "A decimal comma makes two numbers of one.")
    items = tuple(_fillable(v) for v in value) if many else (_fillable(value),) * 3
    if any(not isinstance(v, str) and v <= 0 for v in items):
        raise wrong("A tolerance must be more than 0.", "No measurement is exact.")
    return items


def _words(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        if not isinstance(item, str):
            raise wrong(f"A name is needed, not {item}.")
    return tuple(items)


def _scalars(value: Any) -> tuple[Scalar, ...]:
    items = value if isinstance(value, list | tuple) else [value]
    if not items:
        raise wrong("The list is empty.", "Name at least one value.")
    for item in items:
        if not isinstance(item, bool | int | float | str):
            raise wrong(f"A number or a word is needed, not {item}.")
    twice = next((item for place, item in enumerate(items) if item in items[:place]), None)
    if twice is not None:
        raise wrong(f"The value {twice} is there twice.", "Name each value once.")
    return tuple(items)


Fillable = Annotated[float | str, BeforeValidator(_fillable)]
Tolerance = Annotated[tuple[float | str, ...], BeforeValidator(_tolerance)]
Names = Annotated[tuple[str, ...], BeforeValidator(_words)]


class AuthoredValue(Frozen):
    """What a value must be: a claim (`true`), a number with limits, a scan, or a choice."""

    model_config = ConfigDict(populate_by_name=True)

    claim: bool = False
    is_: Fillable | None = Field(default=None, alias="is")
    within: Fillable | None = None
    min: Fillable | None = None
    max: Fillable | None = None
    scan: str | None = None
    choice: Annotated[tuple[Scalar, ...], BeforeValidator(_scalars)] | None = None
    pass_: Annotated[tuple[Scalar, ...], BeforeValidator(_scalars)] | None = Field(default=None, alias="pass")

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, data: Any) -> Any:
        if data is True:
            return {"claim": True}
        if not isinstance(data, dict):
            remedy = "Write true, {is: 12, within: 0.5}, {min: 1}, {max: 2}, {scan: ...} or {choice: [...], pass: ...}."
            raise wrong(f"{data!r} says no limits.", remedy)
        return data

    @model_validator(mode="after")
    def _one_kind(self) -> AuthoredValue:
        number = any(v is not None for v in (self.is_, self.min, self.max))
        if self.claim + number + (self.scan is not None) + (self.choice is not None) != 1:
            raise wrong("A value is one of: true, a number with limits, a scan, a choice.", "Keep one of them.")
        if self.is_ is not None and self.within is None and self.min is None and self.max is None:
            raise wrong("'is' has no tolerance.", "Add within, the half-width that is still good.")
        if self.within is not None and self.is_ is None:
            raise wrong("'within' needs 'is'.", "Write {is: 12, within: 0.5}.")
        if (self.choice is None) != (self.pass_ is None):
            raise wrong("A choice needs choice and pass.", "Write {choice: [free, stiff], pass: free}.")
        strange = set(map(str, self.pass_ or ())) - set(map(str, self.choice or ()))
        if strange:
            raise wrong(f"'{min(strange)}' is not among the choices.", "Add it to choice, or mend pass.")
        return self


class AuthoredResult(Frozen):
    """What is true once the step is done, said once."""

    part: str | None = None
    qty: Fillable | None = None
    at: str | None = None
    along: str | None = None
    within_mm: Tolerance | None = None
    within_deg: Tolerance | None = None
    values: dict[str, AuthoredValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_something(self) -> AuthoredResult:
        if self.at is None and self.along is None:
            raise wrong("The result says no place.", "Add at: owner/frame, or along: owner/frame.")
        if self.part is None and not self.values:
            raise wrong("The result says neither a part nor values.", "Add part, or values to measure.")
        if self.along is not None and self.part is None:
            raise wrong("'along' needs a part.", "Name what is applied along the path.")
        if self.at is not None and self.along is not None:
            raise wrong("A part is placed at a frame or applied along a path, not both.", "Keep at, or along.")
        return self


class Window(Frozen):
    """The shortest and longest time from a predecessor's end to this step's start."""

    min_s: Annotated[Amount, Field(ge=0)] = 0.0
    max_s: Amount | None = None

    @model_validator(mode="after")
    def _open(self) -> Window:
        if self.max_s is not None and self.max_s < self.min_s:
            raise wrong(f"max_s {self.max_s:g} is less than min_s {self.min_s:g}.", "Swap or mend them.")
        return self


class AuthoredHuman(Frozen):
    """A person's side: the instruction, the qualifications, the effort (Borg CR-10)."""

    show: str | None = None
    needs: Names = ()
    effort: Annotated[Amount, Field(ge=0, le=10)] = 0.0


class AuthoredLook(Frozen):
    """Where a result is looked at from: a camera, and for one on the flange the frame that the TCP is brought to."""

    model_config = ConfigDict(populate_by_name=True)

    camera: str
    from_: str | None = Field(default=None, alias="from")


class AuthoredRobot(Frozen):
    """A skill and its authored parameters."""

    skill: str
    parameters: dict[str, Any] = Field(default_factory=dict)


def _after(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {key: {} if window is None else window for key, window in value.items()}
    return {name: {} for name in _words([] if value is None else value)}


def _each(value: Any) -> tuple[dict[str, Scalar], ...]:
    if isinstance(value, dict) and value:
        columns = [[{name: item} for item in _scalars(items)] for name, items in value.items()]
        merged = [{k: v for record in row for k, v in record.items()} for row in itertools.product(*columns)]
        return tuple(merged)
    if isinstance(value, list | tuple) and value and all(isinstance(record, dict) and record for record in value):
        keys = set(value[0])
        for record in value:
            if set(record) != keys:
                raise wrong(f"The records of each differ in their keys: {', '.join(sorted(keys ^ set(record)))}.")
            for item in record.values():
                _scalars(item)
        return tuple(value)
    raise wrong("each needs {variable: [values]} or a list of records.", "Write {i: [1, 3, 2, 4]}.")


def _robot(value: Any) -> Any:
    if isinstance(value, str):
        return {"skill": value}
    if isinstance(value, dict) and len(value) == 1:
        ((skill, parameters),) = value.items()
        return {"skill": skill, "parameters": {} if parameters is None else parameters}
    if isinstance(value, dict) and set(value) == {"skill", "parameters"}:
        return value
    raise wrong("robot names one skill.", "Write robot: insert, or robot: {insert: {force_N: 15}}.")


def _look(value: Any) -> Any:
    return {"camera": value} if isinstance(value, str) else value


def _human(value: Any) -> Any:
    if value is True:
        return {}
    if value is False:
        return None
    return {"show": value} if isinstance(value, str) else value


def _checks(value: Any) -> tuple[str, ...]:
    names = _words(value)
    for name in names:
        if name not in CHECKS:
            raise wrong(f"There is no check '{name}'.", f"Known: {', '.join(CHECKS)}.")
    if "none" in names and len(names) > 1:
        raise wrong("Check none stands alone.", "Drop it, or the others.")
    return names


def _rung(value: Any) -> Rung:
    if isinstance(value, Rung):
        return value
    if isinstance(value, str) and value in RUNGS:
        return Rung(do=cast("Any", value))
    if isinstance(value, dict) and list(value) == ["rework"] and isinstance(value["rework"], str):
        return Rung(do="rework", step=value["rework"])
    raise wrong(f"{value!r} is no answer to a failure.", f"Known: {', '.join(RUNGS)}, {{rework: step}}.")


def _ladders(value: Any) -> dict[str, tuple[Rung, ...]]:
    ladders = value if isinstance(value, dict) and "rework" not in value else {"*": value}
    out = {}
    for outcome, ladder in ladders.items():
        rungs = ladder if isinstance(ladder, list | tuple) else [ladder]
        out[str(outcome)] = tuple(_rung(rung) for rung in rungs)
        if not out[str(outcome)]:
            raise wrong("A ladder without rungs answers nothing.", "Write [ask].")
    return out


def _per(value: Any) -> str:
    if value in ("unit", "order") or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return str(value)
    raise wrong(f"per is unit, order or a number of units, not {value!r}.")


def _undo(value: Any) -> bool | str:
    if isinstance(value, bool | str):
        return value
    raise wrong(f"undo is true, false or an instruction, not {value!r}.")


class TimePerActor(Frozen):
    """Seconds per instance; `both` where one number stands for whoever does it."""

    robot: Annotated[Amount, Field(gt=0)] | None = None
    human: Annotated[Amount, Field(gt=0)] | None = None
    both: Annotated[Amount, Field(gt=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _written_out(cls, data: Any) -> Any:
        return data if isinstance(data, dict) else {"both": as_number(data)}


Ladders = Annotated[dict[str, tuple[Rung, ...]], BeforeValidator(_ladders)]
Checks = Annotated[tuple[CheckKind, ...], BeforeValidator(_checks)]


class AuthoredStep(Frozen):
    """One step as written; `each` is written out to its records."""

    id: Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_-]*$")]
    after: Annotated[dict[str, Window], BeforeValidator(_after)] | None = None
    when: str | None = None
    each: Annotated[tuple[dict[str, Scalar], ...], BeforeValidator(_each)] = ({},)
    per: Annotated[str, BeforeValidator(_per)] = "unit"
    result: AuthoredResult
    check: Checks | None = None
    look: Annotated[AuthoredLook | None, BeforeValidator(_look)] = None
    robot: Annotated[AuthoredRobot | None, BeforeValidator(_robot)] = None
    human: Annotated[AuthoredHuman | None, BeforeValidator(_human)] = None
    together: bool = False
    carry: str | None = None
    tool: str | None = None
    time_s: TimePerActor | None = None
    undo: Annotated[bool | str, BeforeValidator(_undo)] = True
    critical: bool = False
    on_fail: Ladders | None = None

    @property
    def repeated(self) -> bool:
        """Whether the step stands for several instances."""
        return self.each != ({},)

    @model_validator(mode="after")
    def _someone(self) -> AuthoredStep:
        if self.robot is None and self.human is None:
            raise wrong(f"Nobody does step '{self.id}'.", "Add robot: skill, human: true, or both.")
        if self.together and (self.robot is None or self.human is None):
            raise wrong("together needs both robot and human.", "Add the other one, or drop together.")
        return self


class Defaults(Frozen):
    """What steps and results take where they say nothing."""

    within_mm: Tolerance = (1.0, 1.0, 1.0)
    within_deg: Tolerance = (2.0, 2.0, 2.0)
    on_fail: Ladders = Field(default_factory=lambda: {"*": BUILT_IN_LADDER})
    check: Checks | None = None


class Procedure(Frozen):
    """A `procedure.yaml`."""

    options: dict[str, Annotated[tuple[Scalar, ...], BeforeValidator(_scalars)]] = Field(default_factory=dict)
    never: Names = ()
    defaults: Defaults = Field(default_factory=Defaults)
    names: dict[str, dict[str, str]] = Field(default_factory=dict)  # what it calls so -> language -> what people read
    parts: dict[Annotated[str, Field(pattern=r"^[a-zA-Z][a-zA-Z0-9_-]*$")], AuthoredPart]
    steps: tuple[AuthoredStep, ...]

    @model_validator(mode="after")
    def _some_steps(self) -> Procedure:
        if not self.steps:
            raise wrong("A procedure needs steps.", "Write at least one.")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which parts, and what else the file names, are called, sorted."""
        named = (*(part.name for part in self.parts.values()), *self.names.values())
        return tuple(sorted({language for name in named for language in name}))
