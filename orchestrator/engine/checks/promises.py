"""Skills against steps: a gripper that is full or empty at the wrong time, a result that the skill does not leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.variant import Step
    from orchestrator.engine.checks.subject import Built
    from orchestrator.engine.registry import Skill


def findings(built: Built) -> Iterator[Finding]:
    """Yield where one variant's steps and what their skills need and leave don't fit."""
    brings = {step.carry: step for step in built.variant.steps if step.carry is not None}
    for steps in built.groups.values():
        step = steps[0]
        skill = built.subject.programs.get(step.robot.skill) if step.robot is not None else None
        if skill is None:
            continue
        yield from _parameters(built, step, skill)
        for each in steps:
            yield from _gripper(built, each, skill, brings.get(each.id))
        yield from _people(built, step, skill)
        yield from _result(built, step, skill)
        yield from _retry(built, step, skill)


def _parameters(built: Built, step: Step, skill: Skill) -> Iterator[Finding]:
    assert step.robot is not None
    result = step.result
    given = {name for name, value in result.values.items() if value.nominal is not None} | set(step.robot.parameters)
    given |= {"part"} if result.part else set()
    given |= {"at"} if result.at or result.along else set()
    given |= {"tool"} if step.tool else set()
    for name in skill.required:
        if name not in given:
            message = f"Skill '{skill.name}' needs {name}, which '{step.group}' does not give."
            where = "Add it to the step's result." if name in {"part", "at"} else f"Add it to {step.group}."
            remedy = f"Add tool to {step.group}." if name == "tool" else where
            yield Finding(built.path(step, "robot"), message, remedy)


def _gripper(built: Built, step: Step, skill: Skill, bringer: Step | None) -> Iterator[Finding]:
    needs, leaves = skill.promise.needs, skill.promise.leaves
    path, name = built.path(step, "robot"), f"'{step.group}'"
    if "part_held" in needs and bringer is None:
        message = f"Skill '{skill.name}' of {name} needs its part in the gripper, but no step carries it there."
        yield Finding(path, message, f"Add carry: {step.group} to a step that picks it, or use pick_place.")
    if "gripper_empty" in needs and bringer is not None:
        message = f"Skill '{skill.name}' of {name} needs an empty gripper, which '{bringer.group}' has filled."
        yield Finding(path, message, f"Take carry out of {bringer.group}.")
    if "part_held" in leaves and step.carry is None:
        message = f"Skill '{skill.name}' of {name} leaves its part in the gripper, and no step goes on with it."
        yield Finding(path, message, "Add carry with the step that places it.")
    if "gripper_empty" in leaves and step.carry is not None:
        message = f"{name} carries its part on, but skill '{skill.name}' lets go of it."
        yield Finding(built.path(step, "carry"), message, "Use a skill that keeps it, such as pick, or drop carry.")


def _people(built: Built, step: Step, skill: Skill) -> Iterator[Finding]:
    if "together" in skill.promise.needs and not step.together:
        message = f"Skill '{skill.name}' of '{step.group}' needs a person at the same time."
        yield Finding(built.path(step, "robot"), message, "Add human and together: true.")


def _result(built: Built, step: Step, skill: Skill) -> Iterator[Finding]:
    """A part that a step brings somewhere must be left there by its skill; one that is there may be worked on."""
    result = step.result
    if result.part is None or result.at is None or not skill.promise.leaves or skill.promise.handles:
        return
    placed = built.placings.get(result.part, [])
    if any(other.result.at == result.at and built.before(other, step) for other in placed):
        return
    message = f"'{step.group}' wants {result.part} at {result.at}, but skill '{skill.name}' moves no part."
    yield Finding(built.path(step, "robot"), message, "Use a skill that places it, or place it in a step before.")


def _retry(built: Built, step: Step, skill: Skill) -> Iterator[Finding]:
    own = built.subject.product.procedure.steps[built.subject.positions[step.group]].on_fail is not None
    if (
        own
        and not skill.promise.retry
        and any(rung.do == "retry" for ladder in step.on_fail.values() for rung in ladder)
    ):
        message = f"Skill '{skill.name}' of '{step.group}' may not be retried by itself."
        yield Finding(
            built.path(step, "on_fail"), message, "Take retry out of on_fail: a person decides.", warning=True
        )
