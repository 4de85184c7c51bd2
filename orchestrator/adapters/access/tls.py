"""The server's TLS: its certificate is renewed before it ends, and taken up without a restart."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from orchestrator.core.errors import SetupError, TandemError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.adapters.access.authority import Authority

LOOK_S = 3600.0  # how often the certificate is looked at

log = structlog.get_logger(__name__)


class Tls:
    """The context that connections are made with. A certificate that is loaded into it counts for the next ones.

    With an `authority` the certificate is its own; without, `certificate` and `key` are somebody else's to renew.
    """

    def __init__(
        self,
        certificate: Path,
        key: Path,
        authority: Authority | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Load the certificate. Raises SetupError."""
        self._files = (certificate, key)
        self._authority = authority
        self._now = now
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.options |= ssl.OP_NO_RENEGOTIATION
        if authority is not None:
            authority.renew(now())
        self._load()

    def look(self) -> bool:
        """Renew the certificate where that is due, and take up a changed one; returns whether it changed.

        Raises SetupError; the certificate of before counts on then.
        """
        if self._authority is not None:
            self._authority.renew(self._now())
        if self._stamp() == self._loaded:
            return False
        self._load()
        return True

    async def keep(self) -> None:
        """Look at the certificate every hour, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                if await asyncio.to_thread(self.look):
                    log.info("certificate taken up", file=str(self._files[0]))
            except (TandemError, OSError) as error:
                log.error("certificate not renewed", error=str(error))  # noqa: TRY400 - it says what to do

    def _stamp(self) -> tuple[int, ...]:
        try:
            return tuple(path.stat().st_mtime_ns for path in self._files)
        except OSError as error:
            raise SetupError(f"There is no file '{error.filename}'.", remedy="Check the path.") from None

    def _load(self) -> None:
        self._loaded = self._stamp()
        try:
            # First into another context: a pair that does not belong together must not come into the one that serves.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._files)
            self.context.load_cert_chain(*self._files)
        except (ssl.SSLError, OSError) as error:
            raise SetupError(
                f"{self._files[0]} and {self._files[1]} are no certificate with its key: {error}.",
                remedy="Give PEM files without a passphrase: the server's certificate, then those that vouch for it.",
            ) from error
