"""Actors: skills that there aren't, parts that an actor can't lift or hold, tools that are not theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.engine.findings import Finding, hint
from orchestrator.engine.placeholders import names_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from orchestrator.core.variant import Step
    from orchestrator.engine.checks.subject import Built
    from orchestrator.engine.product import Product


def findings(built: Built) -> Iterator[Finding]:
    """Yield what an actor can't do in one variant."""
    for steps in built.groups.values():
        step = steps[0]
        yield from _tool(built, step)
        yield from _carry(built, step)
        for each in steps:
            yield from _lifting(built, each)
    cell = built.subject.cell
    if cell is not None and not cell.places:
        alone = next((step for step in built.variant.steps if step.human is not None), None)
        if alone is not None:
            message = f"Cell {cell.name} has no place for a person, who '{alone.group}' needs."
            yield Finding(built.path(alone), message, "Add one to places in the cell's file.")


def unknown_skills(product: Product, skills: Collection[str] | None) -> Iterator[Finding]:
    """Yield skills that there aren't."""
    for index, step in enumerate(product.procedure.steps):
        if skills is None or step.robot is None or step.robot.skill in skills or any(names_in(step.robot.skill)):
            continue
        message = f"There is no skill '{step.robot.skill}'."
        yield Finding(("steps", index, "robot"), message, hint(step.robot.skill, skills))


def unknown_parameters(product: Product, skills: Mapping[str, set[str]] | None) -> Iterator[Finding]:
    """Yield parameters that a skill does not have."""
    for index, step in enumerate(product.procedure.steps):
        if skills is None or step.robot is None or step.robot.skill not in skills:
            continue
        known = skills[step.robot.skill]
        for name in step.robot.parameters:
            if name not in known:
                message = f"Skill '{step.robot.skill}' has no parameter '{name}'."
                path = ("steps", index, "robot", step.robot.skill, name)
                yield Finding(path, message, hint(name, known))


def _tool(built: Built, step: Step) -> Iterator[Finding]:
    cell = built.subject.cell
    if step.tool is None or cell is None:
        return
    if step.tool in cell.devices:
        return
    tool = cell.tools.get(step.tool)
    if tool is None:
        message = f"Cell {cell.name} has no tool '{step.tool}'."
        yield Finding(built.path(step, "tool"), message, hint(step.tool, (*cell.tools, *cell.devices)))
        return
    for actor, work in (("robot", step.robot), ("human", step.human)):
        if work is not None and actor not in tool.for_ and not step.together:
            message = f"Tool '{step.tool}' is not for the {actor}."
            remedy = f"Take the {actor} out of the step, or add {actor} to the tool's for in cell {cell.name}."
            yield Finding(built.path(step, "tool"), message, remedy)


def _carry(built: Built, step: Step) -> Iterator[Finding]:
    if step.carry is None:
        return
    path = built.path(step, "carry")
    taker = built.variant.by_id[step.carry]
    if step.robot is None or taker.robot is None:
        message = f"'{step.group}' carries its part into '{taker.group}', but only the robot carries."
        yield Finding(path, message, "Give both steps to the robot, or drop carry.")
    elif taker.result.part != step.result.part:
        held, asked = step.result.part, taker.result.part
        message = f"'{taker.group}' places '{asked}' while the gripper still holds '{held}'."
        yield Finding(path, message, f"Carry into the step that places {held}.")
    elif all(wait.step != step.id for wait in taker.after):
        message = f"'{taker.group}' does not follow '{step.group}', which carries its part into it."
        yield Finding(path, message, f"Add {step.group} to the after of {taker.group}.")


def _lifting(built: Built, step: Step) -> Iterator[Finding]:
    kind, reference = step.result.kind, step.result.part
    if kind is None or reference is None or built.printed(step):
        return
    spec, cell = built.variant.parts[kind], built.subject.cell
    by_hand = step.human is not None and (step.robot is None or not step.together)
    if step.robot is not None and spec.flexible:
        message = f"'{kind}' is flexible: the robot can't hold it."
        yield Finding(built.path(step, "robot"), message, "Leave the step to a person.")
        return
    lifts = step.robot is not None and built.subject.handles_part(step.robot.skill) and spec.unit == "pcs"
    if lifts and spec.mass_kg is None:
        message = f"'{kind}' has no mass_kg, but the robot lifts it in '{step.group}'."
        yield Finding(("parts", kind), message, "Weigh it: the payload of the robot depends on it.")
    weight = _weight(built, step, reference)
    if cell is None:
        return
    if step.robot is not None and spec.unit == "pcs" and weight > cell.robot.payload_kg:
        most = cell.robot.payload_kg
        message = f"'{reference}' weighs {weight:.3g} kg with what sits on it, the robot may lift {most:g} kg."
        yield Finding(
            built.path(step, "robot"), message, "Leave the step to a person, or place it before it is fitted."
        )
    limits = [place.lift_kg for place in cell.places.values() if place.lift_kg is not None]
    if by_hand and limits and weight > max(limits):
        message = f"'{reference}' weighs {weight:.3g} kg with what sits on it, a person may lift {max(limits):g} kg."
        yield Finding(built.path(step, "human"), message, "Split the load, or give the step to the robot.")


def _weight(built: Built, step: Step, reference: str) -> float:
    """Return the known mass (kg) of a part and of all that sits on it before a step."""
    carried, edge, total = {reference}, [reference], 0.0
    while edge:
        current = edge.pop()
        first = built.placings.get(current, [step])[0]
        mass = built.variant.parts[first.result.kind or ""].mass_kg
        total += (mass or 0.0) * (first.result.qty if current != reference else step.result.qty)
        for other, steps in built.placings.items():
            sits = any(
                s.result.at is not None and s.result.at.owner == current and built.before(s, step) for s in steps
            )
            if sits and other not in carried:
                carried.add(other)
                edge.append(other)
    return total
