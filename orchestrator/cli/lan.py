"""What `tandem serve --lan` needs besides a cell: accounts, a certificate, and names that devices reach it by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.adapters.access.authority import Authority
from orchestrator.adapters.access.names import LOOPBACK, names
from orchestrator.adapters.access.store import AccountsFile, now_t
from orchestrator.adapters.access.tls import Tls
from orchestrator.cli.terminal import Terminal
from orchestrator.core.errors import SetupError
from orchestrator.http.access import Access
from orchestrator.http.qr import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from orchestrator.core.oidc import Provider
    from orchestrator.core.settings import Settings

ACCOUNTS = "access.db"
TLS = "tls"
OIDC = "oidc.yaml"

console = Terminal(soft_wrap=True, emoji=False)  # or ":AB:" in a fingerprint would become a picture


@dataclass(frozen=True)
class LanServer:
    """All that serving the network takes."""

    access: Access
    tls: Tls
    names: tuple[str, ...]
    accounts: AccountsFile
    host: str = ""  # the one address that is served, "" for all

    def tell(self, url: str) -> None:
        """Say where the cell is, how the authority is recognised and, while there is no device, how one joins."""
        port = url.rpartition(":")[2]
        reach = [self.host] if self.host else [name for name in self.names if name not in LOOPBACK]
        urls = [f"https://{f'[{name}]' if ':' in name else name}:{port}" for name in reach or LOOPBACK[:1]]
        console.print(f"Tandem is ready at {urls[0]}  (Ctrl+C stops it)", highlight=False, markup=False)
        for other in urls[1:]:
            console.print(f"  or {other}", highlight=False, markup=False)
        if self.access.fingerprint:
            console.print(f"Certificate authority (SHA-256): {self.access.fingerprint}", highlight=False)
        if not self.accounts.devices():
            console.print("No device has joined yet. With the first one:")
            show_code(self.accounts, urls[0])
        if soon := self.tls.ends_soon():
            console.print(f"[bold red]{soon}[/]", highlight=False)
        console.print("[yellow]Tandem is not a safety function.[/]")


def open_lan(base: Settings) -> LanServer:
    """Open accounts and certificate of a cell. Raises SetupError, also where nobody could sign in."""
    assert base.lan is not None
    if base.data is None:
        raise SetupError("Accounts need a data folder.", remedy="Give one with --data.")
    accounts = AccountsFile(base.data / ACCOUNTS)
    if not any(person.role == "supervisor" and person.secret for person in accounts.people()):
        raise SetupError(
            "Nobody may let others in yet.",
            remedy=f"Make the first supervisor: tandem people add NAME --role supervisor --data {base.data}",
        )
    provider = _provider(base.lan.oidc, base.data / OIDC)
    host = "" if base.host in {"0.0.0.0", "::"} else base.host  # noqa: S104 - told apart, not bound
    reached = names((*base.lan.names, host))
    if base.lan.certificate is not None and base.lan.certificate_key is not None:
        tls = Tls(base.lan.certificate, base.lan.certificate_key)
        return LanServer(Access(accounts, provider=provider), tls, reached, accounts, host)
    authority = Authority(base.data / TLS, reached)
    tls = Tls(*authority.files, authority)
    access = Access(accounts, authority=authority.pem, fingerprint=authority.fingerprint, provider=provider)
    return LanServer(access, tls, reached, accounts, host)


def _provider(named: Path | None, beside: Path) -> Provider | None:
    path = named or beside
    if named is None and not path.exists():
        return None
    try:
        from orchestrator.adapters.access.oidc import OidcProvider
        from orchestrator.adapters.access.oidc_file import read_oidc
    except ImportError:
        raise SetupError(f"{path} wants what is not installed.", remedy="pip install 'tandem-cell[oidc]'") from None
    return OidcProvider(read_oidc(path))


def show_code(accounts: AccountsFile, url: str) -> None:
    """Make a joining code and print it, with a QR code of where it is entered."""
    code, _ = accounts.invite(now_t())
    where = f"{url}/join#{code}"
    console.print(f"open {where} within ten minutes, or scan:", markup=False, highlight=False)
    console.print(terminal(where), markup=False, highlight=False)


def accounts_of(data: Path) -> AccountsFile:
    """Open the accounts in a cell's data folder, making them where there are none. Raises SetupError."""
    return AccountsFile(data / ACCOUNTS)
