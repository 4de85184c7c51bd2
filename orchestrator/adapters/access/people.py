"""What a supervisor changes at the command line: people, their PINs and badges, machines' keys."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

import apsw
from pydantic import ValidationError

from orchestrator.adapters.access import secret as hashing
from orchestrator.core.access import ROLES, AccessError, Key, Person, PersonRole
from orchestrator.core.commands import ENGINE, UNNAMED
from orchestrator.core.errors import known
from orchestrator.core.printable import unprintable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrator.adapters.access.store import AccountsFile

LONGEST_NAME = 60
TAKEN = frozenset({UNNAMED, ENGINE.name, "anybody"})  # names that are no person's in a journal


def role(name: str) -> PersonRole:
    """Return a role by its name. Raises NotFound."""
    for each in ROLES:
        if each == name:
            return each
    raise known("role", name, ROLES)


def person(store: AccountsFile, who: str) -> Person:
    """Return a person by pseudonym, or by a name that only one has. Raises NotFound, AccessError."""
    everybody = store.people()
    found = [each for each in everybody if who == each.id] or [each for each in everybody if who == each.name]
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise AccessError(f"There are {len(found)} people called '{who}'.", remedy=f"Say which: {ids}.")
    if not found:
        raise known("person", who, (each.name for each in everybody))
    return found[0]


def add(
    store: AccountsFile, name: str, role_: PersonRole, secret: str, *, pseudonym: str = "", can: Iterable[str] = ()
) -> Person:
    """Make an account; `secret` "" where a badge will do. Raises AccessError."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise AccessError("A person needs a name.", remedy=f"Give one of at most {LONGEST_NAME} characters.")
    for text in (name, pseudonym, *(can := tuple(can))):
        _printable(text)
    id_ = pseudonym or fresh_pseudonym()
    if id_ in TAKEN or id_.startswith("k-"):
        raise AccessError(f"'{id_}' stands for something else in a journal.", remedy="Choose another pseudonym.")
    if any(each.person == id_ for each in store.erased()):
        raise AccessError(f"'{id_}' is the pseudonym of somebody who was erased.", remedy="Choose another pseudonym.")
    if any("," in each for each in can):
        raise AccessError("A qualification holds no comma.", remedy="Give --can once for each.")
    try:
        made = Person(id=id_, name=name, role=role_, qualifications=tuple(can), secret=bool(secret))
    except ValidationError:
        raise AccessError(
            "Pseudonyms and qualifications are written in letters, digits and - _ . only.", remedy="Choose others."
        ) from None
    stored = hashing.hashed(hashing.checked(secret)) if secret else ""
    sql = "INSERT INTO person (id, name, role, qualifications, secret) VALUES (?, ?, ?, ?, ?)"
    try:
        store.write(sql, (made.id, made.name, made.role, ",".join(made.qualifications), stored))
    except apsw.ConstraintError:
        raise AccessError(f"There is somebody with the pseudonym '{made.id}'.", remedy="Choose another one.") from None
    return made


def fresh_pseudonym() -> str:
    """Return what nobody is called by."""
    return f"p-{''.join(secrets.choice(hashing.ALPHABET) for _ in range(5)).lower()}"


def set_role(store: AccountsFile, who: str, role_: PersonRole) -> Person:
    """Give somebody another role; what they are signed in to ends. Raises NotFound, AccessError."""
    found = person(store, who)
    if role_ != "supervisor":
        _leave_one(store, found)
    with store.changing() as db:
        db.execute("UPDATE person SET role = ? WHERE id = ?", (role_, found.id))
        db.execute("DELETE FROM session WHERE person = ?", (found.id,))
    return found.model_copy(update={"role": role_})


def set_secret(store: AccountsFile, who: str, secret: str) -> Person:
    """Give somebody another PIN or password, and unlock them. Raises NotFound, AccessError."""
    found = person(store, who)
    stored = hashing.hashed(hashing.checked(secret))
    with store.changing() as db:
        db.execute("UPDATE person SET secret = ?, failures = 0, failed_t = 0 WHERE id = ?", (stored, found.id))
        db.execute("DELETE FROM session WHERE person = ?", (found.id,))
    return found


def add_badge(store: AccountsFile, who: str, badge: str) -> Person:
    """Let a badge stand for somebody; only its hash is kept. Raises NotFound, AccessError."""
    found = person(store, who)
    if len(badge.strip()) < 4:
        raise AccessError("This is no badge's number.", remedy="Hold the badge to the scanner.")
    try:
        store.write("INSERT INTO badge VALUES (?, ?)", (hashing.badge_digest(badge.strip(), store.salt), found.id))
    except apsw.ConstraintError:
        raise AccessError("This badge stands for somebody already.", remedy="Take their badges away first.") from None
    return found


def drop_badges(store: AccountsFile, who: str) -> int:
    """Let no badge stand for somebody any more, as after a loss; returns how many did. Raises NotFound, AccessError."""
    found = person(store, who)
    with store.changing() as db:
        db.execute("DELETE FROM badge WHERE person = ?", (found.id,))
        count = db.changes()
        db.execute("DELETE FROM session WHERE person = ?", (found.id,))
    return count


def remove(store: AccountsFile, who: str) -> Person:
    """Erase an account: name, PIN, badges, sign-ins. Their pseudonym stays in the journal, and when it was here.

    Raises NotFound, AccessError.
    """
    found = person(store, who)
    _leave_one(store, found)
    with store.changing() as db:
        db.execute("DELETE FROM person WHERE id = ?", (found.id,))
        db.execute("INSERT INTO erased VALUES (?, ?)", (found.id, time.time()))
    store.overwrite()
    return found


def keys(store: AccountsFile) -> list[Key]:
    """Return every machine's key that is not revoked, oldest first."""
    rows = store.db.execute("SELECT id, name, role, made_t FROM key ORDER BY made_t, id")
    return [Key(id=row[0], name=row[1], role=row[2], made_t=row[3]) for row in rows]


def add_key(store: AccountsFile, name: str, role_: PersonRole, now: float) -> tuple[Key, str]:
    """Make a key for a machine; returns it with the token, which is not kept. Raises AccessError."""
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise AccessError("A key needs a name.", remedy="Say which machine it is for.")
    _printable(name)
    made = Key(id=f"k-{secrets.token_hex(4)}", name=name.strip(), role=role_, made_t=now)
    token = f"tandem_{hashing.token()}"  # found by scanners for secrets, should it ever be published
    values = (made.id, made.name, made.role, hashing.digest(token), made.made_t)
    store.write("INSERT INTO key VALUES (?, ?, ?, ?, ?)", values)
    return made, token


def revoke_key(store: AccountsFile, key: str) -> None:
    """Let a key count no more. Raises NotFound."""
    if not store.write("DELETE FROM key WHERE id = ?", (key,)):
        raise known("key", key, (each.id for each in keys(store)))


def _leave_one(store: AccountsFile, found: Person) -> None:
    """Raise AccessError where nobody would be left who may let others in."""
    others = [each for each in store.people() if each.role == "supervisor" and each.id != found.id]
    if found.role == "supervisor" and not others:
        raise AccessError(f"{found.name} is the only supervisor.", remedy="Add another supervisor first.")


def _printable(name: str) -> None:
    if code := unprintable(name):
        raise AccessError(f"A name holds {code}, which no text may.", remedy="Leave that character out.")
