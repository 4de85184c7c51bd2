"""A further language is one file: what it says is said, what it leaves out is English, and what it lacks is named."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from orchestrator.core.errors import SetupError
from orchestrator.core.machine import TABLES, CellState, IllegalMove, Mode, OrderState, StepStatus, move
from orchestrator.engine import languages, phrases
from orchestrator.engine.answers import in_languages
from orchestrator.engine.catalogue import sentences
from orchestrator.engine.event_lines import by_language
from orchestrator.engine.languages import joined, learn, read, sentence
from orchestrator.engine.phrases_sight import seen
from orchestrator.engine.words import derive, number
from orchestrator.wire import Answer, Happened
from tests.unit.cell_bench import Bench, authored, bench
from tests.unit.core_builders import step, variant

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGINE = Path(__file__).parents[2] / "orchestrator" / "engine"
DECIDE = ENGINE.parent / "core" / "decide"
PSEUDO = "eo"


def pseudo(english: str) -> str:
    """A language that nobody speaks: English between brackets, its gaps as they are."""
    return f"⟦{english}⟧"


def whole() -> dict[str, str]:
    return {english: pseudo(english) for english in sentences()}


@pytest.fixture
def spoken() -> Iterator[None]:
    learn(PSEUDO, whole())
    yield
    languages.forget(PSEUDO)


def gaps(template: str) -> list[str]:
    return sorted(languages._fields(template))


def test_every_sentence_has_german_with_the_same_gaps() -> None:
    assert len(sentences()) > 600
    for english in sentences():
        german = languages.Phrase(english).texts["de"]
        assert set(gaps(german)) <= set(gaps(english)), english
        given = {gap: "x" for gap in gaps(english) if not gap.isdigit()}
        assert german.format(*(["x"] * 9), **given), english  # numbered and unnumbered gaps don't mix


def test_a_whole_file_says_every_sentence(spoken: None) -> None:
    assert [one for one in sentences() if languages.Phrase(one).texts[PSEUDO] != pseudo(one)] == []


def test_a_finished_sentence_is_recognised_and_said_with_what_it_names(spoken: None) -> None:
    said = phrases.told("Bin caps has too few left: refill it.", "The robot was stopped.")
    assert said[PSEUDO] == "⟦Bin caps has too few left: refill it.⟧ ⟦The robot was stopped.⟧"
    assert phrases.helps("torque 9 Nm is below 12 Nm.")[PSEUDO] == "⟦⟦torque⟧ 9 Nm is below 12 Nm.⟧"
    assert phrases.reason("missing", "", None)[PSEUDO] == "⟦The camera sees no part there.⟧"
    assert phrases.motion("fetch the cap", {"en": "cap", PSEUDO: "ĉapo"})[PSEUDO] == "⟦fetches ĉapo⟧"
    assert phrases.checking({"en": "Fit the cap"})[PSEUDO] == "⟦Checking: Fit the cap⟧"
    behind = "The arm could not go home, and still stands where it was: The motion was cancelled."
    assert phrases.told(behind)[PSEUDO].endswith(": ⟦The motion was cancelled.⟧⟧")
    hidden = seen("cannot_see", "Only 9% of u1/pin is in view: u1/lid hides it.", {"u1/lid": {"en": "lid"}})
    assert hidden[PSEUDO] == "⟦lid hides it.⟧"


def test_what_a_file_leaves_out_is_english_sentence_by_sentence() -> None:
    partly = whole()
    del partly["The robot was stopped."]
    learn(PSEUDO, partly)
    try:
        assert PSEUDO not in sentence("The robot was stopped.")  # so its readers get English by the fallback
        said = phrases.told("See the log.", "The robot was stopped.")
        assert said[PSEUDO] == "⟦See the log.⟧ The robot was stopped."
    finally:
        languages.forget(PSEUDO)
    assert PSEUDO not in phrases.told("See the log.")


def test_one_who_typed_a_reason_is_quoted(spoken: None) -> None:
    assert sentence("wrong cap") == {"en": "wrong cap"}
    assert sentence("is " * 200) == {"en": "is " * 200}
    assert by_language({"note": "wrong cap", "reason": "wrong cap"}) == {}


def test_another_order_of_the_gaps_is_kept() -> None:
    learn(PSEUDO, {"{} lies on the robot's way ({}).": "{1}: {0}!", "sets {part} down": "{part} v"})
    try:
        assert sentence("u1/cap lies on the robot's way (tray).")[PSEUDO] == "tray: u1/cap!"
        assert phrases.motion("set it down", {"en": "cap"}) | {} == {
            "en": "sets cap down",
            "de": "setzt cap ab",
            PSEUDO: "cap v",
        }
    finally:
        languages.forget(PSEUDO)


def test_texts_are_joined_in_each_language_of_any() -> None:
    assert joined({"en": "a", "de": "b"}, {"en": "c", PSEUDO: "d"}, {}) == {"en": "a c", "de": "b c", PSEUDO: "a d"}


def test_words_that_are_derived_from_a_result_are_said_too(spoken: None) -> None:
    load = step("load", part="body", at="nest", by="human")
    built = variant(load, step("pin", ["load"], part="pin", at="body/seat", by="human"))
    for one in built.steps:
        words = derive(one, built.parts, PSEUDO)
        assert words.language == PSEUDO
        assert words.title.startswith("⟦")
    assert number(1.5, PSEUDO) == "1,5"


def test_an_answer_and_an_event_carry_what_they_say_in_each_language(spoken: None) -> None:
    refused = Answer(id="c", ok=False, code="nobody", message="Nobody is signed in at front.", remedy="Look again.")
    said = in_languages(refused)
    assert said.says["de"] == "An front ist niemand angemeldet."
    assert said.says[PSEUDO] == "⟦Nobody is signed in at front.⟧"
    assert said.helps["de"] == "Noch einmal hinsehen."
    assert in_languages(Answer(id="c", ok=True)).says == {}
    assert by_language({"message": "The motion was cancelled."})["de"] == "Die Bewegung wurde abgebrochen."
    assert by_language({"order": "demo-1", "state": "running"}) == {}
    typed = by_language({"message": "A person refused the robot's motion: Fix it."})
    assert typed["de"] == "Die Bewegung des Roboters wurde abgelehnt: Fix it."
    assert by_language({"reason": "Fix it.", "by": "berta"}) == {}  # what somebody typed is theirs
    assert len(by_language({"reason": "The press is ready.", "by": ""})) != 0
    assert Happened(seq=1, t=0.0, type="x", subject="", text="x").says == {}  # as an older client knows it


def _refusals(file: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((DECIDE / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Rejected":
            yield from (text for arg in node.args[1:] for text in _texts(arg))


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else _filled(part) for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))


def _filled(gap: ast.expr) -> str:
    names = {"state.cell": "held", "state.mode": "manual"}
    return names.get(ast.unparse(gap.value), "pin") if isinstance(gap, ast.FormattedValue) else "pin"


MADE_OF_MORE = {  # whose other half is looked up at run time; each of their forms stands in the catalogue
    "pin, and nobody knows who you are.",
    "pin is pin, attempt pin.",
    "pin is pin.",
    "pin: 'pin' is not a pin.",
    "The pin of pin is missing.",
}
FOR_PROGRAMS = {"Motion pin is known already.", "A stand lies beyond the end of the trail."}


@pytest.mark.parametrize("file", sorted(path.name for path in DECIDE.glob("*.py")))
def test_every_refusal_is_said_in_german(file: str) -> None:
    said = {text for text in _refusals(file) if " " in text} - MADE_OF_MORE - FOR_PROGRAMS
    assert [text for text in sorted(said) if len(phrases.helps(text)) == 1] == []


def test_no_module_of_the_engine_says_english_and_german_beside_the_catalogue() -> None:
    beside = [
        f"{path.name}:{node.lineno}"
        for path in ENGINE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict) and {getattr(key, "value", None) for key in node.keys} >= {"en", "de"}
    ]
    assert beside == []


def test_a_file_with_other_gaps_is_refused_with_its_sentence() -> None:
    with pytest.raises(SetupError, match="has other gaps"):
        learn(PSEUDO, {"holt": "x", "fetches {part}": "{teil}"})
    for strange in ("„{1}“, {}", "{:d} {}", "{!z}", "{0.x}"):
        with pytest.raises(SetupError):
            learn(PSEUDO, {"'{}' is not possible while the cell is {}.": strange})
    with pytest.raises(SetupError, match="no template"):
        learn(PSEUDO, {"fetches {part}": "{part"})
    with pytest.raises(SetupError, match="own"):
        learn("de", {})
    assert languages.spoken() == ("en", "de")


def test_the_languages_beside_the_built_pages_are_read(tmp_path: Path) -> None:
    assert read(None) == ()
    assert read(tmp_path) == ()  # pages of an older build
    (tmp_path / languages.FILE).write_text(json.dumps({PSEUDO: whole()}), encoding="utf-8")
    read(tmp_path)
    try:
        assert languages.spoken() == ("en", "de", PSEUDO)
    finally:
        languages.forget(PSEUDO)
    for broken in ("{", "[]", json.dumps({PSEUDO: 3})):
        (tmp_path / languages.FILE).write_text(broken, encoding="utf-8")
        (fault,) = read(tmp_path)
        assert "languages.json" in fault
    mixed = {"tlh": {"fetches {part}": "{qaD}"}, PSEUDO: whole()}
    (tmp_path / languages.FILE).write_text(json.dumps(mixed), encoding="utf-8")
    (fault,) = read(tmp_path)
    assert "'tlh' is left out" in fault
    assert languages.spoken() == ("en", "de", PSEUDO)
    languages.forget(PSEUDO)


def test_a_card_is_said_in_a_further_language(tmp_path: Path, spoken: None) -> None:
    from orchestrator.adapters.clock_virtual import run_virtual

    async def main() -> None:
        async with bench(authored(tmp_path)) as cell:
            assert isinstance(cell, Bench)
            assert cell.card().note[PSEUDO] == "⟦Nobody is signed in here.⟧"
            await cell.begin()
            await cell.ended()
            lines = [line for line in cell.cell.desk.screen.log if line.says]
            assert all(line.says["en"] in line.text for line in lines)

    run_virtual(main)


@pytest.mark.parametrize("state", CellState)
def test_a_cells_state_is_named_in_the_readers_language(state: CellState) -> None:
    for english in (f"The cell is {state}.", f"The cell is {state}: nothing moves by itself."):
        german = sentence(english)["de"]
        assert german.startswith("Die Zelle ist "), german
        assert state not in german.split(":")[0].split()
    assert sentence(f"The cell is {state}: it sings.") == {"en": f"The cell is {state}: it sings."}


@pytest.mark.parametrize("mode", Mode)
def test_a_mode_is_named_in_the_readers_language(mode: Mode) -> None:
    assert str(mode) not in sentence(f"The cell is in {mode} mode: switch to production.")["de"].split()


REGIONS = {"cell": "die Zelle", "order": "der Auftrag", "step": "der Schritt", "autonomy": "solange"}


@pytest.mark.parametrize("region", REGIONS)
def test_a_move_that_is_refused_is_refused_in_the_readers_words(region: str, spoken: None) -> None:
    table = TABLES[region]
    states = {state: None for row in table.values() for pair in row.items() for state in pair}
    illegal = [(state, verb) for state in states for verb, row in table.items() if state not in row]
    assert illegal
    for state, verb in illegal:
        with pytest.raises(IllegalMove) as refused:
            move(region, state, verb)
        german, helps = sentence(refused.value.message)["de"], phrases.helps(refused.value.remedy)
        assert REGIONS[region] in german
        possible = {str(one) for one, row in table.items() if state in row} or {"nothing"}
        words = {word.strip("„“,.:") for word in f"{german} {helps['de']}".split()}
        assert words.isdisjoint({str(state), str(verb), *possible}), (german, helps["de"])
        assert f"⟦{verb}⟧" in sentence(refused.value.message)[PSEUDO]
        assert f"⟦{state}⟧" in sentence(refused.value.message)[PSEUDO]
        assert all(f"⟦{one}⟧" in helps[PSEUDO] for one in possible)


def test_an_orders_and_a_steps_state_is_named_in_the_readers_language() -> None:
    for order in OrderState:
        assert str(order) not in sentence(f"Order demo-1 is {order}.")["de"].strip(".").split()
    for status in StepStatus:
        for english in (f"The step is {status}.", f"u1/seal is {status}.", f"seal is {status}, attempt 2."):
            assert str(status) not in sentence(english)["de"].strip(".").split()
    assert sentence("The step is waiting.")["de"] == "Der Schritt ist noch nicht an der Reihe."
    refused = sentence("'start' is not possible while the order is running.")
    assert refused["de"] == "„Starten“ ist nicht möglich, solange der Auftrag in Arbeit ist."
    assert phrases.helps("Possible now: abort, pause, stop.")["de"] == "Jetzt möglich: Abbrechen, Pause, Beenden."
