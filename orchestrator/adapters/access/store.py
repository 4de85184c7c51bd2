"""The accounts of a site: one SQLite file beside the journal, written by server and command line."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import apsw

from orchestrator.adapters.access import secret as hashing
from orchestrator.adapters.access import vouched
from orchestrator.core.access import (
    BADGE_ALONE,
    CODE_S,
    IDLE_S,
    LEAD_IDLE_S,
    SESSION_S,
    Device,
    Erased,
    Failures,
    Key,
    Person,
    Refusal,
    SignedIn,
)
from orchestrator.core.back_off import LOCKED, failed, wait_s
from orchestrator.core.errors import SetupError, known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.core.oidc import Vouched

APPLICATION_ID = int.from_bytes(b"TNDA", "big")
FORMAT = 1
BUSY_MS = 2_000

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE site (salt BLOB NOT NULL) STRICT;
CREATE TABLE person (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, qualifications TEXT NOT NULL DEFAULT '',
    secret TEXT NOT NULL DEFAULT '', failures INTEGER NOT NULL DEFAULT 0, failed_t REAL NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE badge (
    digest BLOB PRIMARY KEY, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE
) STRICT;
CREATE TABLE device (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, digest BLOB NOT NULL UNIQUE, joined_t REAL NOT NULL
) STRICT;
CREATE TABLE code (digest BLOB PRIMARY KEY, until_t REAL NOT NULL) STRICT;
CREATE TABLE session (
    digest BLOB PRIMARY KEY, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    device TEXT NOT NULL REFERENCES device (id) ON DELETE CASCADE, until_t REAL NOT NULL, seen_t REAL NOT NULL
) STRICT;
CREATE TABLE key (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, digest BLOB NOT NULL UNIQUE, made_t REAL NOT NULL
) STRICT;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
COMMIT;
"""
# Since they came, files of before get it as they are opened; a Tandem of before passes over it.
_LATER = "CREATE TABLE IF NOT EXISTS erased (person TEXT PRIMARY KEY, t REAL NOT NULL) STRICT"
_PERSON = (
    "SELECT p.id, p.name, p.role, p.qualifications, p.secret <> '', "
    "(SELECT count(*) FROM badge b WHERE b.person = p.id), p.failures"
)
_EVERYBODY = _PERSON + " FROM person p ORDER BY p.name, p.id"
_ACCOUNT = _PERSON + ", p.secret, p.failed_t FROM person p WHERE p.id = ?"
_SESSION = _PERSON + (
    ", s.device, s.until_t, s.seen_t FROM session s JOIN person p ON p.id = s.person "
    "WHERE {} = ? AND s.until_t > ? AND (p.role = 'auditor' OR s.seen_t > "  # who only looks on asks for nothing
    "CASE p.role WHEN 'worker' THEN ? ELSE ? END)"
)


class AccountsFile:
    """Implements `Accounts`, and what a supervisor changes at the command line (`adapters/access/people`).

    Two connections: reads of the server's loop never wait for a write that is on its way to disk. In WAL mode the
    readers see each change of this or another process with their next statement.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, making it (mode 0600) where there is none. Raises SetupError."""
        self.path = Path(path)
        self._writing = Lock()
        try:
            self.db = self._open()
            self._reads = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
            self._reads.set_busy_timeout(BUSY_MS)
        except (apsw.Error, OSError) as error:
            remedy = "Check the folder's rights and the disk; a copy of the file can be put back."
            raise SetupError(f"The accounts in {self.path} can't be opened: {error}.", remedy=remedy) from error
        self._salt: bytes = _one(self.db, "SELECT salt FROM site")[0]

    def close(self) -> None:
        """Close the file."""
        self._reads.close()
        self.db.close()

    # ---- quick reads -------------------------------------------------------------------------------------------

    def version(self) -> int:
        """Return a number that changes whenever anything here was changed, by any process."""
        return int(_one(self._reads, "PRAGMA data_version")[0])

    def session(self, token: str, now: float) -> SignedIn | None:
        """Return the sign-in of a token that counts still."""
        values = (hashing.digest(token), now, now - IDLE_S, now - LEAD_IDLE_S)
        row = _one(self._reads, _SESSION.format("s.digest"), values)
        return _signed_in(row) if row else None

    def device(self, token: str) -> Device | None:
        """Return the device of a token that is not revoked."""
        sql = "SELECT id, name, joined_t FROM device WHERE digest = ?"
        row = _one(self._reads, sql, (hashing.digest(token),))
        return Device(id=row[0], name=row[1], joined_t=row[2]) if row else None

    def key(self, token: str) -> Key | None:
        """Return the key of a machine that is not revoked."""
        sql = "SELECT id, name, role, made_t FROM key WHERE digest = ?"
        row = _one(self._reads, sql, (hashing.digest(token),))
        return Key(id=row[0], name=row[1], role=row[2], made_t=row[3]) if row else None

    def people(self) -> list[Person]:
        """Return everybody, by name."""
        return [_person(row) for row in self._reads.execute(_EVERYBODY)]

    def devices(self) -> list[Device]:
        """Return every device that is not revoked, oldest first."""
        rows = self._reads.execute("SELECT id, name, joined_t FROM device ORDER BY joined_t, id")
        return [Device(id=row[0], name=row[1], joined_t=row[2]) for row in rows]

    def sign_ins(self, person: str, now: float) -> list[SignedIn]:
        """Return where a person is signed in."""
        values = (person, now, now - IDLE_S, now - LEAD_IDLE_S)
        return [_signed_in(row) for row in self._reads.execute(_SESSION.format("s.person"), values)]

    def erased(self) -> list[Erased]:
        """Return who was erased, oldest first."""
        rows = self._reads.execute("SELECT person, t FROM erased ORDER BY t, person")
        return [Erased(person=row[0], t=row[1]) for row in rows]

    # ---- signing in --------------------------------------------------------------------------------------------

    def sign_in(
        self, device: str, now: float, *, person: str = "", secret: str = "", badge: str = ""
    ) -> tuple[Person, str] | Refusal:
        """Prove who somebody is and return them with a fresh token, or say why not.

        One at a time: of many tries at once each sees the failures of those before it.
        """
        with self._writing:
            by_badge = self._of_badge(badge) if badge else ""
            if badge and (not by_badge or (person and person != by_badge)):
                return Refusal(code="wrong")
            account = self._account(by_badge or person)
            if by_badge and not secret:
                if account is None or account[0].role not in BADGE_ALONE:
                    return Refusal(code="secret", person=by_badge)
            elif (refusal := self._proved(account, secret, now)) is not None:
                return refusal
            assert account is not None
            token = hashing.token()
            with self.db:
                self.db.execute("DELETE FROM session WHERE until_t <= ?", (now,))
                if secret:
                    self.db.execute("UPDATE person SET failures = 0 WHERE id = ?", (account[0].id,))
                row = (hashing.digest(token), account[0].id, device, now + SESSION_S, now)
                try:
                    self.db.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?)", row)
                except apsw.ConstraintError:  # the device was revoked meanwhile
                    return Refusal(code="wrong")
            return account[0], token

    def vouched(self, device: str, now: float, whom: Vouched) -> tuple[Person, str] | None:
        """Sign in somebody by a provider's word, with a fresh token; None where there is no account for them."""
        return vouched.admit(self, device, now, whom)

    def sign_out(self, token: str) -> None:
        """End a sign-in."""
        self.write("DELETE FROM session WHERE digest = ?", (hashing.digest(token),))

    def touch(self, token: str, now: float) -> None:
        """Note that somebody is still there."""
        self.write("UPDATE session SET seen_t = ? WHERE digest = ?", (now, hashing.digest(token)))

    def _of_badge(self, badge: str) -> str:
        sql = "SELECT person FROM badge WHERE digest = ?"
        row = _one(self.db, sql, (hashing.badge_digest(badge, self._salt),))
        return str(row[0]) if row else ""

    def _account(self, person: str) -> tuple[Person, str, Failures] | None:
        row = _one(self.db, _ACCOUNT, (person,))
        return (_person(row), row[7], Failures(count=row[6], last_t=row[8])) if row else None

    def _proved(self, account: tuple[Person, str, Failures] | None, secret: str, now: float) -> Refusal | None:
        """Look at a PIN or password; a wrong one is noted before it is answered."""
        if account is None:
            hashing.matches("", secret)
            return Refusal(code="wrong")
        person, stored, failures = account
        if failures.count >= LOCKED:
            return Refusal(code="locked")
        if (wait := wait_s(failures, now)) > 0:
            return Refusal(code="wait", wait_s=wait)
        if hashing.matches(stored, secret):
            return None
        after = failed(failures, now)
        with self.db:
            self.db.execute(
                "UPDATE person SET failures = ?, failed_t = ? WHERE id = ?", (after.count, after.last_t, person.id)
            )
        return Refusal(code="locked") if after.count >= LOCKED else Refusal(code="wrong", wait_s=wait_s(after, now))

    # ---- devices -----------------------------------------------------------------------------------------------

    def invite(self, now: float) -> tuple[str, float]:
        """Return a code that lets one device join, and until when it counts (s, UTC)."""
        code, until_t = hashing.code(), now + CODE_S
        with self._writing, self.db:
            self.db.execute("DELETE FROM code WHERE until_t <= ?", (now,))
            self.db.execute("INSERT INTO code VALUES (?, ?)", (hashing.digest(code), until_t))
        return code, until_t

    def join(self, code: str, name: str, now: float) -> tuple[Device, str] | None:
        """Use up a code; return the new device with its token, None where no such code counts."""
        spelled = hashing.digest("".join(code.split()).replace("-", "").upper())
        device, token = Device(id=f"d-{secrets.token_hex(4)}", name=name, joined_t=now), hashing.token()
        with self.changing() as db:
            db.execute("DELETE FROM code WHERE digest = ? AND until_t > ?", (spelled, now))
            counts = db.changes() == 1
            if counts:
                db.execute("INSERT INTO device VALUES (?, ?, ?, ?)", (device.id, name, hashing.digest(token), now))
        return (device, token) if counts else None

    def revoke_device(self, device: str) -> None:
        """Let a device belong here no more; sign-ins on it end. Raises NotFound."""
        if not self.write("DELETE FROM device WHERE id = ?", (device,)):
            raise known("device", device, (each.id for each in self.devices()))

    # ---- the file ----------------------------------------------------------------------------------------------

    @property
    def salt(self) -> bytes:
        """The site's salt for badges."""
        return self._salt

    @contextmanager
    def changing(self) -> Iterator[apsw.Connection]:
        """Change several things at once or none of them."""
        with self._writing, self.db:
            yield self.db

    def overwrite(self) -> bool:
        """Bring what was erased out of the log of changes, too; False where somebody reads it just now."""
        with self._writing:
            busy, *_ = _one(self.db, "PRAGMA wal_checkpoint(TRUNCATE)")
            return not busy

    def write(self, sql: str, values: tuple[Any, ...]) -> int:
        """Change something durably; returns how many rows."""
        with self.changing() as db:
            db.execute(sql, values)
            changed = [db.changes()]
        return changed[0]

    def _open(self) -> apsw.Connection:
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        db = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
        db.set_busy_timeout(BUSY_MS)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")  # a revoked device stays revoked after a power cut
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA secure_delete = ON")  # an erased name is gone from the file's pages, too
        application, format_ = _one(db, "PRAGMA application_id")[0], _one(db, "PRAGMA user_version")[0]
        if application == 0 and not _one(db, "SELECT count(*) FROM sqlite_master")[0]:
            db.execute(_SCHEMA)
            db.execute("INSERT INTO site VALUES (?)", (secrets.token_bytes(16),))
        elif (application, format_) != (APPLICATION_ID, FORMAT):
            raise SetupError(
                f"{self.path} holds no accounts of this version of Tandem.", remedy="Name another data folder."
            )
        db.execute(_LATER)
        return db


def now_t() -> float:
    """UTC seconds: sign-ins go by the computer's own clock, not by the cell's, which may be sped up."""
    return time.time()


def _one(db: apsw.Connection, sql: str, values: tuple[Any, ...] = ()) -> Any:
    return next(iter(db.execute(sql, values)), None)


def _signed_in(row: tuple[Any, ...]) -> SignedIn:
    return SignedIn(person=_person(row), device=row[7], until_t=row[8], seen_t=row[9])


def _person(row: tuple[Any, ...]) -> Person:
    return Person(
        id=row[0],
        name=row[1],
        role=row[2],
        qualifications=tuple(filter(None, row[3].split(","))),
        secret=bool(row[4]),
        badges=row[5],
        locked=row[6] >= LOCKED,
    )
