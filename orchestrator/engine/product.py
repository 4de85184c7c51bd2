"""One product's folder, read once: procedure, parts with their meshes, instructions."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import BadInput, Problem
from orchestrator.core.instruction import LANGUAGE, Instruction
from orchestrator.core.procedure import Procedure
from orchestrator.core.variant import PartSpec
from orchestrator.engine.conditions import Conditions
from orchestrator.engine.findings import Finding
from orchestrator.engine.reading import read_model
from orchestrator.engine.yaml_source import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from orchestrator.core.parts import AuthoredPart
    from orchestrator.engine.mesh import MeshFacts, MeshShelf
    from orchestrator.engine.yaml_source import Source

FILMS = (".mp4", ".webm")
COMMON = "common"  # instructions that products share


@dataclass(frozen=True)
class InstructionFile:
    """One instruction with the file that it stands in. `folder` is below instructions/, for its media.

    `captions` are the files of each film's captions by language, named after it: `press.de.vtt` for `press.mp4`.
    """

    name: str
    source: Source
    folder: str
    instruction: Instruction
    captions: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Product:
    """All that is authored for one product."""

    name: str
    source: Source
    procedure: Procedure
    parts: dict[str, PartSpec]
    meshes: dict[str, MeshFacts]
    instructions: dict[str, InstructionFile]
    unread: dict[str, tuple[Problem, ...]]  # instructions with mistakes that keep them from being read
    problems: tuple[Problem, ...]  # found while reading
    conditions: Conditions = field(default_factory=Conditions, compare=False)

    def combinations(self) -> Iterator[dict[str, Any]]:
        """Yield every combination of options, sold or not, the last option fastest."""
        names = list(self.procedure.options)
        for row in itertools.product(*self.procedure.options.values()):
            yield dict(zip(names, row, strict=True))

    def instruction(self, name: str) -> InstructionFile | None:
        """Return an instruction by the name that a step uses, the product's own before shared ones."""
        return self.instructions.get(f"{self.name}/{name}") or self.instructions.get(name)


def read_product(root: FilePath, name: str, shelf: MeshShelf) -> tuple[Product | None, tuple[Problem, ...]]:
    """Read `root/name`. Return the product, or None with what is wrong in its procedure file."""
    source = read_source(root / name / "procedure.yaml")
    procedure, problems = read_model(source, Procedure)
    instructions, unread, words = _read_instructions(root, name)
    if procedure is None:
        return None, (*problems, *words)
    parts, meshes, findings = _read_parts(root, name, procedure, shelf)
    problems += [source.problem(f.path, f.message, f.remedy, warning=f.warning) for f in findings]
    return Product(name, source, procedure, parts, meshes, instructions, unread, (*problems, *words)), ()


def _read_instructions(
    root: FilePath, product: str
) -> tuple[dict[str, InstructionFile], dict[str, tuple[Problem, ...]], list[Problem]]:
    found: dict[str, InstructionFile] = {}
    unread: dict[str, tuple[Problem, ...]] = {}
    problems: list[Problem] = []
    for folder in (product, COMMON):
        for path in sorted((root / folder).glob("*.yaml")):
            if folder == product and path.name == "procedure.yaml":
                continue
            source = read_source(path)
            instruction, mistakes = read_model(source, Instruction)
            problems += mistakes
            name = f"{folder}/{path.stem}"
            if instruction is None:
                unread[name] = tuple(mistakes)
            else:
                found[name] = InstructionFile(name, source, folder, instruction, _captions(root / folder, instruction))
    return found, unread, problems


def is_film(name: str) -> bool:
    """Whether a file of an instruction's media is a film."""
    return name.lower().endswith(FILMS)


def _captions(folder: FilePath, instruction: Instruction) -> dict[str, dict[str, str]]:
    """Return the captions that lie beside each film, by film and language."""
    found: dict[str, dict[str, str]] = {}
    for film in filter(is_film, instruction.media):
        stem = film.rpartition(".")[0]
        beside = {path.name: path for path in (folder / film).parent.glob("*.vtt")}
        languages = {name: name.removeprefix(f"{stem.rpartition('/')[2]}.").removesuffix(".vtt") for name in beside}
        found[film] = {
            language: f"{stem}.{language}.vtt"
            for _, language in sorted(languages.items())
            if LANGUAGE.fullmatch(language)
        }
    return found


def _read_parts(
    root: FilePath, product: str, procedure: Procedure, shelf: MeshShelf
) -> tuple[dict[str, PartSpec], dict[str, MeshFacts], list[Finding]]:
    parts: dict[str, PartSpec] = {}
    meshes: dict[str, MeshFacts] = {}
    findings: list[Finding] = []
    for key, part in procedure.parts.items():
        relative, facts = "", None
        path = mesh_file(root, product, part.mesh or key)
        if path is not None and path.is_file():
            relative = path.relative_to(root.resolve()).as_posix()
            try:
                facts = shelf.read(path)
                meshes[key] = facts
            except (BadInput, OSError) as error:
                remedy = getattr(error, "remedy", "")
                findings.append(Finding(("parts", key, "mesh"), getattr(error, "message", str(error)), remedy))
        elif path is None:
            message = f"Mesh '{part.mesh}' lies outside the instructions folder."
            findings.append(Finding(("parts", key, "mesh"), message, "Put it beside the procedure."))
        elif not part.bulk:
            message = f"Part '{key}' has no mesh {path.relative_to(root.resolve()).as_posix()}."
            remedy = "Export it there (metres, z up); until then nobody sees it and no camera checks it."
            findings.append(Finding(("parts", key, "mesh"), message, remedy, warning=True))
        parts[key] = _spec(key, part, relative, facts)
    return parts, meshes, findings


def mesh_file(root: FilePath, product: str, name: str) -> FilePath | None:
    """Return where a part's GLB must lie, or None where its name leads out of the instructions folder.

    A bare name lies beside the procedure; one with a folder (`common/screw`) is counted from instructions/.
    """
    file = name if name.endswith(".glb") else f"{name}.glb"
    path = (root / file if "/" in file else root / product / file).resolve()
    return path if path.is_relative_to(root.resolve()) else None


def _spec(key: str, part: AuthoredPart, mesh: str, facts: MeshFacts | None) -> PartSpec:
    grasps = {name: grasp.grasp for name, grasp in part.grasps.items()}
    if not grasps and facts is not None and not part.flexible and not part.bulk:
        grasps = facts.grasps()
    symmetry = part.symmetry_z
    if symmetry is None and facts is not None:
        symmetry = facts.symmetry_z
    return PartSpec(
        name=part.name or {"en": key.replace("_", " ").capitalize()},
        mesh=mesh if facts is not None else "",
        mesh_sha256=facts.sha256 if facts is not None else "",
        low_m=facts.low_m if facts is not None else (0.0, 0.0, 0.0),
        high_m=facts.high_m if facts is not None else (0.0, 0.0, 0.0),
        mass_kg=part.mass_kg,
        symmetry_z=symmetry,
        unit=part.unit,
        track=part.track,
        once=part.once,
        flexible=part.flexible,
        frames={**(facts.frames if facts is not None else {}), **part.poses()},
        grasps=grasps,
        mates={name: mate.mate for name, mate in part.mates.items()},
    )
