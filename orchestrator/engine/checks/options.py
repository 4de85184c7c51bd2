"""Variants: options that nothing uses, steps that no option lets in, combinations that never occur."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from orchestrator.core.errors import BadInput
from orchestrator.engine.findings import Finding
from orchestrator.engine.placeholders import names_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrator.engine.checks.subject import Built, Subject
    from orchestrator.engine.conditions import Condition
    from orchestrator.engine.product import Product


def findings(subject: Subject, builds: Sequence[Built]) -> Iterator[Finding]:
    """Yield what is wrong with a product's options."""
    product = subject.product
    used = set(names_in(product.source.data.get("steps"))) | _in_words(product)
    for text in (*product.procedure.never, *(step.when for step in product.procedure.steps if step.when is not None)):
        condition = _parse(product, text)
        used |= set(condition.names) if condition is not None else set()
    for name in product.procedure.options:
        if name not in used and not product.unread:
            message = f"Nothing uses option '{name}': no condition, no ${name}."
            yield Finding(("options", name), message, f"Use ${name} in a step, or delete the option.")
    let_in = {group for built in builds for group in built.groups}
    for index, step in enumerate(product.procedure.steps):
        if step.when is not None and step.id not in let_in and _never_holds(product, step.when):
            message = f"Step '{step.id}' can't be reached: {step.when} holds in no variant that is sold."
            yield Finding(("steps", index, "when"), message, "Mend the condition, or delete the step.")
    for index, text in enumerate(product.procedure.never):
        condition = _parse(product, text)
        if condition is not None and not _occurs(product, condition):
            message = f"The combination {text} never occurs."
            yield Finding(("never", index), message, "Mend its values, or delete it.", warning=True)


def _in_words(product: Product) -> set[str]:
    blocks = [block for file in product.instructions.values() for block in file.instruction.blocks.values()]
    return {name for block in blocks for text in block.texts().values() for name in names_in(text)}


def _parse(product: Product, text: str) -> Condition | None:
    try:
        return product.conditions.parse(text)
    except BadInput:
        return None  # reported where it is compiled


def _occurs(product: Product, condition: Condition) -> bool:
    """Tell whether a condition holds for some combination; one that can't be answered counts as reported."""
    names = [name for name in condition.names if name in product.procedure.options]
    rows = itertools.product(*(product.procedure.options[name] for name in names))
    try:
        return any(condition.holds(dict(zip(names, row, strict=True))) for row in rows)
    except BadInput:
        return True


def _never_holds(product: Product, text: str) -> bool:
    condition = _parse(product, text)
    if condition is None:
        return False
    try:
        rules = [product.conditions.parse(rule) for rule in product.procedure.never]
        for options in itertools.islice(product.combinations(), 20_000):
            if condition.holds(options) and not any(rule.holds(options) for rule in rules):
                return False
    except BadInput:
        return False
    return True
