"""CEL conditions over options: `when` and `never`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestrator.core.errors import BadInput
from orchestrator.engine.findings import hint

if TYPE_CHECKING:
    from collections.abc import Mapping

    import celpy


class Condition:
    """One expression, parsed once, answered once per combination of the options that it names.

    Raises:
        BadInput: the expression is no CEL.
    """

    def __init__(self, text: str, environment: celpy.Environment) -> None:
        from celpy.celparser import CELParseError

        self.text = text
        try:
            tree = environment.compile(text)
        except CELParseError as error:
            column = f" near column {error.column}" if error.column else ""
            raise BadInput(
                f"Condition {text} can't be read{column}.", remedy="Write it as volts == 48 && seal == 'fibre'."
            ) from error
        self._program = environment.program(tree)
        self.names: tuple[str, ...] = tuple(sorted({str(node.children[0]) for node in tree.find_data("ident")}))
        self._known: dict[tuple[Any, ...], bool] = {}

    def holds(self, options: Mapping[str, Any]) -> bool:
        """Tell whether the condition holds for these options.

        Raises:
            BadInput: it can't be answered: an unknown option, a number compared with a text, no truth value.
        """
        key = tuple((name, type(options.get(name)), options.get(name)) for name in self.names)
        if key not in self._known:
            self._known[key] = self._answer(options)
        return self._known[key]

    def _answer(self, options: Mapping[str, Any]) -> bool:
        from celpy.adapter import json_to_cel
        from celpy.celtypes import BoolType
        from celpy.evaluation import CELEvalError

        for name in self.names:
            if name not in options:
                raise BadInput(
                    f"Condition {self.text} names an option '{name}' that there isn't.", remedy=hint(name, options)
                )
        given = {name: json_to_cel(options[name]) for name in self.names}
        try:
            answer = self._program.evaluate(given)
        except CELEvalError as error:
            kinds = ", ".join(f"{name} is {_kind(options[name])}" for name in self.names)
            raise BadInput(
                f"Condition {self.text} compares things of two kinds: {kinds}.",
                remedy="Quote texts and only texts: volts == 48, seal == 'fibre'.",
            ) from error
        if not isinstance(answer, bool | BoolType):
            raise BadInput(
                f"Condition {self.text} is neither true nor false.", remedy="Compare with ==, !=, <, > or in."
            )
        return bool(answer)


class Conditions:
    """The conditions of one procedure."""

    def __init__(self) -> None:
        self._parsed: dict[str, Condition] = {}

    @cached_property
    def _environment(self) -> celpy.Environment:
        from celpy import Environment

        return Environment()  # makes a parser from CEL's grammar, which takes as long as reading a whole product

    def parse(self, text: str) -> Condition:
        """Return a condition; BadInput where the text is none."""
        if text not in self._parsed:
            self._parsed[text] = Condition(text, self._environment)
        return self._parsed[text]


def ready() -> None:
    """Make CEL's parser, which all procedures share: half of what the first order of a process takes."""
    Conditions().parse("true")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "a text"
