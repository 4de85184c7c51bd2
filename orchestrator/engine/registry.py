"""Skills: from a file's functions to named calls with a schema. A broken file is reported, the rest work."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import traceback
import typing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ConfigDict, Field, ValidationError, create_model

from orchestrator.core.errors import BadInput, known
from orchestrator.engine.promise import PERSON, Promise
from orchestrator.engine.reading import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from pydantic import BaseModel

log = structlog.get_logger(__name__)

MARK = "__tandem_skill__"


@dataclass(frozen=True, slots=True)
class Skill:
    """A robot program: `run(cell, **parameters)`. `schema` and `resources` are derived from the signature."""

    name: str
    run: Callable[..., Awaitable[None]]
    text: str
    timeout_s: float
    parameters: type[BaseModel]
    file: str = ""
    sha256: str = ""
    promise: Promise = field(default_factory=Promise)

    @property
    def resources(self) -> tuple[str, ...]:
        """What it takes for itself while it runs: the arm, the gripper, its target's zone, its tool."""
        fields = self.parameters.model_fields
        gripper = "part" in fields or "gripper_empty" in self.promise.needs
        taken = {"arm": True, "gripper": gripper, "zone of at": "at" in fields, "tool": "tool" in fields}
        return tuple(name for name, is_taken in taken.items() if is_taken)

    @property
    def required(self) -> tuple[str, ...]:
        """The parameters that have no default."""
        return tuple(name for name, field in self.parameters.model_fields.items() if field.is_required())

    @property
    def schema(self) -> dict[str, Any]:
        """The parameters as JSON Schema."""
        return self.parameters.model_json_schema()

    def bind(self, authored: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a call: authored ones over those that the result gives.

        Raises BadInput when a parameter is missing, unknown or of the wrong type.
        """
        self.refuse_unknown(authored)
        wanted = self.parameters.model_fields
        given = {key: value for key, value in result.items() if key in wanted} | dict(authored)
        missing = [name for name in self.required if name not in given]
        if missing:
            written = " ".join(f"--with {name}=…" for name in missing)
            raise BadInput(
                f"Skill {self.name} needs {' and '.join(repr(name) for name in missing)}.",
                remedy=f"Write {written}, or let the step's result give {'it' if len(missing) == 1 else 'them'}.",
            )
        try:
            valid = self.parameters.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            message, remedy = say(self.parameters, first)
            raise BadInput(
                f"Skill {self.name}: {name}: {message}",
                remedy=f"{remedy} Its parameters: {', '.join(wanted)}.".lstrip(),
            ) from None
        return {key: getattr(valid, key) for key in wanted}

    def refuse_unknown(self, names: Iterable[str]) -> None:
        """Raise BadInput for the first name that is no parameter, with the nearest one."""
        wanted = self.parameters.model_fields
        for name in names:
            if name not in wanted:
                error = known(f"parameter of {self.name}", name, wanted)
                raise BadInput(error.message, remedy=error.remedy)


@dataclass(frozen=True, slots=True)
class Broken:
    """A skill file that could not be loaded, and why."""

    file: str
    error: str


@dataclass(slots=True)
class _Loaded:
    mtime_ns: int
    skills: dict[str, Skill] = field(default_factory=dict)
    broken: Broken | None = None


def declare(
    name: str, timeout_s: float, function: Callable[..., Awaitable[None]], promise: Promise | None = None
) -> Skill:
    """Make a skill of an async function whose first parameter is the cell.

    Raises BadInput for other functions, and for a promise that contradicts the signature or itself.
    """
    if not inspect.iscoroutinefunction(function):
        raise BadInput(f"Skill {name} is not async.", remedy=f"Write `async def {function.__name__}(cell: Cell, ...)`.")
    hints = typing.get_type_hints(function)
    fields: dict[str, Any] = {}
    for index, parameter in enumerate(inspect.signature(function).parameters.values()):
        if index == 0:
            continue
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[parameter.name] = (hints.get(parameter.name, Any), Field(default=default))
    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    parameters = create_model(f"{name}_parameters", __config__=config, **fields)
    text = inspect.cleandoc(function.__doc__ or "")
    promised = promise or Promise()
    promised.check(name, fields)
    return Skill(name=name, run=function, text=text, timeout_s=timeout_s, parameters=parameters, promise=promised)


class Registry:
    """All skills below a folder. With `reload`, an edited file takes effect for whoever asks next.

    An edit that breaks a file takes its skills away: the version before is never used silently.
    """

    def __init__(self, folder: Path, *, reload: bool = False) -> None:
        self._folder = folder
        self._reload = reload
        self._files: dict[Path, _Loaded] = {}
        self._refresh()

    def __contains__(self, name: object) -> bool:
        return name in self.all()

    def __iter__(self) -> Iterator[str]:
        return iter(self.all())

    def __len__(self) -> int:
        return len(self.all())

    def get(self, name: str) -> Skill:
        """Return a skill. Raises NotFound, naming near ones."""
        skills = self.all()
        if name not in skills:
            broken = "".join(f" {item.file} is broken: {item.error}" for item in self.broken())
            error = known("skill", name, skills)
            error.remedy += broken
            raise error
        return skills[name]

    def all(self) -> dict[str, Skill]:
        """Return every skill that works, by name. Where two files have one of the same name, the first counts."""
        if self._reload:
            self._refresh()
        out: dict[str, Skill] = {}
        for path in sorted(self._files):
            for name, skill in self._files[path].skills.items():
                out.setdefault(name, skill)
        return out

    def broken(self) -> list[Broken]:
        """Return the files that could not be loaded, and those with a skill that another file has or nothing undoes."""
        first = self.all()
        out = []
        for path in sorted(self._files):
            loaded = self._files[path]
            if loaded.broken:
                out.append(loaded.broken)
            for name in loaded.skills:
                if first[name].file != path.name:
                    out.append(Broken(path.name, f"There is a skill '{name}' in {first[name].file} already."))
        for name, skill in first.items() if not out else ():  # a broken file may be the one that is missed
            undoes = skill.promise.undone_by
            if undoes and undoes != PERSON and undoes not in first:
                error = known("skill", undoes, (*first, PERSON))
                out.append(Broken(skill.file, f"{name} is undone by '{undoes}'. {error}"))
        return out

    def sha256(self, name: str) -> str:
        """Return the hash of the file that a skill stands in, "" for an unknown one."""
        skill = self.all().get(name)
        return skill.sha256 if skill else ""

    def repeats(self, name: str) -> bool:
        """Tell whether a skill may be run again by itself; an unknown one as others."""
        skill = self.all().get(name)
        return skill is None or skill.promise.retry

    def hands_over(self, name: str) -> bool:
        """Tell whether a skill gives its part to a person."""
        skill = self.all().get(name)
        return skill is not None and "part_handed" in skill.promise.leaves

    def parameters(self) -> dict[str, set[str]]:
        """Return the parameter names of each skill, for checking authored files."""
        return {name: set(skill.parameters.model_fields) for name, skill in self.all().items()}

    def _refresh(self) -> None:
        found = sorted(path for path in self._folder.glob("*.py") if not path.name.startswith("_"))
        for path in found:
            stamp = path.stat().st_mtime_ns
            if path not in self._files or self._files[path].mtime_ns != stamp:
                self._files[path] = _load(path, stamp)
        for gone in set(self._files) - set(found):
            del self._files[gone]


def _load(path: Path, stamp: int) -> _Loaded:
    source = path.read_bytes()
    module_name = f"tandem_skills.{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - skills are programs
    except Exception as error:  # noqa: BLE001 - whatever an author's file does, the other skills work
        own = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        line = getattr(error, "lineno", None) or (own[-1] if own else 1)
        broken = Broken(file=path.name, error=f"line {line}: {type(error).__name__}: {error}")
        log.warning("skill file is broken", file=path.name, error=broken.error)
        return _Loaded(stamp, broken=broken)
    sha = hashlib.sha256(source).hexdigest()
    skills: dict[str, Skill] = {}
    for value in vars(module).values():
        mark = getattr(value, MARK, None)
        if isinstance(mark, Skill) and value.__module__ == module_name:
            skills[mark.name] = replace(mark, file=path.name, sha256=sha)
    return _Loaded(stamp, skills)
