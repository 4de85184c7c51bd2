"""XML as a small tree that knows its lines. What comes in is a stranger's: no document type, no entities, no excess."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn
from xml.parsers import expat

from orchestrator.core.errors import AuthoringError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 2_000_000
MAX_ELEMENTS = 20_000
MAX_DEPTH = 30


@dataclass(frozen=True, eq=False)
class Element:
    """An element with its attributes, its children and the line (from 1) that it begins in."""

    file: str
    tag: str
    line: int
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[Element]:
        """Yield the children with a tag."""
        return (child for child in self.children if child.tag == tag)

    def first(self, tag: str) -> Element | None:
        """Return the first child with a tag."""
        return next(self.all(tag), None)

    def wrong(self, message: str, remedy: str) -> AuthoringError:
        """Build the error that points at this element."""
        return AuthoringError([Problem(self.file, self.line, f"<{self.tag}>: {message}", remedy)])


def read_xml(path: Path, shown: str) -> Element:
    """Read a file's root element; `shown` names it in errors.

    Raises AuthoringError where it can't be read, is too big, nests too deep, or declares a document type or entities.
    """

    def refuse(message: str, remedy: str, line: int = 0) -> NoReturn:
        raise AuthoringError([Problem(shown, line, message, remedy)])

    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        refuse("The file is not there.", "Write it, or mend its name; it is counted from the cell file.")
    except OSError as error:
        refuse(f"The file can't be read: {error.strerror}.", "Give a file that can be read.")
    if len(raw) > MAX_BYTES:
        refuse(f"The file is larger than {MAX_BYTES // 1_000_000} MB.", "Keep meshes in files of their own.")
    reader = _Reader(shown)
    try:
        return reader.read(raw)
    except expat.ExpatError as error:
        refuse(f"Not XML: {expat.ErrorString(error.code)}.", "Look for a missing bracket or quote.", error.lineno)
    except (ValueError, LookupError) as error:
        refuse(f"Not XML: {error}.", "Save it as UTF-8 text.")


class _Reader:
    """Builds the tree from the parser's calls."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._open: list[Element] = []
        self._root: Element | None = None
        self._count = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = lambda _tag: self._open.pop()
        self._parser.StartDoctypeDeclHandler = lambda *_: self._refuse(
            "A document type may not be declared.", "Leave <!DOCTYPE> and entities out."
        )

    def read(self, raw: bytes) -> Element:
        self._parser.Parse(raw, True)
        assert self._root is not None  # expat has refused a document without an element
        return self._root

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            self._refuse("There are too many elements, or they nest too deep.", "Describe the arm alone.")
        element = Element(self._shown, tag, self._parser.CurrentLineNumber, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element
        self._open.append(element)

    def _refuse(self, message: str, remedy: str) -> NoReturn:
        raise AuthoringError([Problem(self._shown, self._parser.CurrentLineNumber, message, remedy)])
