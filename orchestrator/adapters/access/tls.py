"""The server's TLS: its certificate is renewed before it ends, and taken up without a restart."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from cryptography import x509

from orchestrator.core.errors import SetupError, TandemError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from orchestrator.adapters.access.authority import Authority

LOOK_S = 3600.0  # how often the certificate is looked at
WARN_DAYS = 21  # before the end of one that is somebody else's to renew

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
        self._take_up()

    def look(self) -> bool:
        """Renew the certificate where that is due, and take up a changed one; returns whether it changed.

        Raises SetupError; the certificate of before counts on then. The loop that serves may do nothing meanwhile.
        """
        changed = self._changed()
        if changed:
            self._take_up()
        return changed

    def ends_soon(self) -> str:
        """Return what is wrong with how long the certificate counts, "" for nothing: who gave it has to renew it."""
        begins, ends = self._counts
        now = self._now()
        if now < begins:
            return f"The certificate {self._files[0]} does not count before {begins:%Y-%m-%d}; is the clock right?"
        if now >= ends:
            return f"The certificate {self._files[0]} has ended on {ends:%Y-%m-%d}: no device trusts it."
        if self._authority is None and ends - now < timedelta(days=WARN_DAYS):
            return f"The certificate {self._files[0]} ends on {ends:%Y-%m-%d}: put another one in its place."
        return ""

    async def keep(self, look_s: float = LOOK_S) -> None:
        """Look at the certificate every hour, until cancelled."""
        while True:
            await asyncio.sleep(look_s)
            if soon := self.ends_soon():
                log.warning("certificate", error=soon)
            try:
                if await asyncio.to_thread(self._changed):
                    self._take_up()  # here: a handshake in between would get the new certificate with the old key
                    log.info("certificate taken up", file=str(self._files[0]))
            except (TandemError, OSError) as error:
                log.error("certificate not renewed", error=str(error))  # noqa: TRY400 - it says what to do

    def _stamp(self) -> tuple[int, ...]:
        try:
            return tuple(path.stat().st_mtime_ns for path in self._files)
        except OSError as error:
            raise SetupError(f"There is no file '{error.filename}'.", remedy="Check the path.") from None

    def _changed(self) -> bool:
        """Renew the certificate where that is due, and tell whether there is another one, which will do."""
        if self._authority is not None:
            self._authority.renew(self._now())
        if self._stamp() == self._loaded:
            return False
        # A pair that does not belong together must not come into the context that serves.
        self._into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        return True

    def _take_up(self) -> None:
        self._loaded = self._stamp()
        self._counts = self._into(self.context)

    def _into(self, context: ssl.SSLContext) -> tuple[datetime, datetime]:
        """Load the certificate with its key; returns from when to when it counts."""
        try:
            served = x509.load_pem_x509_certificate(self._files[0].read_bytes())
            context.load_cert_chain(*self._files)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise SetupError(
                f"{self._files[0]} and {self._files[1]} are no certificate with its key: {error}.",
                remedy="Give PEM files without a passphrase: the server's certificate, then those that vouch for it.",
            ) from error
        return served.not_valid_before_utc, served.not_valid_after_utc
