"""A product and its options to the `Variant` that an order runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import BadInput
from orchestrator.core.variant import CheckKind, HumanWork, RobotWork, Rung, Step, Target, Variant, View, Wait
from orchestrator.engine import graph
from orchestrator.engine.draft import Draft, kind_of
from orchestrator.engine.findings import Finding, Findings, hint
from orchestrator.engine.placeholders import Unfilled, as_text, fill, names_in
from orchestrator.engine.references import References
from orchestrator.engine.results import Results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.core.cell import CellSpec
    from orchestrator.core.procedure import AuthoredStep
    from orchestrator.core.variant import Result
    from orchestrator.engine.product import Product
    from orchestrator.engine.yaml_source import Path


@dataclass
class Compilation:
    """A variant with what was found on the way; `variant` is None where an error keeps it from being built."""

    options: dict[str, Any]
    variant: Variant | None = None
    edges: graph.Edges = field(default_factory=dict)  # between authored steps that are in
    sequence: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)


def enabled(product: Product, options: Mapping[str, Any]) -> tuple[set[str], list[Finding]]:
    """Return the steps that these options leave in."""
    names, findings = set(), []
    for index, step in enumerate(product.procedure.steps):
        try:
            if step.when is None or product.conditions.parse(step.when).holds(options):
                names.add(step.id)
        except BadInput as error:
            findings.append(Finding(("steps", index, "when"), error.message, error.remedy))
    return names, findings


def forbidden(product: Product, options: Mapping[str, Any]) -> str | None:
    """Return the `never` that forbids a combination; BadInput where one can't be answered."""
    for text in product.procedure.never:
        if product.conditions.parse(text).holds(options):
            return text
    return None


def compile_variant(product: Product, options: dict[str, Any], cell: CellSpec | None = None) -> Compilation:
    """Fill in the options, write out `each`, name the instances and order the steps."""
    return _Compiler(product, options, cell).run()


class _Compiler:
    def __init__(self, product: Product, options: dict[str, Any], cell: CellSpec | None) -> None:
        self._product = product
        self._cell = cell
        self._out = Compilation(options)
        self._references = References()
        self._drafts: dict[str, list[Draft]] = {}
        self._ids = {step.id for step in product.procedure.steps}
        self._seats: set[tuple[str, str]] = set()  # kind and frame at which something is placed
        self._findings = Findings(self._out.findings)
        self._results = Results(product, cell, self._references, self._seats, self._findings)

    def run(self) -> Compilation:
        out, procedure = self._out, self._product.procedure
        names, findings = enabled(self._product, out.options)
        authored, unknown = graph.authored_edges(procedure.steps)
        out.findings += [*findings, *unknown]
        if len(authored) < len(procedure.steps):
            return out  # an id twice: nothing that names it has one meaning
        if found := graph.cycles(authored):
            self._cycles(found)
            return out
        out.edges = graph.without(authored, set(authored) - names)
        out.sequence = graph.sequence(out.edges)
        positions = {step.id: index for index, step in reversed(list(enumerate(procedure.steps)))}
        self._drafts = {name: self._write_out(positions[name]) for name in out.sequence}
        for name in out.sequence:
            for draft in self._drafts[name]:
                self._note(draft)
        built = {draft.id: self._step(draft) for drafts in self._drafts.values() for draft in drafts}
        if any(not finding.warning for finding in out.findings) or not built:
            return out
        out.variant = Variant(
            product=self._product.name,
            procedure_sha256=self._product.source.sha256,
            options=out.options,
            parts=self._parts(built),
            steps=tuple(built[draft.id] for name in out.edges for draft in self._drafts[name]),
        )
        return out

    def _cycles(self, found: list[tuple[str, ...]]) -> None:
        positions = {step.id: index for index, step in enumerate(self._product.procedure.steps)}
        for ring in found:
            first = min(ring, key=positions.__getitem__)
            turn = ring.index(first)
            names = [*ring[turn:], *ring[:turn], first]
            text = f"The steps wait for each other in a circle: {' -> '.join(names)}."
            self._findings.add(("steps", positions[first], "after"), text, "Take one of them out of an after.")

    def _write_out(self, index: int) -> list[Draft]:
        step = self._product.procedure.steps[index]
        out: list[Draft] = []
        for k, authored in enumerate(step.each, start=1):
            path: Path = ("steps", index, "each")
            try:
                record = {key: fill(value, self._out.options) for key, value in authored.items()}
            except Unfilled as error:
                self._findings.unfilled(path, error, self._out.options)
                continue
            name = f"{step.id}@{'.'.join(as_text(v) for v in record.values())}" if step.repeated else step.id
            if any(draft.id == name for draft in out):
                values = ", ".join(f"{key} = {as_text(value)}" for key, value in record.items())
                self._findings.add(path, f"each of '{step.id}' has {values} twice.", "Name each instance once.")
                continue
            given = {**self._out.options, **record}
            draft = Draft(name, index, step, k, record, given)
            draft.part = self._fill_text(draft, "part", step.result.part)
            draft.place = self._fill_text(draft, "at", step.result.at) or ""
            draft.place = draft.place or self._fill_text(draft, "along", step.result.along) or ""
            out.append(draft)
        return out

    def _fill_text(self, draft: Draft, key: str, text: str | None) -> str | None:
        filled = self._findings.fill((*draft.path, "result", key), text, draft.given)
        return None if filled is None else as_text(filled)

    def _note(self, draft: Draft) -> None:
        """Give the placed part its instance, in the order of the steps."""
        kind = draft.kind
        if kind is None or draft.part is None:
            return
        part = self._product.procedure.parts.get(kind)
        if part is None:
            remedy = hint(kind, self._product.parts)
            self._findings.add((*draft.path, "result", "part"), f"There is no part '{kind}'.", remedy)
            draft.part = None
            return
        in_cell = draft.owner is None
        whole_order = draft.step.per != "unit"
        self._references.place(
            draft.id, draft.step.id, draft.part, in_cell=in_cell, bulk=part.bulk, whole_order=whole_order
        )
        if draft.owner is not None:
            self._seats.add((kind_of(draft.owner), draft.frame))

    def _step(self, draft: Draft) -> Step:
        step, given, path = draft.step, draft.given, draft.path
        tool = self._findings.fill((*path, "tool"), step.tool, given)
        result = self._results.of(draft)
        robot = human = None
        if step.robot is not None:
            skill = self._findings.fill((*path, "robot"), step.robot.skill, given)
            parameters = self._findings.fill((*path, "robot"), step.robot.parameters, given) or {}
            robot = RobotWork(skill=as_text(skill), parameters=parameters)
        variables = dict(draft.record)
        if step.human is not None:
            show = self._show(draft)
            human = HumanWork(show=show, needs=step.human.needs, effort=step.human.effort)
            variables |= self._options_in_words(show, variables)
        return Step(
            id=draft.id,
            group=step.id,
            k=draft.k,
            n=len(step.each),
            variables=variables,
            after=self._waits(draft),
            result=result,
            check=self._check(draft, result, tool),
            look=self._look(draft),
            robot=robot,
            human=human,
            together=step.together,
            carry=self._carry(draft),
            tool=None if tool is None else as_text(tool),
            time_s=_times(step),
            undo=step.undo,
            critical=step.critical,
            on_fail=self._ladders(draft),
            per=step.per,
        )

    def _show(self, draft: Draft) -> str | None:
        authored = draft.step.human.show if draft.step.human is not None else None
        if authored is None:
            found = self._product.instruction(draft.step.id)
            return found.name if found is not None else None
        name = as_text(self._findings.fill((*draft.path, "human"), authored, draft.given))
        found = self._product.instruction(name)
        if found is not None:
            return found.name
        broken = next((full for full in (f"{self._product.name}/{name}", name) if full in self._product.unread), None)
        if broken is not None:
            return broken
        remedy = hint(name, self._product.instructions)
        self._findings.add((*draft.path, "human"), f"There is no instruction '{name}'.", remedy)
        return None

    def _options_in_words(self, show: str | None, record: dict[str, Any]) -> dict[str, Any]:
        """Return the options that a step's words name, so that its card can be filled from the step alone."""
        file = self._product.instructions.get(show) if show else None
        if file is None:
            return {}
        texts = [text for block in file.instruction.blocks.values() for text in block.texts().values()]
        options = self._out.options
        return {name: options[name] for name in sorted(set(names_in(texts))) if name in options and name not in record}

    def _waits(self, draft: Draft) -> tuple[Wait, ...]:
        """Return what an instance waits for: the instance before it, or every instance of the steps before."""
        if draft.k > 1:
            before = self._drafts[draft.step.id]
            place = next(i for i, other in enumerate(before) if other.id == draft.id)
            return (Wait(step=before[place - 1].id),) if place else ()
        waits = []
        for name, window in self._out.edges[draft.step.id].items():
            instances = [other.id for other in self._drafts[name]]
            waits += [Wait(step=other) for other in instances[:-1]]
            # instances follow one another, so the window runs from the last
            waits += [Wait(step=other, min_s=window.min_s, max_s=window.max_s) for other in instances[-1:]]
        return tuple(waits)

    def _check(self, draft: Draft, result: Result, tool: Any) -> tuple[CheckKind, ...]:
        authored = draft.step.check or self._product.procedure.defaults.check
        if authored is not None and (draft.step.check is not None or result.part is not None):
            return authored
        if draft.kind is None or result.part is None:
            gives = self._cell.gives(as_text(tool)) if self._cell is not None and tool is not None else None
            given = gives is not None and set(result.values) <= gives
            return () if given else ("person",)
        part = self._product.procedure.parts[draft.kind]
        soft = part.flexible or part.bulk or result.qty != 1  # a heap has no pose
        blind = self._cell is not None and not self._cell.fixed_cameras and draft.step.look is None
        return ("person",) if soft or blind or result.at is None else ("camera",)

    def _look(self, draft: Draft) -> View | None:
        authored = draft.step.look
        if authored is None:
            return None
        path: Path = (*draft.path, "look")
        camera = as_text(self._findings.fill(path, authored.camera, draft.given))
        place = self._findings.fill(path, authored.from_, draft.given)
        if place is None:
            return View(camera=camera)
        owner, _, frame = as_text(place).rpartition("/")
        if not owner:  # of the cell, or a pose that will have been taught
            return View(camera=camera, stand=Target(frame=frame))
        return View(camera=camera, stand=self._results.target(path, owner, frame))

    def _same_instance(self, draft: Draft, group: str) -> str | None:
        """Return the instance of another step with the same variables, else its first; None where it is left out."""
        drafts = self._drafts.get(group)
        if not drafts:
            return None
        return next((other.id for other in drafts if other.record == draft.record), drafts[0].id)

    def _carry(self, draft: Draft) -> str | None:
        name = draft.step.carry
        if name is None:
            return None
        if name not in self._ids:
            self._findings.add(
                (*draft.path, "carry"), f"carry names no step '{name}'.", "Name the step that places the part."
            )
            return None
        return self._same_instance(draft, name)

    def _ladders(self, draft: Draft) -> dict[str, tuple[Rung, ...]]:
        authored = draft.step.on_fail
        source = self._product.procedure.defaults.on_fail if authored is None else authored
        path: Path = ("defaults", "on_fail") if authored is None else (*draft.path, "on_fail")
        ladders: dict[str, tuple[Rung, ...]] = {}
        for outcome, ladder in source.items():
            rungs = []
            for rung in ladder:
                if rung.step is None:
                    rungs.append(rung)
                elif rung.step not in self._ids:
                    text = f"rework: there is no step '{rung.step}'."
                    self._findings.add(path, text, hint(rung.step, self._ids))
                elif (instance := self._same_instance(draft, rung.step)) is not None:
                    rungs.append(Rung(do="rework", step=instance))
            ladders[outcome] = tuple(rungs) or (Rung(do="ask"),)
        return ladders

    def _parts(self, steps: Mapping[str, Step]) -> dict[str, Any]:
        used = {step.result.kind for step in steps.values() if step.result.kind is not None}
        return {name: spec for name, spec in self._product.parts.items() if name in used}


def _times(step: AuthoredStep) -> dict[Any, float]:
    if step.time_s is None:
        return {}
    times = {"robot": step.time_s.robot or step.time_s.both, "human": step.time_s.human or step.time_s.both}
    works = {"robot": step.robot, "human": step.human}
    return {actor: seconds for actor, seconds in times.items() if seconds is not None and works[actor] is not None}
