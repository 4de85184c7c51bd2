"""The site's certificate authority: made at the first start, it vouches for this server alone."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from orchestrator.adapters.access.names import address
from orchestrator.core.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

AUTHORITY_DAYS = 3650
SERVER_DAYS = 90
RENEW_DAYS = 30  # before its end
BACKDATED = timedelta(hours=1)  # a tablet's clock may be behind
# A stolen authority could vouch for any site; so it may only for addresses that no site on the Internet has.
PRIVATE = (
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)
PRIVATE_NAMES = ("localhost", "local")


class Authority:
    """Below `folder`: `ca.crt` and `ca.key` of the authority, `server.crt` and `server.key` of the server."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        """Open the authority, making it where there is none. Raises SetupError."""
        self._folder = folder
        self._names = names
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (folder / "ca.key").exists():
                self._found()
            self._certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
            key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
        except (OSError, ValueError) as error:
            raise SetupError(
                f"The certificate authority in {folder} can't be read: {error}.",
                remedy="Put its files back; or move the folder away for a new one, which every device must trust anew.",
            ) from error
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key

    @property
    def files(self) -> tuple[Path, Path]:
        """The server's certificate and key."""
        return self._folder / "server.crt", self._folder / "server.key"

    @property
    def pem(self) -> bytes:
        """The authority's own certificate, which devices are to trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the authority's certificate, to be compared by people."""
        return self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    def renew(self, now: datetime) -> bool:
        """Make the server's certificate anew where it is missing, ends soon or names other names; returns whether.

        Raises SetupError where this authority may not vouch for one of the names, has ended or has not begun: nobody
        would trust what it made, and the clock may be wrong.
        """
        certificate, key_file = self.files
        begins, ends = self._certificate.not_valid_before_utc, self._certificate.not_valid_after_utc
        if not begins <= now < ends:
            raise SetupError(
                f"This site's certificate authority counts from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}, and by this "
                f"computer's clock it is {now:%Y-%m-%d}.",
                remedy=f"Set the clock if it is wrong; else move {self._folder} away: a new authority is made then, "
                f"which every device must trust anew.",
            )
        if certificate.exists() and key_file.exists() and self._holds(certificate.read_bytes(), now):
            return False
        self._check_names()
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.IPAddress(ip) if (ip := address(name)) else x509.DNSName(name) for name in self._names]
        issued = (
            _builder(
                "Tandem cell", key, now, min(now + timedelta(days=SERVER_DAYS), self._certificate.not_valid_after_utc)
            )
            .issuer_name(self._certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .add_extension(_usage(signs=False), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        _write(key_file, _pem(key))
        _write(certificate, issued.public_bytes(serialization.Encoding.PEM) + self.pem)
        return True

    def _holds(self, pem: bytes, now: datetime) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            key = serialization.load_pem_private_key(self.files[1].read_bytes(), None)
            named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            certificate.verify_directly_issued_by(self._certificate)
        except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        if key.public_key() != certificate.public_key():  # it was cut off between the two files
            return False
        there = {str(each) for each in named.get_values_for_type(x509.IPAddress)} | set(
            named.get_values_for_type(x509.DNSName)
        )
        begun = certificate.not_valid_before_utc <= now  # else it was made by a clock that was ahead
        lasts = certificate.not_valid_after_utc - now > timedelta(days=RENEW_DAYS)
        return begun and lasts and there == set(self._names)

    def _check_names(self) -> None:
        try:
            allowed = self._certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        except x509.ExtensionNotFound:
            return
        trees = [tree.value for tree in allowed.permitted_subtrees or ()]
        for name in self._names:
            ip = address(name)
            networks = [tree for tree in trees if isinstance(tree, ipaddress.IPv4Network | ipaddress.IPv6Network)]
            domains = [tree for tree in trees if isinstance(tree, str)]
            if ip is not None:
                fits = any(ip in network for network in networks)
            else:
                fits = any(name == domain or name.endswith(f".{domain}") for domain in domains)
            if not fits:
                raise SetupError(
                    f"This site's certificate authority may not vouch for '{name}'.",
                    remedy=f"Start without that name, give a certificate of your own with --certificate, or move "
                    f"{self._folder} away: a new authority is made then, which every device must trust anew.",
                )

    def _found(self) -> None:
        now = datetime.now(UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        own = [name for name in self._names if address(name) is None]
        domains = [*PRIVATE_NAMES, *(name for name in own if not name.endswith(".local") and name != "localhost")]
        networks = [ipaddress.ip_network(each) for each in PRIVATE]
        others = [ip for name in self._names if (ip := address(name)) and not any(ip in net for net in networks)]
        permitted = [
            *(x509.DNSName(domain) for domain in domains),
            *(x509.IPAddress(network) for network in networks),
            *(x509.IPAddress(ipaddress.ip_network(ip)) for ip in others),
        ]
        name = f"Tandem site {os.urandom(3).hex()}"  # two sites on one tablet are told apart
        certificate = (
            _builder(name, key, now, now + timedelta(days=AUTHORITY_DAYS))
            .issuer_name(_named(name))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.NameConstraints(permitted, None), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(self._folder / "ca.crt", certificate.public_bytes(serialization.Encoding.PEM))
        _write(self._folder / "ca.key", _pem(key))


def _builder(name: str, key: ec.EllipticCurvePrivateKey, now: datetime, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Replace a file as a whole, readable by its owner alone from its first byte on."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
