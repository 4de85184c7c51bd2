"""The words of one step for one reader: filled in from its instruction, or derived from its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orchestrator.core.instruction import Hazard, Media, Words, pick
from orchestrator.engine import languages
from orchestrator.engine.languages import phrase, with_point
from orchestrator.engine.placeholders import as_text, fill_text

if TYPE_CHECKING:
    from orchestrator.core.variant import PartSpec, Step, Target, ValueSpec
    from orchestrator.engine.product import InstructionFile

Names = Mapping[str, Mapping[str, str]]  # what a file calls so -> language -> what people read
NO_NAMES: Names = {}
_SAYS = {  # whole sentences: word order differs too much between languages to glue words
    "place": phrase("Place {part} on {owner} ({frame})", "{part} einsetzen: {owner} ({frame})"),
    "place_many": phrase("Place {qty} {part} on {owner} ({frame})", "{qty} {part} einsetzen: {owner} ({frame})"),
    "lay": phrase("Bring {part} to {frame}", "{part} bereitlegen: {frame}"),
    "lay_many": phrase("Bring {qty} {part} to {frame}", "{qty} {part} bereitlegen: {frame}"),
    "apply": phrase("Apply {qty} {part} along {owner} ({frame})", "{qty} {part} auftragen: {owner} ({frame})"),
    "measure": phrase("Check {what} at {owner} ({frame})", "{what} prüfen: {owner} ({frame})"),
    "apply_at": phrase("Apply {qty} {part} along {frame}", "{qty} {part} auftragen: {frame}"),
    "measure_at": phrase("Check {what} at {frame}", "{what} prüfen: {frame}"),
    "claim": phrase("Make sure: {what}.", "Sicherstellen: {what}."),
    "tolerance": phrase("Within {tolerance}.", "Toleranz: {tolerance}."),
    "value": phrase("{what}: {limits}.", "{what}: {limits}."),
    "least": phrase("at least {low}", "mindestens {low}"),
    "most": phrase("at most {high}", "höchstens {high}"),
    "between": phrase("{low} to {high}", "{low} bis {high}"),
    "about": phrase("{nominal} ({low} to {high})", "{nominal} ({low} bis {high})"),
    "ask": phrase("{what} in {unit}?", "{what} in {unit}?"),
    "confirm": phrase("{what}?", "{what}?"),
    "scan": phrase("Scan {what}.", "{what} scannen."),
    "to": phrase("{what}: {choices} is good.", "{what}: {choices} ist gut."),
}


def number(value: float, language: str) -> str:
    """Write a number as the reader's language does, four digits at most after the point.

    >>> number(12.0, "de"), number(1.5, "de"), number(1.5, "en-GB")
    ('12', '1,5', '1.5')
    """
    return with_point(f"{value:.4f}".rstrip("0").rstrip("."), language)


def value_text(spec: ValueSpec, language: str, names: Names = NO_NAMES) -> str:
    """Write what a value must be, with its unit: "12 Nm", "80–120 mA", "≥ 4 mm"."""
    if spec.kind == "choice":
        return ", ".join(_called(choice, names, language) for choice in spec.passing)
    if spec.kind == "scan":
        return spec.pattern
    if spec.kind == "claim":
        return ""
    if spec.nominal is not None:
        text = number(spec.nominal, language)
    elif spec.low is not None and spec.high is not None:
        text = f"{number(spec.low, language)}–{number(spec.high, language)}"
    elif spec.low is not None:
        text = f"≥ {number(spec.low, language)}"
    else:
        text = f"≤ {number(spec.high or 0.0, language)}"
    return f"{text} {_unit(spec.unit)}".strip()


def filled(
    file: InstructionFile, step: Step, parts: Mapping[str, PartSpec], language: str, serial: str, names: Names
) -> Words:
    """Fill an instruction's words in for one step and one reader."""
    found, block = file.instruction.block(language)

    def give(name: str) -> str | None:
        if name in step.result.values:
            return value_text(step.result.values[name], found, names)
        if name == "part":
            return part_name(step.result.kind, parts, found)
        known = {"k": step.k, "n": step.n, **step.variables}
        if name in known:
            value = known[name]
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return number(value, found) if is_number else _called(as_text(value), names, found)
        return serial if name == "serial" and serial else f"${name}"

    def say(text: str) -> str:
        return fill_text(text, give)

    derived = derive(step, parts, language, names)
    hazards = file.instruction.hazards.items()

    def film(name: str) -> str:
        spoken = file.captions.get(name, {})
        best = pick(spoken, language)
        return f"{file.folder}/{spoken[best]}" if best else ""

    return Words(
        language=found,
        title=say(block.title) or derived.title,
        do=say(block.do),
        more=say(block.more),
        ask={**derived.ask, **{name: say(text) for name, text in block.ask.items() if name in step.result.values}},
        hazards=tuple(Hazard(id=key, level=level, text=say(block.hazards.get(key, key))) for key, level in hazards),
        media=tuple(
            Media(path=f"{file.folder}/{name}", alt=say(block.media.get(name, "")), captions=film(name))
            for name in file.instruction.media
        ),
    )


def derive(step: Step, parts: Mapping[str, PartSpec], language: str, called_so: Names = NO_NAMES) -> Words:
    """Derive the words from the result, in a language that the server speaks; other readers get English.

    Frames, values and choices are called as the files name them.
    """
    base = language.partition("-")[0]
    spoken = base if base in languages.spoken() else "en"
    says = {key: said.within(spoken) for key, said in _SAYS.items()}
    result = step.result
    names = {
        "part": part_name(result.kind, parts, spoken),
        "qty": _quantity(step, parts, spoken),
        "what": ", ".join(_what(name, spec, called_so, spoken) for name, spec in result.values.items()),
        **_place(result.at or result.along, parts, spoken, called_so),
    }
    many = result.qty != 1
    if result.part is None:
        form = says["measure" if names["owner"] else "measure_at"]
    elif result.along is not None:
        form = says["apply" if names["owner"] else "apply_at"]
    elif not names["owner"]:
        form = says["lay_many" if many else "lay"]
    else:
        form = says["place_many" if many else "place"]
    lines = [_line(says, name, spec, spoken, called_so) for name, spec in result.values.items()]
    if "camera" in step.check and result.part is not None:
        largest = " / ".join(dict.fromkeys(number(v * 1000, spoken) for v in result.within_m))
        lines.insert(0, says["tolerance"].format(tolerance=f"{largest} mm"))
    title = form.format(**names)
    return Words(
        language=spoken,
        title=f"{title} ({step.k}/{step.n})" if step.n > 1 else title,
        do=" ".join(lines),
        ask={name: _question(says, _what(name, spec, called_so, spoken), spec) for name, spec in result.values.items()},
    )


def _line(says: Mapping[str, str], name: str, spec: ValueSpec, language: str, names: Names) -> str:
    what = _what(name, spec, names, language)
    if spec.kind == "claim":
        return says["claim"].format(what=what.lower() if language == "en" else what)
    if spec.kind == "scan":
        return says["scan"].format(what=what)
    if spec.kind == "choice":
        return says["to"].format(
            what=what, choices=", ".join(_called(choice, names, language) for choice in spec.passing)
        )
    written = {
        key: f"{number(v, language)} {_unit(spec.unit)}".strip()
        for key, v in (("nominal", spec.nominal), ("low", spec.low), ("high", spec.high))
        if v is not None
    }
    forms = {(True, True): says["between"], (True, False): says["least"], (False, True): says["most"]}
    form = says["about"] if "nominal" in written else forms["low" in written, "high" in written]
    return says["value"].format(what=what, limits=form.format(**{"low": "–", "high": "–", **written}))


def _question(says: Mapping[str, str], what: str, spec: ValueSpec) -> str:
    if spec.kind == "scan":
        return says["scan"].format(what=what)
    if spec.kind == "number" and spec.unit:
        return says["ask"].format(what=what, unit=_unit(spec.unit))
    return says["confirm"].format(what=what)


def _what(name: str, spec: ValueSpec, names: Names, language: str) -> str:
    """Write a value's name as a word, a number's without its unit: "torque_Nm" -> "Torque"."""
    stem = name.removesuffix(f"_{spec.unit}") if spec.unit else name
    return _called(stem, names, language) if stem in names else stem.replace("_", " ").capitalize()


def _called(name: str, names: Names, language: str) -> str:
    """Return what a file's own name is called in the best language, else itself; "hole_1" by "hole", too."""
    stem, _, n = name.rpartition("_")
    for key, number_ in ((name, ""), (stem, f" {n}")):
        found = pick(dict(names.get(key, {})), language) if not number_ or n.isdigit() else None
        if found is not None:
            return f"{names[key][found]}{number_}"
    return name


def _place(target: Target | None, parts: Mapping[str, PartSpec], language: str, names: Names) -> dict[str, str]:
    if target is None:
        return {"owner": "", "frame": ""}
    owner = target.owner
    kind = owner.partition(".")[0].partition("#")[0] if owner else None
    named = part_name(kind, parts, language)
    instance = owner.partition(".")[2] or owner.partition("#")[2] if owner else ""
    return {"owner": f"{named} {instance}".strip(), "frame": _called(target.frame, names, language).replace("_", " ")}


def called(target: Target, parts: Mapping[str, PartSpec], language: str, names: Names = NO_NAMES) -> str:
    """Return what a target is called in the best language: "Housing (bore)", "press"."""
    owner, frame = _place(target, parts, language, names).values()
    return f"{owner} ({frame})" if owner else frame


def _quantity(step: Step, parts: Mapping[str, PartSpec], language: str) -> str:
    spec = parts.get(step.result.kind or "")
    amount = number(step.result.qty, language)
    return f"{amount} ×" if spec is None or spec.unit == "pcs" else f"{amount} {spec.unit}"


def part_name(kind: str | None, parts: Mapping[str, PartSpec], language: str) -> str:
    """Return a part's name in the best language, its key where it has none."""
    if kind is None:
        return ""
    names: dict[str, Any] = dict(parts[kind].name) if kind in parts else {}
    found = pick(names, language)
    return str(names[found]) if found else kind.replace("_", " ")


def _unit(unit: str) -> str:
    return {"deg": "°", "degC": "°C", "percent": "%", "um": "µm", "Ohm": "Ω"}.get(unit, unit)
