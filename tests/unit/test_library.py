"""The library: products, variants, words, meshes and the cell."""

import json

import pytest

from orchestrator.core.cell import CellSpec
from orchestrator.core.errors import AuthoringError, BadInput, NotFound
from orchestrator.engine.library import Library, check
from tests.unit.mistakes.authored import SKILLS, lay_out

CHOSEN = {"volts": 12, "glass": "clear", "label": "de"}


@pytest.fixture
def files(tmp_path):
    return lay_out(tmp_path)


@pytest.fixture
def library(files):
    instructions, cells = files
    return Library(instructions, cells / "bench.yaml", SKILLS)


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_products_are_the_folders_with_a_procedure(library):
    assert library.products() == ("lamp",)
    assert library.procedure("lamp").options["glass"] == ("clear", "opal")


def test_unknown_product_is_not_found_and_the_near_one_named(library):
    with pytest.raises(NotFound, match=r"There is no product 'lamb'. Did you mean lamp\?"):
        library.variant("lamb", CHOSEN)


def test_option_spelled_as_text_is_the_authored_value(library):
    assert library.variant("lamp", {**CHOSEN, "volts": "12"}).options == CHOSEN


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"volts": 12, "glass": "clear"}, "Option 'label' is missing. Choose one of: en, de."),
        ({**CHOSEN, "volts": 36}, "Option 'volts' can't be '36'. Choose one of: 12, 24."),
        ({**CHOSEN, "colour": "red"}, "There is no option 'colour'. Known: glass, label, volts."),
        ({**CHOSEN, "volts": 24, "glass": "opal"}, "lamp is not sold with volts 24, glass opal, label de."),
    ],
)
def test_options_that_can_not_be_ordered_are_refused_with_a_remedy(library, options, says):
    with pytest.raises(BadInput) as caught:
        library.variant("lamp", options)
    assert says in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{id: tube, after: []", "{id: tube, after: [fit]", "wait for each other in a circle"),
        ("robot: screw", "robot: scrw", "There is no skill 'scrw'"),
        ("{id: fit, after", "{id: fit, afer", "Unknown key 'afer'"),
        ("critical: true", "tool: driver", "Key 'tool' is there twice"),
        ("each: {nm: [1, 3], i", "each: {nm: [1,5, 3], i", "'1,5' in a list is two numbers"),
    ],
)
def test_procedure_with_mistakes_is_refused_with_file_and_line(files, library, old, new, says):
    path = files[0] / "lamp" / "procedure.yaml"
    edit(path, old, new)
    text = path.read_text(encoding="utf-8")
    line = text[: text.rindex(new)].count("\n") + 1
    with pytest.raises(AuthoringError) as caught:
        library.variant("lamp", CHOSEN)
    assert says in str(caught.value)
    assert {(p.file, p.line) for p in caught.value.problems} == {(path.as_posix(), line)}


def test_unit_keeps_its_words_while_its_procedure_is_broken(files, library):
    step = library.variant("lamp", CHOSEN).by_id["tighten@1.3"]
    edit(files[0] / "lamp" / "procedure.yaml", "steps:", "steps: [")
    assert library.words("lamp", step, "en").title == "Tighten screw 3 to 1 Nm (2 of 8)"
    with pytest.raises(AuthoringError):
        library.variant("lamp", CHOSEN)


def test_edited_procedure_is_read_again_and_changes_no_variant_made_before(files, library):
    before = library.variant("lamp", CHOSEN)
    edit(files[0] / "lamp" / "procedure.yaml", "time_s: 18}", "time_s: 1800}")
    after = library.variant("lamp", CHOSEN)
    assert before.by_id["fit"].time_s == {"robot": 18.0}
    assert after.by_id["fit"].time_s == {"robot": 1800.0}
    assert after.procedure_sha256 != before.procedure_sha256


def test_variant_survives_its_journal(library):
    variant = library.variant("lamp", CHOSEN)
    assert type(variant).model_validate(json.loads(variant.model_dump_json())) == variant


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Tighten screw 3 to 1 Nm (2 of 8)"),
        ("de-AT", "Schraube 3 mit 1 Nm anziehen (2 von 8)"),
        ("fr", "Tighten screw 3 to 1 Nm (2 of 8)"),
    ],
)
def test_words_are_filled_in_the_readers_language(library, language, title):
    step = library.variant("lamp", CHOSEN).by_id["tighten@1.3"]
    words = library.words("lamp", step, language)
    assert words.title == title
    assert [(h.id, h.level, h.acknowledge) for h in words.hazards] == [("pinch", "caution", False)]
    assert [m.path for m in words.media] == ["common/upright.svg"]
    assert set(words.ask) == {"torque_Nm"}


def with_film(instructions, captions):
    """Have `common/tighten` show a film, with captions in some languages."""
    edit(instructions / "common" / "tighten.yaml", "media: [upright.svg]", "media: [upright.svg, turn.mp4]")
    (instructions / "common" / "turn.mp4").write_bytes(b"a film")
    for language, text in captions.items():
        (instructions / "common" / f"turn.{language}.vtt").write_text(text, encoding="utf-8")


VTT = "WEBVTT\n\n00:00.000 --> 00:02.000\nTurn it home.\n"


@pytest.mark.parametrize(
    ("there", "reader", "shown"),
    [
        (("en", "de"), "de-AT", "de"),
        (("en", "de"), "fr", "en"),
        (("de",), "fr", "de"),
        ((), "en", ""),
    ],
)
def test_a_film_has_the_captions_of_the_reader_or_the_next_best(files, library, there, reader, shown):
    with_film(files[0], dict.fromkeys(there, VTT))
    (files[0] / "common" / "turned.xx.vtt").write_text(VTT, encoding="utf-8")  # another film's
    step = library.variant("lamp", CHOSEN).by_id["tighten@1.3"]
    picture, film = library.words("lamp", step, reader).media
    assert picture.captions == ""
    assert film.captions == (f"common/turn.{shown}.vtt" if shown else "")
    if shown:
        assert library.mesh(film.captions).read_text(encoding="utf-8") == VTT


def test_a_film_without_captions_in_a_language_or_with_others_is_named(files):
    instructions, cells = files
    with_film(instructions, {"en": VTT})
    found = [str(p) for p in check(instructions, cells, SKILLS) if "turn" in str(p)]
    with_film_says = "Film 'turn.mp4' has no captions in de."
    assert sum(with_film_says in text for text in found) == 1, found
    assert any("Put turn.de.vtt (WebVTT) beside it." in text for text in found)
    (instructions / "common" / "turn.de.vtt").write_text(
        "1\n00:00:00,000 --> 00:00:02,000\nEindrehen.\n", encoding="utf-8"
    )
    after = [str(p) for p in check(instructions, cells, SKILLS) if "turn" in str(p)]
    assert [text for text in after if "'turn.de.vtt' is no WebVTT" in text], after
    assert not any(with_film_says in text for text in after)


def test_numbers_in_words_follow_the_reader(files, library):
    edit(files[0] / "lamp" / "procedure.yaml", "each: {nm: [1, 3], i", "each: {nm: [1.5, 3], i")
    step = library.variant("lamp", CHOSEN).by_id["tighten@1.5.1"]
    assert "1.5 Nm" in library.words("lamp", step, "en").title
    assert "1,5 Nm" in library.words("lamp", step, "de").title


def test_option_in_words_and_serial_number_are_filled(files, library):
    edit(files[0] / "lamp" / "label.yaml", "do: Press it on flat.", "do: Press $part $serial on flat.")
    step = library.variant("lamp", CHOSEN).by_id["label"]
    assert step.variables == {"label": "de"}
    assert library.words("lamp", step, "en").title == "Stick on the label in de"
    assert library.words("lamp", step, "en").do == "Press Label $serial on flat."
    assert library.words("lamp", step, "en", serial="L-7").do == "Press Label L-7 on flat."


@pytest.mark.parametrize(
    ("step", "language", "title", "do"),
    [
        ("rings@lower", "en", "Place Ring on Tube (seat lower) (1/2)", ""),
        ("screws@1", "de", "Schraube M4 einsetzen: Klarglas (hole 1) (1/4)", "Toleranz: 1,5 mm."),
        ("load", "en", "Bring Foot to nest", "Within 1.5 mm."),
        ("bead", "en", "Apply 0.5 ml Glue along Foot (groove)", ""),
        ("bead", "de", "0,5 ml Kleber auftragen: Fuß (groove)", ""),
        ("test", "en", "Check Current, Light at Foot (socket)", "Current: 80 mA to 120 mA. Light: steady is good."),
        ("test", "de", "Current, Light prüfen: Fuß (socket)", "Current: 80 mA bis 120 mA. Light: steady ist gut."),
        ("bulb", "sv", "Place Bulb 12 V on Foot (socket)", "Within 1.5 mm. Make sure: clicked."),
    ],
)
def test_words_are_derived_where_no_instruction_is(library, step, language, title, do):
    words = library.words("lamp", library.variant("lamp", CHOSEN).by_id[step], language)
    assert (words.title, words.do) == (title, do)


NAMES = (
    "names: {lamp: {en: Lamp, de: Lampe}, socket: {de: Fassung}, hole: {en: hole, de: Loch},"
    " current: {en: Current, de: Strom}, light: {en: Light, de: Licht}, steady: {en: steady, de: ruhig}}\nparts:\n"
)


@pytest.mark.parametrize(
    ("step", "language", "title", "do"),
    [
        ("screws@1", "de", "Schraube M4 einsetzen: Klarglas (Loch 1) (1/4)", "Toleranz: 1,5 mm."),
        ("test", "de-AT", "Strom, Licht prüfen: Fuß (Fassung)", "Strom: 80 mA bis 120 mA. Licht: ruhig ist gut."),
        ("test", "en", "Check Current, Light at Foot (Fassung)", "Current: 80 mA to 120 mA. Light: steady is good."),
        ("load", "de", "Fuß bereitlegen: Aufnahme", "Toleranz: 1,5 mm."),
        ("rings@lower", "de", "Ring einsetzen: Rohr (seat lower) (1/2)", ""),
    ],
)
def test_frames_values_and_choices_are_called_as_the_files_say(files, step, language, title, do):
    edit(files[0] / "lamp" / "procedure.yaml", "parts:\n", NAMES)
    cell = files[1] / "bench.yaml"
    cell.write_text(
        f"{cell.read_text(encoding='utf-8')}names: {{nest: {{en: nest, de: Aufnahme}}}}\n", encoding="utf-8"
    )
    library = Library(files[0], cell, SKILLS)
    words = library.words("lamp", library.variant("lamp", CHOSEN).by_id[step], language)
    assert (words.title, words.do) == (title, do)
    assert library.names()["nest"]["de"] == "Aufnahme"
    assert library.names()["lamp"] == {"en": "Lamp", "de": "Lampe"}


def test_measured_values_are_asked_for_where_no_instruction_is(library):
    step = library.variant("lamp", CHOSEN).by_id["test"]
    assert library.words("lamp", step, "en").ask == {"current_mA": "Current in mA?", "light": "Light?"}


def test_mesh_path_stays_below_instructions(files, library):
    (files[0].parent / "secret.glb").write_bytes(b"glTF")
    assert library.mesh("lamp/foot.glb").read_bytes()[:4] == b"glTF"
    for path in ("../secret.glb", "lamp/../../secret.glb", "/etc/hostname", "lamp/none.glb", "lamp/procedure.yaml"):
        with pytest.raises(NotFound):
            library.mesh(path)


def test_cell_is_read_in_metres(library):
    cell = library.cell
    assert cell.name == "bench"
    assert cell.frames["nest_1"].p == (0.45, -0.15, 0.02)
    assert cell.zone_of((0.45, -0.15, 0.1)) == "nest_1"
    assert cell.zone_of((0.0, 0.0, 0.0)) is None
    assert cell.tools["driver"].gives == {"torque_Nm": (0.5, 6.0)}
    assert cell.tools["driver"].due.isoformat() == "2099-03-01"


def test_bins_know_their_slots_and_who_may_take_from_them(library):
    cell = library.cell
    assert cell.bins_for("screw", "robot") == ("magazine",)
    assert cell.bins_for("screw", "human") == ("loose", "magazine")
    assert cell.bins_for("gasket", "robot") == ()
    rings = cell.supply["rings"]
    assert rings.capacity == 24
    assert [tuple(round(v, 6) for v in rings.slot(i).p) for i in (0, 1, 6)] == [
        (-0.4, -0.3, 0.0),
        (-0.4, -0.24, 0.0),
        (-0.34, -0.3, 0.0),
    ]
    with pytest.raises(IndexError):
        rings.slot(24)


def test_cell_survives_its_journal(library):
    assert CellSpec.model_validate(json.loads(library.cell.model_dump_json())) == library.cell


def test_cell_with_a_mistake_is_refused(files):
    edit(files[1] / "bench.yaml", "payload_kg: 5", "payload_kg: five")
    with pytest.raises(AuthoringError, match=r"bench.yaml:1: error: robot.payload_kg: A number is needed, not 'five'"):
        Library(files[0], files[1] / "bench.yaml")


def test_product_is_judged_in_the_cell_that_suits_it(files):
    other = (files[1] / "bench.yaml").read_text(encoding="utf-8").replace("press:", "oven:")
    (files[1] / "other.yaml").write_text(other, encoding="utf-8")
    assert check(*files, SKILLS) == []


def test_check_of_nothing_says_so(tmp_path):
    (problem,) = check(tmp_path)
    assert problem.message == "There is no product here."
    problems = check(tmp_path, tmp_path / "none.yaml")
    assert "none.yaml" in problems[-1].file


def test_variant_with_words_that_can_not_be_read_is_refused(files, library):
    edit(files[0] / "common" / "tighten.yaml", "pinch: caution", "pinch: careful")
    with pytest.raises(AuthoringError, match=r"tighten.yaml:1: error: hazards.pinch: 'careful' is not known"):
        library.variant("lamp", CHOSEN)
    (problem,) = check(*files, SKILLS)
    assert "careful" in problem.message
