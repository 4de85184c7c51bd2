"""YAML 1.2 text to plain data, with the line of every key and item.

libyaml composes the nodes: ruamel.yaml's loader in Python took 1 s for 500 steps, libyaml 0.06 s. libyaml resolves
scalars as YAML 1.1 does, so the core schema of YAML 1.2 is applied here instead: `no` is a word, `010` is ten.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from orchestrator.core.errors import Problem

Path = tuple[str | int, ...]

_LOADER: type[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_KNOWN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
MAX_NODES = 200_000  # aliases multiply: a small file must not fill the memory
MAX_DEPTH = 40


@dataclass(frozen=True)
class Source:
    """One parsed file. `data` is None where the text can't be read; `problems` says why."""

    file: str
    data: Any
    sha256: str = ""
    lines: dict[Path, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path) -> int:
        """Return the line (from 1) of the deepest authored ancestor of `path`; 1 where nothing of it is authored."""
        for end in range(len(path), 0, -1):
            found = self.lines.get(path[:end])
            if found is not None:
                return found
        return 1

    def problem(self, path: Path, message: str, remedy: str = "", *, warning: bool = False) -> Problem:
        """Make a problem that points at `path`."""
        return Problem(self.file, self.line(path), message, remedy, "warning" if warning else "error")


def read_source(path: FilePath) -> Source:
    """Read a file; every mistake in its YAML becomes a problem of the source, none is raised.

    The file is named as seen from the working directory, so that an editor finds it.
    """
    here = FilePath.cwd()
    absolute = path.absolute()
    shown = absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else path.as_posix()
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except FileNotFoundError:
        problem = Problem(shown, 0, "The file is not there.", "Write it, or mend its name.")
        return Source(shown, None, problems=(problem,))
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(shown, 0, f"The file can't be read: {error}.", "Save it as UTF-8 text.")
        return Source(shown, None, problems=(problem,))
    return parse_source(text, shown, hashlib.sha256(raw).hexdigest())


def parse_source(text: str, shown: str, sha256: str = "") -> Source:
    """Parse one YAML document.

    >>> parse_source("{a: no, b: [1, 2.5]}", "x.yaml").data
    {'a': 'no', 'b': [1, 2.5]}
    """
    try:
        _refuse_depth(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        what = ": ".join(str(part) for part in (error.context, error.problem) if part)
        return Source(shown, None, sha256, problems=(Problem(shown, line, f"Not YAML: {what}.", _hint(text, line)),))
    except yaml.YAMLError as error:
        return Source(shown, None, sha256, problems=(Problem(shown, 0, f"Not YAML: {error}."),))
    reader = _Reader(shown)
    data = reader.value(node, ()) if node is not None else None
    return Source(shown, data, sha256, reader.lines, tuple(reader.problems))


def _refuse_depth(text: str) -> None:
    """Raise YAMLError where brackets nest too deep: libyaml composes them by recursion, on a stack that ends."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise yaml.YAMLError(f"it nests deeper than {MAX_DEPTH} levels")


def _hint(text: str, line: int) -> str:
    rows = text.splitlines()
    row = rows[line - 1] if 0 < line <= len(rows) else ""
    if "\t" in row:
        return "Indent with spaces: YAML allows no tabs."
    return "Look for a missing bracket, brace, quote or the blank after a colon."


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEX.fullmatch(text):
        return int(text[2:], 16)
    return text


class _Reader:
    """Turns composed nodes into data, noting lines and mistakes on the way."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._nodes = 0
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []

    def value(self, node: Any, path: Path) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            if self._nodes <= MAX_NODES + 1:
                self._nodes = MAX_NODES + 1
                self._report(node, "The file unfolds to too much: an alias repeats itself.", "Write the content out.")
            return None
        if node.tag not in _KNOWN_TAGS:
            self._report(node, f"Tag {node.tag} is not used here.", "Leave the tag out.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return self._sequence(node, path)
        text: str = node.value
        return _scalar(text) if node.style in (None, "") else text

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._report(key_node, "A key must be a word.", "Quote it, or mend the braces.")
                continue
            key: str = key_node.value
            here = (*path, key)
            if key in out:
                remedy = f"Keep one of them; the first is in line {self.lines[here]}."
                self._report(key_node, f"Key '{key}' is there twice.", remedy)
                continue
            self.lines[here] = key_node.start_mark.line + 1
            out[key] = self.value(value_node, here)
        return out

    def _sequence(self, node: Any, path: Path) -> list[Any]:
        out = []
        for index, item in enumerate(node.value):
            here = (*path, index)
            self.lines[here] = item.start_mark.line + 1
            out.append(self.value(item, here))
        self._decimal_comma(node, out)
        return out

    def _decimal_comma(self, node: Any, values: list[Any]) -> None:
        """Report `[12,5, 24]`: of two spacings in one list of numbers the tight one is a decimal comma."""
        if not node.flow_style or len(values) < 2 or not all(type(v) in (int, float) for v in values):
            return
        tight = [b.start_mark.index - a.end_mark.index == 1 for a, b in zip(node.value, node.value[1:], strict=False)]
        if any(tight) and not all(tight):
            at = tight.index(True)
            pair = f"{node.value[at].value},{node.value[at + 1].value}"
            self._report(
                node.value[at],
                f"'{pair}' in a list is two numbers.",
                f"Write {pair.replace(',', '.')} for a decimal, or a blank after the comma for two numbers.",
            )

    def _report(self, node: Any, message: str, remedy: str) -> None:
        self.problems.append(Problem(self._shown, node.start_mark.line + 1, message, remedy))
