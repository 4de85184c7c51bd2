"""The server's own sentences in every language: English is the key, German stands beside it, others come from a file.

A sentence is a template: `{part}` and the like, or `{}` in turn, stand for what is filled in. The file of a further
language (`web/src/words/languages/`) says each template anew, under its English; where it leaves one out, its readers
get English. What people author (instructions, names) is not here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import SetupError
from orchestrator.core.instruction import pick

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Called = Mapping[str, Mapping[str, str]]  # a name of the cell's files -> language -> what people read for it

FILE = "languages.json"  # in the folder of the built pages: language -> English template -> its own
OWN = ("en", "de")
LONGEST = 400  # letters of a sentence that is recognised: what people typed may be longer, and takes long to compare
_DECIMAL_POINT = ("en", "he", "ja", "ko", "th", "zh")  # the rest of the world's screens write a comma
_REMEDY = "Build the pages again (make web); `npm run build` names what is wrong in a language's file."

NOTHING: Called = {}

_german: dict[str, str] = {}  # English template -> German
_told: dict[str, re.Pattern[str]] = {}  # templates by which finished sentences are recognised, special ones first
_terms: dict[str, frozenset[str]] = {}  # of such a template: words that its first gap may hold and that are said, too
_quoting: set[str] = set()  # of such templates: what a person's own words fill in
_further: dict[str, Mapping[str, str]] = {}  # language -> English template -> its own


@dataclass(frozen=True)
class Phrase:
    """One template. Make it once, at import: that lists it for whoever writes another language."""

    english: str

    @property
    def texts(self) -> dict[str, str]:
        """It in every language that has it."""
        return {language: text for language in spoken() if (text := _said(language, self.english)) is not None}

    def within(self, language: str) -> str:
        """It in one language, English where that has none."""
        return _said(language, self.english) or self.english

    def filled(self, **given: str | Mapping[str, str]) -> dict[str, str]:
        """Return it filled in, in every language that has it; what is given may differ by language itself."""
        return {
            language: text.format(**{key: _best(value, language) for key, value in given.items()})
            for language, text in self.texts.items()
        }


def phrase(english: str, german: str) -> Phrase:
    """Return a template that code names, with its German."""
    _german.setdefault(english, german)
    return Phrase(english)


_QUOTED = phrase("“{name}”", "„{name}“")


def recognise(german: Mapping[str, str], terms: Mapping[str, str] | None = None, *, alone: bool = False) -> None:
    """Take in templates of sentences that rules and adapters say in English, `{}` for what they fill in.

    Where a gap holds one of the `terms`, or a list of them, that is said in the reader's language as well; the first
    gap looks for them, and with `alone` holds nothing else.
    """
    _german.update(terms or {})
    others = () if alone else (".+?" if terms else ".+",)
    first = "|".join([*(terms or ()), *others])
    for english, own in german.items():
        _terms[english] = frozenset(terms or ())
        _german.setdefault(english, own)
        _told.setdefault(
            english, re.compile(re.escape(english).replace(r"\{\}", f"({first})", 1).replace(r"\{\}", "(.+)"))
        )
    _recognised.cache_clear()


def quote(german: Mapping[str, str]) -> None:
    """Take in templates that end with what somebody has typed: it stays as they wrote it."""
    recognise(german)
    _quoting.update(german)


def spoken() -> tuple[str, ...]:
    """Return the languages in which the server speaks: English and German first."""
    return (*OWN, *_further)


def templates() -> tuple[str, ...]:
    """Return every template, sorted: what a whole file of a language has."""
    return tuple(sorted(_german))


def sentence(english: str, called: Called = NOTHING) -> dict[str, str]:
    """Return a finished English sentence in every language that knows it; in English alone where none does.

    `called` gives what people read for names that fill it in, by language: it stands instead, in quotation marks.
    """
    found = _recognised(english)
    if found is None:
        return {"en": english}
    key, given = found
    said = {
        "en": english if called.keys().isdisjoint(_pieces(given)) else key.format(*_named("en", key, given, called))
    }
    for language in spoken()[1:]:
        if (text := _said(language, key)) is not None:
            said[language] = text.format(*_named(language, key, given, called))
    return said


def joined(*texts: Mapping[str, str]) -> dict[str, str]:
    """Return several texts after one another, in each language of any of them; a blank between."""
    languages = dict.fromkeys(language for text in texts for language in text)
    return {language: " ".join(filter(None, (_best(text, language) for text in texts))) for language in languages}


def with_point(figure: str, language: str) -> str:
    """Return a figure that was written with a decimal point as the reader's language writes it."""
    return figure if language.partition("-")[0] in _DECIMAL_POINT else figure.replace(".", ",")


def learn(language: str, own: Mapping[str, str]) -> None:
    """Take in a further language. Raises SetupError where a template fills in what its English does not.

    Templates that this server does not say are let be: a file may be older or newer than it.
    """
    if language in OWN:
        raise SetupError(f"'{language}' is the server's own.", remedy=_REMEDY)
    for english, text in own.items():
        if english in _german and not (_fields(text) <= _fields(english) and _can_be_filled(text, _fields(english))):
            raise SetupError(f"'{language}' says '{text}' for '{english}', which has other gaps.", remedy=_REMEDY)
    _further[language] = dict(own)


def forget(language: str) -> None:
    """Speak a further language no more."""
    _further.pop(language, None)


def read(pages: Path | None) -> tuple[str, ...]:
    """Learn the languages beside the built pages, where there are any; returns what is wrong with those left out.

    A cell comes back whatever a translator or a half-written file does: it then speaks English and German.
    """
    if pages is None or not (pages / FILE).is_file():
        return ()
    try:
        found: Any = json.loads((pages / FILE).read_text(encoding="utf-8"))
        languages = dict(found.items())
    except (ValueError, AttributeError, OSError) as error:
        return (f"'{pages / FILE}' can't be read: {error}. {_REMEDY}",)
    faults = []
    for language, own in languages.items():
        try:
            learn(str(language), {str(english): str(text) for english, text in own.items()})
        except (SetupError, AttributeError) as error:
            faults.append(f"'{pages / FILE}': '{language}' is left out. {error} {_REMEDY}")
    return tuple(faults)


def _said(language: str, english: str) -> str | None:
    if language == "en":
        return english
    own = _german if language == "de" else _further.get(language, {})
    return own.get(english) or None


def _pieces(given: tuple[str, ...]) -> list[str]:
    return [piece for one in given for piece in one.split(" and ")]


def _named(language: str, template: str, given: tuple[str, ...], called: Called) -> tuple[str, ...]:
    """Return what fills a template in as the reader has it: known words, names, what a colon leads to."""
    given = tuple(" and ".join(_name(language, piece, called) for piece in one.split(" and ")) for one in given)
    if template.endswith(": {}") and template not in _quoting:
        return (*given[:-1], sentence(given[-1]).get(language, given[-1]))
    terms = _terms.get(template, frozenset())
    return tuple(
        ", ".join((word in terms and _said(language, word)) or word for word in one.split(", ")) for one in given
    )


def _name(language: str, name: str, called: Called) -> str:
    text = _best(called[name], language) if name in called else ""
    return _QUOTED.within(language).format(name=text) if text else name


def _best(value: str | Mapping[str, str], language: str) -> str:
    if isinstance(value, str):
        return value
    found = pick(dict(value), language)
    return value[found] if found is not None else ""


@lru_cache(maxsize=4096)
def _recognised(english: str) -> tuple[str, tuple[str, ...]] | None:
    if len(english) > LONGEST:
        return None
    if english in _german and "{" not in english:
        return english, ()
    for key, pattern in _told.items():
        if found := pattern.fullmatch(english):
            return key, found.groups()
    return None


def _can_be_filled(text: str, fields: set[str]) -> bool:
    """Tell whether a template takes words in its gaps: no format of numbers, numbered and other gaps not mixed."""
    numbered = [""] * sum(field.isdigit() for field in fields)
    try:
        text.format(*numbered, **dict.fromkeys(fields, ""))
    except (ValueError, LookupError, AttributeError):
        return False
    return True


def _fields(template: str) -> set[str]:
    """Return what a template fills in, unnamed gaps by their numbers. Raises SetupError where it is no template."""
    out: set[str] = set()
    try:
        for _, name, _, _ in Formatter().parse(template):
            if name is not None:
                out.add(name or str(sum(known.isdigit() for known in out)))
    except ValueError as error:
        raise SetupError(f"'{template}' is no template: {error}.", remedy=_REMEDY) from error
    return out
