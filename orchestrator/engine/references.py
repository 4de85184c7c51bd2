"""Names of the part instances of one unit: which step brings a new one, which moves one that is there.

`bearing.front` is as written. Of a plain `screw` each placing brings a new one, and they are `screw#1`, `screw#2` and
so on where there are several, with one exception: what was laid at a place of the cell (a press, a printer) is taken
from there by the next other step that places its kind. Bulk material is always new.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class _Instance:
    kind: str
    own: str | None  # the authored name, "bearing.front"
    number: int  # among the unnamed of its kind
    laid_by: str = ""  # the authored step that laid it at a place of the cell


@dataclass
class References:
    """The instances of one variant, in the order in which steps place them."""

    _unnamed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _own: dict[str, _Instance] = field(default_factory=dict)
    _named: dict[str, list[_Instance]] = field(default_factory=lambda: defaultdict(list))
    _loose: dict[str, list[_Instance]] = field(default_factory=lambda: defaultdict(list))
    _by_step: dict[str, _Instance] = field(default_factory=dict)

    def place(self, step: str, group: str, part: str, *, in_cell: bool, bulk: bool, whole_order: bool) -> None:
        """Note that an instance of the authored step `group` places a part, at a frame of the cell or of a part."""
        kind, _, instance = part.partition(".")
        if instance:
            if part not in self._own:
                self._own[part] = _Instance(kind, part, 0)
                self._named[kind].append(self._own[part])
            found = self._own[part]
        elif not bulk and (lying := [i for i in self._loose[kind] if i.laid_by != group]):
            found = lying[0]
            self._loose[kind].remove(found)
        else:
            self._unnamed[kind] += 1
            found = _Instance(kind, None, self._unnamed[kind])
        if in_cell and not instance and not bulk and not whole_order:
            found.laid_by = group
            self._loose[kind].append(found)
        self._by_step[step] = found

    def of(self, step: str) -> str:
        """Return the reference of the part that a step places."""
        return self._name(self._by_step[step])

    def owners(self, part: str) -> tuple[str, ...]:
        """Return the references that an owner may mean: several are the author's to tell apart."""
        if part in self._own:
            return (part,)
        plain = [_Instance(part, None, k + 1) for k in range(self._unnamed.get(part, 0))]
        named = self._named.get(part, ())
        return tuple(self._name(instance) for instance in (*plain, *named))

    def _name(self, instance: _Instance) -> str:
        if instance.own is not None:
            return instance.own
        several = self._unnamed[instance.kind] > 1
        return f"{instance.kind}#{instance.number}" if several else instance.kind
