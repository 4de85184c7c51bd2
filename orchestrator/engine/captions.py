"""The words of steps, in every language that screens offer, each found once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from orchestrator.engine.languages import OWN, spoken
from orchestrator.wire import StepWords

if TYPE_CHECKING:
    from orchestrator.core.state import State
    from orchestrator.core.variant import Step
    from orchestrator.engine.library import Library, Reader

_KEPT = 5000  # steps of units whose words are kept


class Captions:
    """Words come from the library; `$serial` and the like are the unit's, so each unit has its own."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._words: dict[tuple[str, str, str], dict[str, StepWords]] = {}
        self._hazards: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._readers: dict[tuple[str, str], Reader] = {}  # by product and unit: its words are of one reading

    def texts(self, product: str, step: Step, unit: str) -> dict[str, StepWords]:
        """Return a step's words for a unit, by language."""
        key = (product, step.id, unit)
        if key not in self._words:
            if len(self._words) > _KEPT:
                self._words.clear()
                self._hazards.clear()
                self._readers.clear()
            if (product, unit) not in self._readers:
                self._readers[product, unit] = self.library.reader(product)
            read = self._readers[product, unit]
            found = {language: read(step, language, unit) for language in spoken()}
            self._words[key] = {
                language: StepWords(
                    title=words.title,
                    do=words.do,
                    more=words.more,
                    ask=words.ask,
                    hazards={hazard.id: hazard.text for hazard in words.hazards},
                    media={media.path: media.alt for media in words.media},
                    captions={media.path: media.captions for media in words.media if media.captions},
                )
                for language, words in found.items()
                if language in OWN or words != found["en"]  # else its readers get English by themselves
            }
            self._hazards[key] = {hazard.id: hazard.level for words in found.values() for hazard in words.hazards}
        return self._words[key]

    def hazards(self, product: str, step: Step, unit: str) -> dict[str, Any]:
        """Return a step's hazards with their levels."""
        self.texts(product, step, unit)
        return self._hazards[product, step.id, unit]

    def title(self, state: State, unit: str, step: str) -> dict[str, str]:
        """Return what a step of a unit in work is called, by language."""
        variant = state.variant_of(unit)
        texts = self.texts(variant.product, variant.by_id[step], unit)
        return {language: words.title for language, words in texts.items()}

    def names(self, state: State, unit: str, step: str) -> dict[str, str]:
        """Return what a step's part is called, by language."""
        variant = state.variant_of(unit)
        result = variant.by_id[step].result
        spec = variant.parts.get(result.kind or "")
        return dict(spec.name) if spec else {}
