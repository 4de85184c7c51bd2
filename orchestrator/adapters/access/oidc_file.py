"""`oidc.yaml` beside the accounts: which OpenID provider vouches for people, and what its claims mean here."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator

from orchestrator.core.access import PersonRole
from orchestrator.core.errors import SetupError
from orchestrator.core.variant import Frozen
from orchestrator.engine.yaml_source import read_source


class OidcSpec(Frozen):
    """What was agreed with a provider.

    Either `account_claim` names the claim that holds the pseudonym of an account here, or `role_claim` the one whose
    values give a role by `roles` (of several the first in the file counts), or both: then an account goes first.
    Without `secret` the client is a public one.
    """

    issuer: str
    client_id: str = Field(min_length=1, max_length=200)
    secret: str = Field(default="", repr=False)
    name: str = Field(default="OpenID", min_length=1, max_length=40)
    scopes: tuple[str, ...] = ("openid", "profile")
    account_claim: str = ""
    role_claim: str = ""
    roles: dict[str, PersonRole] = Field(default_factory=dict)
    ca: Path | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if not safe(self.issuer, self.issuer) or urlsplit(self.issuer).query or urlsplit(self.issuer).fragment:
            raise ValueError("issuer: an https address without ? and # (http on this machine's loopback alone)")
        if bool(self.role_claim) != bool(self.roles):
            raise ValueError("role_claim and roles belong together")
        if not (self.account_claim or self.role_claim):
            raise ValueError("account_claim or role_claim: one has to say who somebody is here")
        if "openid" not in self.scopes:
            raise ValueError("scopes: openid is one of them")
        return self


def safe(url: str, issuer: str) -> bool:
    """Tell whether a provider may be asked there: by TLS, or by http where issuer and address are this machine's.

    >>> safe("https://login.example.org/token", "https://login.example.org")
    True
    >>> safe("http://127.0.0.1:9/token", "https://login.example.org")
    False
    """
    try:
        parts, home = urlsplit(url), urlsplit(issuer)
        _ = parts.port  # raises where it is none
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.password is not None:
        return False
    plain = _loopback(parts.hostname) and home.scheme == "http" and _loopback(home.hostname or "")
    return parts.scheme == "https" or (parts.scheme == "http" and plain)


def read_oidc(path: Path) -> OidcSpec:
    """Read the file and the secret that it names. Raises SetupError."""
    source = read_source(path)
    given: Any = source.data
    if source.problems or not isinstance(given, dict):
        said = "; ".join(str(problem) for problem in source.problems) or "it holds no keys"
        raise SetupError(f"{path} can't be read: {said}.", remedy="The README shows one.")
    given = dict(given)
    if "secret" in given:
        raise SetupError(f"{path} holds the secret itself.", remedy="Put it in a file, and name that: secret_file.")
    if (named := given.pop("secret_file", None)) is not None:
        given["secret"] = _secret(path.parent / str(named))
    if isinstance(given.get("ca"), str):
        given["ca"] = path.parent / given["ca"]
    try:
        return OidcSpec.model_validate(given)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ")
            for each in error.errors(include_input=False, include_url=False)
        )
        raise SetupError(f"{path} does not say what it must: {said}.", remedy="The README shows one.") from None


def _secret(path: Path) -> str:
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"The provider's secret can't be read: {error}.", remedy=f"Write it into {path}.") from None
    if mode & 0o077:
        raise SetupError(f"{path} can be read by others.", remedy=f"chmod 600 {path}; better, have a new secret made.")
    if not text:
        raise SetupError(f"{path} is empty.", remedy="Write the client's secret into it.")
    return text


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
