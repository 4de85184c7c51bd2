"""Golden samples on disk: a file for each, never overwritten, and a pointer to the one that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from orchestrator.adapters.whole_file import write_whole
from orchestrator.core.errors import SetupError
from orchestrator.core.golden import Golden

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.golden import Lesson
    from orchestrator.core.ports import Taught

CURRENT = "current"


class GoldenStore:
    """Below `root`: `<product>/<step>/<kind>/<camera>/<id>.json` each golden sample, `current` beside it the id.

    Another process may teach meanwhile: files are looked at again whenever one is asked for.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def keep(self, golden: Golden) -> str:
        """Write a golden sample, which counts from now on; returns its id."""
        folder = self._root.joinpath(*golden.of.key)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{golden.id}.json", golden.model_dump_json(indent=1))
        write_whole(folder / CURRENT, golden.id)
        return golden.id

    def current(self, key: tuple[str, str, str, str]) -> Golden | None:
        """Return the golden sample that counts, None where there is none. Raises SetupError for a damaged file."""
        folder = self._root.joinpath(*key)
        pointer = folder / CURRENT
        if not pointer.is_file():
            return None
        path = folder / f"{pointer.read_text(encoding='ascii').strip()}.json"
        remedy = "Teach again, or `tandem vision forget` it."
        try:
            found = Golden.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError) as error:
            raise SetupError(f"{path} is no golden sample.", remedy=remedy) from error
        if found.id != path.stem:
            raise SetupError(f"{path} was changed after it was made.", remedy=remedy)
        return found

    def all(self) -> list[Golden]:
        """Return every golden sample that counts. Raises SetupError for a damaged file."""
        keys = (path.parent.relative_to(self._root).parts for path in sorted(self._root.glob(f"*/*/*/*/{CURRENT}")))
        return [found for a, b, c, d in keys if (found := self.current((a, b, c, d))) is not None]

    def forget(self, key: tuple[str, str, str, str]) -> bool:
        """Let a golden sample count no more; its file stays, as evidence names it. Returns whether there was one."""
        pointer = self._root.joinpath(*key) / CURRENT
        if not pointer.is_file():
            return False
        pointer.unlink()
        return True

    def taught(self, lesson: Lesson) -> tuple[Taught | None, str]:
        """Return what counts for a check now, or None and the reason why what was taught does not, "" for nothing."""
        try:
            found = self.current(lesson.key)
        except SetupError as error:
            return None, f"Not used: {error.message}"
        if found is None:
            return None, ""
        if what := found.of.changed(lesson):
            return None, f"What good units taught {lesson.camera} is not used: {what} has changed since. Teach again."
        return found.taught, ""
