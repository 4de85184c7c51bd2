"""The journal's head, signed now and then: a shorter chain is still a chain, but not the one that was signed."""

from __future__ import annotations

import asyncio
import base64
import errno
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import structlog
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from orchestrator.adapters.journal_file import verified
from orchestrator.core.errors import JournalError, NotFound
from orchestrator.wire import Happened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from orchestrator.core.ports import Journal
    from orchestrator.engine.desk import Change, Screen

SIGN_S = 600.0  # at most as long a head stays unsigned while the cell works
RETRY_S = 10.0  # until one that could not be signed is tried again
_KEY = "Put it back; or move it and the signed heads away, and begin with a new key."
_HEADS = "Move it away, and a new one is begun; compare with a backup and with signed heads that were kept elsewhere."
_KEPT = "Compare with a backup and with signed heads that were kept elsewhere."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The last event of a journal at `t` (s, UTC); `key` is the Ed25519 public key in hex, `signature` base64."""

    seq: int
    sha256: str
    t: float
    key: str
    signature: str

    def holds(self) -> bool:
        """Tell whether the signature is that key's."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
            key.verify(base64.b64decode(self.signature), _message(self.seq, self.sha256, self.t))
        except (InvalidSignature, ValueError):
            return False
        return True


def heads_of(journal: Path) -> Path:
    """Return the file beside a journal that holds its signed heads, one JSON object a line."""
    return journal.with_name(f"{journal.name}-signed")


class HeadSigner:
    """Signs heads of one journal with a key of its own, made (mode 0600) where there is none."""

    def __init__(self, journal: Path) -> None:
        """Open the key. Raises JournalError."""
        self._file = heads_of(journal)
        path = journal.with_name(f"{journal.name}-signing-key")
        try:
            if not path.exists():
                made = Ed25519PrivateKey.generate().private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
                fresh = path.with_name(f"{path.name}.new")  # a full disk must leave no half key
                fresh.unlink(missing_ok=True)
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(made)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.rename(path)
            kept = path.read_bytes()
            if self._file.exists() and not (there := self._file.read_bytes()).endswith(b"\n"):
                os.truncate(self._file, there.rfind(b"\n") + 1)  # a line that a power cut has cut short
        except OSError as error:
            raise JournalError(f"The journal's signing key {path} can't be read: {error}.", remedy=_KEY) from error
        self._key = _private(kept, path)
        self._last = 0
        newest = self._newest()
        if newest is not None and newest.key != self._public:
            raise JournalError(f"{path} is not the key that has signed {self._file}.", remedy=_KEY)

    def sign(self, seq: int, sha256: str, t: float) -> bool:
        """Add a signed head, durable when this returns; returns whether there was anything new. Raises OSError."""
        if seq <= self._last:
            return False
        signature = base64.b64encode(self._key.sign(_message(seq, sha256, t))).decode()
        line = f"{json.dumps(asdict(SignedHead(seq, sha256, t, self._public, signature)))}\n".encode()
        with self._file.open("ab", buffering=0) as file:
            begins = file.seek(0, os.SEEK_END)
            try:
                written = file.write(line)
                if written != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
            except OSError:
                file.truncate(begins)  # half a line would spoil the next one
                raise
        self._last = seq
        return True

    @property
    def _public(self) -> str:
        return self._key.public_key().public_bytes_raw().hex()

    def _newest(self) -> SignedHead | None:
        """Return the newest head, None where there is none yet. Raises JournalError where it is damaged."""
        try:
            lines = self._file.read_bytes().splitlines()
        except OSError:
            return None
        if not lines:
            return None
        head = _head(lines[-1])
        if head is None or not head.holds():
            raise JournalError(f"The newest signed head in {self._file} is damaged.", remedy=_HEADS)
        return head


async def keep_signed(
    journal: Journal,
    screen: Screen,
    signer: HeadSigner,
    now: Callable[[], float],
    fares: Callable[[str], None] = lambda _detail: None,
) -> None:
    """Sign the head whenever an order changes and every ten minutes, until cancelled, and then once more.

    It only looks on: a disk that is full costs a signature and nothing else. `fares` hears what is wrong, "" once it
    works; until then it tries again every ten seconds.
    """
    due = asyncio.Event()

    def hear(changes: Sequence[Change]) -> None:
        if any(isinstance(change, Happened) and change.type == "order_changed" for change in changes):
            due.set()

    leave = screen.listen(hear)
    wrong = ""
    try:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(due.wait(), RETRY_S if wrong else SIGN_S)
            due.clear()
            wrong = await asyncio.to_thread(_try, signer, *journal.head, now())
            fares(wrong)
    finally:
        leave()
        _try(signer, *journal.head, now())


def verify_heads(journal: Path, heads: Path, key: str = "") -> SignedHead:
    """Hold a journal against its signed heads; returns the newest. `key`: the only public key (hex) that counts.

    What was archived from the journal's beginning is passed over. Raises JournalError where a signature or an event
    does not hold or events after the journal's end were signed, NotFound where no head was.
    """
    signed = _read(heads)
    expected = key or signed[0].key
    for head in signed:
        if head.key != expected or not head.holds():
            raise JournalError(f"The signed head at event {head.seq} in {heads} is damaged or forged.", remedy=_KEPT)
    wanted = {head.seq: head for head in signed}
    first, last = 0, 0
    for event in verified(journal):
        first, last = first or event.seq, event.seq
        found = wanted.get(event.seq)
        if found is not None and found.sha256 != event.sha256:
            raise JournalError(f"Event {event.seq} is not the one that was signed.", remedy=_KEPT)
    newest = max(signed, key=lambda head: head.seq)
    if newest.seq > last:
        raise JournalError(f"Events {last + 1} to {newest.seq} were signed and are missing.", remedy=_KEPT)
    return newest


def _read(heads: Path) -> list[SignedHead]:
    if not heads.is_file():
        raise NotFound(
            f"There are no signed heads in '{heads}'.", remedy="A server signs them; name a file with --signed."
        )
    out = []
    lines = heads.read_bytes().splitlines()
    for n, line in enumerate(lines, start=1):
        head = _head(line)
        if head is not None:
            out.append(head)
        elif n < len(lines):  # the last one may have been cut short by a power cut
            raise JournalError(f"Line {n} of {heads} is damaged.", remedy=_KEPT)
    if not out:
        raise NotFound(
            f"There are no signed heads in '{heads}'.", remedy="A server signs them; name a file with --signed."
        )
    return out


def _head(line: bytes) -> SignedHead | None:
    """Read a line of signed heads, None where it is none."""
    try:
        head = SignedHead(**json.loads(line))
        whole = isinstance(head.key, str) and isinstance(head.signature, str) and isinstance(head.seq, int)
    except (ValueError, TypeError):
        return None
    return head if whole else None


def _private(kept: bytes, path: Path) -> Ed25519PrivateKey:
    """Read the key of a signer. Raises JournalError where it is none."""
    try:
        key = serialization.load_pem_private_key(kept, None)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError) as error:
        raise JournalError(f"The journal's signing key {path} is damaged.", remedy=_KEY) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise JournalError(f"The journal's signing key {path} is no Ed25519 key.", remedy=_KEY)
    return key


def _try(signer: HeadSigner, seq: int, sha256: str, t: float) -> str:
    try:
        signer.sign(seq, sha256, t)
    except OSError as error:
        log.warning("journal's head not signed", error=str(error))
        return str(error)
    return ""


def _message(seq: int, sha256: str, t: float) -> bytes:
    return f"tandem journal head\n{seq}\n{sha256}\n{t!r}".encode()
