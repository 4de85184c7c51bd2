"""One skill alone: the smallest procedure that runs it, with what it needs brought about before it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import BadInput, NotFound, known
from orchestrator.core.variant import HumanWork, Result, RobotWork, Rung, Step, Target, Variant, Wait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.cell import CellSpec
    from orchestrator.engine.registry import Skill

TRIED = "try"  # the step that runs the skill
_FROM_RESULT = frozenset({"part", "at", "tool"})
_ASK = {"*": (Rung(do="ask"),)}


def trial(skill: Skill, given: Mapping[str, Any], variant: Variant, spec: CellSpec) -> Variant:
    """Return a procedure whose step `try` runs a skill with the `given` parameters, on the parts of a variant.

    What `at` names is put in its place by a person first, a part that shall be held is picked, a part that shall be
    looked at is put where it is looked at. The last step is one that nobody can do, so that the unit stays for a look.

    Raises:
        NotFound: there is no such part or tool.
        BadInput: a parameter is missing, unknown or of the wrong type, or there is no such frame.
    """
    skill.refuse_unknown(given)
    part, tool = given.get("part"), given.get("tool")
    if tool is not None and tool not in spec.tools and tool not in spec.devices:
        raise known("tool", str(tool), {*spec.tools, *spec.devices})
    at = (
        _target(given["at"])
        if "at" in given
        else _usual(variant, part)
        if "at" in skill.parameters.model_fields
        else None
    )
    kinds = {part: _kind(variant, part)} if part is not None else {}
    meets = next((s.result.meets for s in variant.steps if s.result.part == part and s.result.at == at), Result().meets)
    result = Result(part=part, kind=kinds.get(part), at=at, meets=meets)
    authored = {name: value for name, value in given.items() if name not in _FROM_RESULT}
    offered = {"part": part, "at": at, "tool": tool}
    skill.bind(authored, {name: value for name, value in offered.items() if value is not None})
    steps = [*_before(skill, result, variant, spec)]
    shared = "together" in skill.promise.needs
    tried = Step(
        id=TRIED,
        group=TRIED,
        result=result,
        check=("none",),
        robot=RobotWork(skill=skill.name, parameters=authored),
        human=HumanWork() if shared else None,
        together=shared,
        tool=tool,
        time_s={"robot": 10.0, "human": 10.0},
        on_fail=_ASK,
    )
    last = Step(id="stays", group="stays", result=Result(), human=HumanWork(needs=("nobody",)), time_s={"human": 1.0})
    return Variant(
        product=variant.product,
        procedure_sha256=f"trial of {skill.name}",
        options=variant.options,
        parts=variant.parts,
        steps=_in_turn([*steps, tried, last]),
    )


def _before(skill: Skill, result: Result, variant: Variant, spec: CellSpec) -> list[Step]:
    """What has to be so before the skill begins: the owner of its target in place, its part held or in place.

    What is done at a target and places nothing, as tightening, is done to what the procedure puts there.
    """
    out: list[Step] = []
    if result.at is not None:
        _put_owner(result.at, variant, spec, out)
        if result.part is None:
            there = (step.result for step in variant.steps if step.result.part and step.result.at == result.at)
            out += [_by_hand(found) for found in itertools.islice(there, 1)]
    if "part_held" in skill.promise.needs:
        work = RobotWork(skill="pick")
        grasped = Result(part=result.part, kind=result.kind)
        picked = Step(
            id="bring",
            group="bring",
            result=grasped,
            check=("none",),
            robot=work,
            carry=TRIED,
            time_s={"robot": 10.0},
            on_fail=_ASK,
        )
        out.append(picked)
    elif "gripper_empty" in skill.promise.needs and result.part is not None and result.at is not None:
        out.append(_by_hand(result))
    return out


def _put_owner(at: Target, variant: Variant, spec: CellSpec, out: list[Step]) -> None:
    """Have a person put what a target belongs to where the procedure first has it, all that is below it before."""
    if at.owner is None:
        if at.frame not in spec.places_named():
            error = known("frame", at.frame, spec.places_named())
            raise BadInput(error.message, remedy=_frames_of(variant, at.frame) or error.remedy)
        return
    kind = _kind(variant, at.owner)
    if at.frame not in variant.parts[kind].frames:
        error = known(f"frame of {at.owner}", at.frame, variant.parts[kind].frames)
        raise BadInput(error.message, remedy=error.remedy)
    where = _usual(variant, at.owner) or Target(frame=next(iter(spec.places_named())))
    meets = next(
        (s.result for s in variant.steps if s.result.part == at.owner and s.result.at == where), Result()
    ).meets
    if any(step.result.part == at.owner for step in out):
        return
    out.append(_by_hand(Result(part=at.owner, kind=kind, at=where, meets=meets)))
    if where.owner is not None:
        below: list[Step] = []
        _put_owner(where, variant, spec, below)
        out[:0] = below


def _frames_of(variant: Variant, part: str) -> str:
    """Return how to name a frame of a part that stands where a target is needed, "" where it is no part with frames."""
    try:
        frames = sorted(variant.parts[_kind(variant, part)].frames)
    except NotFound:
        return ""
    return f"Write {part}/{frames[0]}; {part} has: {', '.join(frames)}." if frames else ""


def _by_hand(result: Result) -> Step:
    name = f"put_{result.part}"
    return Step(id=name, group=name, result=result, check=("none",), human=HumanWork(), time_s={"human": 5.0})


def _in_turn(steps: list[Step]) -> tuple[Step, ...]:
    out: list[Step] = []
    for step in steps:
        out.append(step.model_copy(update={"after": (Wait(step=out[-1].id),)}) if out else step)
    return tuple(out)


def _usual(variant: Variant, part: str | None) -> Target | None:
    """Where the procedure first puts a part, None where it does not."""
    return next((s.result.at for s in variant.steps if part and s.result.part == part and s.result.at), None)


def _kind(variant: Variant, part: str) -> str:
    """Return the kind of a part that a step of the variant handles, or that is named by its kind. Raises NotFound."""
    named = {step.result.part: step.result.kind for step in variant.steps if step.result.part and step.result.kind}
    bare = part.split(".", 1)[0].split("#", 1)[0]
    kind = named.get(part) or (bare if bare in variant.parts else None)
    if kind is None:
        raise known("part", part, {*variant.parts, *(name for name in named if name)})
    return kind


def _target(text: Any) -> Target:
    if isinstance(text, Target):
        return text
    owner, slash, frame = str(text).rpartition("/")
    if slash and not owner:
        raise BadInput(f"'{text}' is no target.", remedy="Write a frame of the cell, or part/frame.")
    return Target(owner=owner or None, frame=frame)
