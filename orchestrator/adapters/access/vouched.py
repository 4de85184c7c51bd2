"""Whom a provider vouches for, and which account is theirs."""

from __future__ import annotations

import hmac
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

import apsw

from orchestrator.adapters.access import people
from orchestrator.adapters.access import secret as hashing
from orchestrator.core.access import SESSION_S

if TYPE_CHECKING:
    from orchestrator.adapters.access.store import AccountsFile
    from orchestrator.core.access import Person
    from orchestrator.core.oidc import Vouched

# Made when the first one comes: files of before stay as they are. An erased person's line goes with them.
_TABLE = """CREATE TABLE IF NOT EXISTS vouched (
    digest BLOB PRIMARY KEY, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE
) STRICT"""


def admit(store: AccountsFile, device: str, now: float, whom: Vouched) -> tuple[Person, str] | None:
    """Sign somebody in at a device by a provider's word; None where no account is theirs and none is made for them.

    Where a claim gives them a role, an account is made at the first time, and its role follows the claim.
    """
    digest, token, found = _digest(store, whom), hashing.token(), None
    with suppress(apsw.ConstraintError), store.changing() as db:  # the device was revoked meanwhile
        found = _named(db, whom.account) or _by_role(db, digest, whom)
        if found is not None:
            row = (hashing.digest(token), found, device, now + SESSION_S, now)
            db.execute("DELETE FROM session WHERE until_t <= ?", (now,))
            db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", row)
    signed_in = store.session(token, now) if found is not None else None
    return (signed_in.person, token) if signed_in is not None else None


def _named(db: apsw.Connection, account: str) -> str | None:
    row = next(iter(db.execute("SELECT id FROM person WHERE id = ?", (account,))), None)
    return str(row[0]) if row else None


def _by_role(db: apsw.Connection, digest: bytes, whom: Vouched) -> str | None:
    if whom.role is None:
        return None
    db.execute(_TABLE)
    sql = "SELECT p.id, p.role FROM vouched v JOIN person p ON p.id = v.person WHERE v.digest = ?"
    row = next(iter(db.execute(sql, (digest,))), None)
    if row is None:
        fresh = people.fresh_pseudonym()
        db.execute("INSERT INTO person (id, name, role) VALUES (?, ?, ?)", (fresh, whom.name, whom.role))
        db.execute("INSERT INTO vouched VALUES (?, ?)", (digest, fresh))
        return fresh
    if row[1] != whom.role:
        db.execute("UPDATE person SET role = ? WHERE id = ?", (whom.role, row[0]))
        db.execute("DELETE FROM session WHERE person = ?", (row[0],))
    return str(row[0])


def _digest(store: AccountsFile, whom: Vouched) -> bytes:
    """Return what is kept of who somebody is elsewhere: it tells nobody whose account this is."""
    return hmac.digest(store.salt, f"{whom.issuer}\0{whom.subject}".encode(), sha256)
