"""A person's own data: read out, or erased. What the journal holds stays, under a pseudonym that is nobody's then."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orchestrator.adapters.access import people
from orchestrator.core.access import AccessError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.adapters.access.store import AccountsFile
    from orchestrator.core.access import Person


def find(store: AccountsFile, who: str) -> Person:
    """Return a person by name or pseudonym. Raises NotFound, and AccessError for one that was erased."""
    for erased in store.erased():
        if erased.person == who:
            day = datetime.fromtimestamp(erased.t, UTC).date()
            raise AccessError(
                f"{who} was erased on {day}.", remedy="There is nothing left of them here but this pseudonym."
            )
    return people.person(store, who)


def erase(store: AccountsFile, who: str, at: Mapping[str, str], now: float, *, sign_out: bool = False) -> Person:
    """Erase a person's name, PIN, badges and sign-ins; a line that says when stays, by pseudonym alone.

    Args:
        store: the accounts.
        who: their name or pseudonym.
        at: who is at which worker place.
        now: s, UTC.
        sign_out: do so though they are signed in; it ends that.

    Raises NotFound, and AccessError where they were erased before, are at work, signed in, or the only supervisor.
    """
    found = find(store, who)
    for place, operator in at.items():
        if operator == found.id:
            raise AccessError(
                f"{found.name} is at work at {place}.",
                remedy=f"Let them leave {place} first, or another person take it over there; then erase.",
            )
    devices = {each.device for each in store.sign_ins(found.id, now)}
    if devices and not sign_out:
        names = ", ".join(sorted(each.name for each in store.devices() if each.id in devices))
        raise AccessError(
            f"{found.name} is signed in at {names}.", remedy="Let them sign out there, or end it with --sign-out."
        )
    return people.remove(store, found.id)
