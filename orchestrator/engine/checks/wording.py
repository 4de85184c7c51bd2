"""Words: languages and placeholders missing, hazards and questions without words, numbers typed into texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestrator.engine.placeholders import names_in
from orchestrator.engine.values import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.errors import Problem
    from orchestrator.core.procedure import AuthoredStep
    from orchestrator.engine.checks.subject import Subject
    from orchestrator.engine.product import InstructionFile

BOM = b"\xef\xbb\xbf"
ALWAYS = frozenset({"serial", "part", "k", "n"})


def problems(subject: Subject) -> Iterator[Problem]:
    """Yield what is wrong with a product's words, in the file where it stands."""
    product = subject.product
    used: dict[str, list[AuthoredStep]] = {}
    for step in product.procedure.steps:
        if step.human is not None:
            file = product.instruction(step.human.show or step.id)
            if file is not None:
                used.setdefault(file.name, []).append(step)
    shown = [product.instructions[name] for name in used]
    own_files = [file for file in shown if file.folder == product.name]  # shared ones may speak more languages
    spoken = {language for file in own_files for language in file.instruction.blocks} | set(product.procedure.languages)
    for file in shown:
        yield from _languages(file, spoken)
        yield from _hazards_and_media(subject, file)
        yield from _films(subject, file, spoken)
        yield from _texts(subject, file, used[file.name])
    for key, part in product.procedure.parts.items():
        missing = sorted(spoken - set(part.name))
        if part.name and missing:
            message = f"Part '{key}' has no name in {', '.join(missing)}."
            yield product.source.problem(("parts", key), message, "Add it to name.", warning=True)
    named = {step.undo for step in product.procedure.steps if isinstance(step.undo, str)}
    for name, file in product.instructions.items():
        own = name.startswith(f"{product.name}/")
        if (
            own
            and name not in used
            and not {name, name.rpartition("/")[2]} & named
            and not _variable(product.procedure.steps)
        ):
            yield file.source.problem(
                (), "No step shows this instruction.", "Name it in a step's human, or delete it.", warning=True
            )


def _variable(steps: tuple[AuthoredStep, ...]) -> bool:
    """Whether some step's instruction depends on options, so that its file can't be told from here."""
    return any(step.human is not None and any(names_in(step.human.show)) for step in steps)


def _languages(file: InstructionFile, spoken: set[str]) -> Iterator[Problem]:
    for language in sorted(spoken - set(file.instruction.blocks)):
        yield file.source.problem((), f"There are no words in {language}.", f"Add a block {language}:.", warning=True)
    blocks = file.instruction.blocks
    asked = {name for block in blocks.values() for name in block.ask}
    for language, block in blocks.items():
        for name in sorted(asked - set(block.ask)):
            text = f"The question for {name} has no words in {language}."
            yield file.source.problem((language, "ask"), text, "Add it to ask.")
        if not block.title:
            yield file.source.problem(
                (language,), f"{language} has no title.", "Add it: experts see it alone.", warning=True
            )


def _hazards_and_media(subject: Subject, file: InstructionFile) -> Iterator[Problem]:
    instruction = file.instruction
    for name in instruction.media:
        if not (subject.root / file.folder / name).is_file():
            text = f"There is no picture '{name}' in {file.folder}/."
            yield file.source.problem(("media",), text, "Put it there, or mend its name.", warning=True)
    for language, block in instruction.blocks.items():
        for name in instruction.hazards:
            if name not in block.hazards:
                text = f"Hazard '{name}' has no words in {language}."
                yield file.source.problem((language, "hazards"), text, "Say what to do about it.")
        for name in block.hazards:
            if name not in instruction.hazards:
                text = f"Hazard '{name}' has no level."
                yield file.source.problem((language, "hazards", name), text, "Add it to hazards at the top.")
        for name in instruction.media:
            if name not in block.media:
                text = f"Picture '{name}' has no text in {language} for those who can't see it."
                yield file.source.problem((language, "media"), text, "Add it to media.", warning=True)


def _films(subject: Subject, file: InstructionFile, spoken: set[str]) -> Iterator[Problem]:
    """Yield what keeps somebody who can't hear a film, or not in that noise, from following it."""
    for name, captions in file.captions.items():
        for language in sorted(spoken - set(captions)):
            text = f"Film '{name}' has no captions in {language}."
            remedy = f"Put {name.rpartition('.')[0]}.{language}.vtt (WebVTT) beside it."
            yield file.source.problem(("media",), text, remedy, warning=True)
        for captions_name in captions.values():
            if not (subject.root / file.folder / captions_name).read_bytes().removeprefix(BOM).startswith(b"WEBVTT"):
                text = f"'{captions_name}' is no WebVTT: no screen shows it."
                yield file.source.problem(("media",), text, "Its first line must be WEBVTT.")


def _texts(subject: Subject, file: InstructionFile, steps: list[AuthoredStep]) -> Iterator[Problem]:
    options = set(subject.product.procedure.options)
    values = {name for step in steps for name in step.result.values}
    given = [options | ALWAYS | set(step.each[0]) | set(step.result.values) for step in steps]
    filled: dict[str, set[str]] = {}
    for language, block in file.instruction.blocks.items():
        filled[language] = set()
        for place, text in block.texts().items():
            for name in names_in(text):
                filled[language].add(name)
                lacking = next((step for step, known in zip(steps, given, strict=True) if name not in known), None)
                if lacking is not None:
                    known = ", ".join(f"${n}" for n in sorted(given[steps.index(lacking)]))
                    message = f"Nothing gives ${name} in step '{lacking.id}'."
                    yield file.source.problem((language, *place), message, f"Known: {known}.")
            yield from _typed_numbers(file, (language, *place), text, values)
        for name in block.ask:
            if name not in values:
                message = f"ask names no value '{name}'."
                remedy = f"Known: {', '.join(sorted(values)) or 'none'}."
                yield file.source.problem((language, "ask", name), message, remedy)
    yield from _same_values(file, filled, values)


def _same_values(file: InstructionFile, filled: dict[str, set[str]], values: set[str]) -> Iterator[Problem]:
    everywhere = set().union(*filled.values()) & values if filled else set()
    for language, names in filled.items():
        for name in sorted(everywhere - names):
            text = f"The words in {language} don't say ${name}, which others do."
            yield file.source.problem((language,), text, f"Add ${name}.", warning=True)


def _typed_numbers(file: InstructionFile, place: tuple[str, ...], text: str, values: set[str]) -> Iterator[Problem]:
    for name in sorted(values):
        unit = unit_of(name)
        match = re.search(rf"(?<![\w$])\d+(?:[.,]\d+)?\s?{re.escape(unit)}(?!\w)", text) if unit else None
        if match is not None:
            message = f"'{match[0]}' is typed into the words."
            yield file.source.problem(place, message, f"Write ${name}: it follows the procedure.", warning=True)
