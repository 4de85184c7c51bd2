"""An OpenID provider: discovery, the authorization code flow with PKCE, and its keys as they change."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode, urlsplit, urlunsplit

import orjson

from orchestrator.adapters.access.oidc_file import OidcSpec, safe
from orchestrator.adapters.access.oidc_token import UnknownKey, claims_of, keys_of
from orchestrator.core.errors import SetupError
from orchestrator.core.oidc import ProviderError, Vouched
from orchestrator.core.printable import unprintable
from orchestrator.core.variant import Frozen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx
    from joserfc.jwk import KeySet

    from orchestrator.core.access import PersonRole
    from orchestrator.core.oidc import Asked

PATIENCE_S = 8.0  # for all that one press asks of the provider; people wait meanwhile
LARGEST = 262_144  # bytes of an answer
KEPT_S = 3600.0  # how long what a provider says about itself is taken as it was
MAX_AGE_S = 600
LONGEST_NAME = 60


class _Metadata(Frozen, extra="ignore"):
    """What a provider says about itself (OpenID Connect Discovery 1.0), as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class OidcProvider:
    """Implements `Provider`. It is asked when somebody presses the button, never before: a cell starts without it."""

    def __init__(
        self,
        spec: OidcSpec,
        *,
        now: Callable[[], float] = time.time,
        transport: httpx.AsyncBaseTransport | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Know a provider; `transport` stands in for the network. Raises SetupError."""
        self._spec = spec
        self._now = now
        self._transport = transport
        self._patience_s = patience_s
        try:
            self._tls = ssl.create_default_context(cafile=spec.ca)
        except OSError as error:
            raise SetupError(f"The provider's CA can't be read: {error}.", remedy="ca: a PEM file.") from None
        self._asking = asyncio.Lock()
        self._metadata: _Metadata | None = None
        self._keys: KeySet | None = None
        self._until_t = 0.0

    @property
    def name(self) -> str:
        """What it is called on the button."""
        return self._spec.name

    async def address(self, asked: Asked) -> str:
        """Return where a browser goes to sign in. Raises ProviderError."""
        async with self._in_time():
            told = await self._told()
        query = {
            "response_type": "code",
            "client_id": self._spec.client_id,
            "redirect_uri": asked.redirect,
            "scope": " ".join(self._spec.scopes),
            "state": asked.state,
            "nonce": asked.nonce,
            "code_challenge": _encoded(sha256(asked.verifier.encode()).digest()),
            "code_challenge_method": "S256",
            # A tablet goes from hand to hand: the provider's own cookie must not sign in who had it before.
            "prompt": "login",
            "max_age": str(MAX_AGE_S),
        }
        parts = urlsplit(told.authorization_endpoint)
        return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(query)))), fragment=""))

    async def prove(self, asked: Asked, code: str, issuer: str) -> Vouched:
        """Return who came back with a code. Raises ProviderError."""
        async with self._in_time():
            return self._vouched(await self._proved(asked, code, issuer))

    async def _proved(self, asked: Asked, code: str, issuer: str) -> dict[str, Any]:
        told = await self._told()
        if issuer != self._spec.issuer and (issuer or told.authorization_response_iss_parameter_supported):
            raise ProviderError("not_proved", "the answer is another provider's, or does not say whose (iss)")
        token = await self._redeemed(told, asked, code)
        keys = await self._known_keys(told)
        checked = partial(
            claims_of, token, asked=asked, issuer=self._spec.issuer, client=self._spec.client_id, now=self._now()
        )
        try:
            return await asyncio.to_thread(checked, keys=keys)
        except UnknownKey:
            keys = await self._known_keys(told, anew=True)
        try:
            return await asyncio.to_thread(checked, keys=keys)
        except UnknownKey:
            raise ProviderError("not_proved", "ID token: signed with a key that is not published") from None

    def _vouched(self, claims: dict[str, Any]) -> Vouched:
        spec, account = self._spec, ""
        if spec.account_claim and (spec.account_claim != "email" or claims.get("email_verified") is True):
            named = _claim(claims, spec.account_claim)
            account = named if isinstance(named, str) else ""
        name = next((claims[key] for key in ("name", "preferred_username") if isinstance(claims.get(key), str)), "")
        role: PersonRole | None = None
        if spec.role_claim:
            held = _claim(claims, spec.role_claim)
            values = held if isinstance(held, list) else [held]
            role = next((role for value, role in spec.roles.items() if value in values), None)
        return Vouched(
            issuer=spec.issuer,
            subject=claims["sub"],
            name=_spoken(name) or _spoken(claims["sub"]),
            account=account,
            role=role,
        )

    # ---- asking ------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience_s):
                yield
        except TimeoutError:
            raise ProviderError("provider_down", f"no answer within {self._patience_s:g} s") from None

    async def _told(self) -> _Metadata:
        async with self._asking:
            if self._metadata is not None and self._now() < self._until_t:
                return self._metadata
            where = f"{self._spec.issuer.rstrip('/')}/.well-known/openid-configuration"
            status, said = await self._fetch("GET", where)
            if status >= 500:
                raise ProviderError("provider_down", f"discovery: {status}")
            try:
                told = _Metadata.model_validate(said)
            except ValueError:
                raise ProviderError("provider_wrong", f"discovery: {status}, not what the standard asks for") from None
            if told.issuer != self._spec.issuer:
                raise ProviderError("provider_wrong", f"discovery: it calls itself {told.issuer[:200]}")
            for url in (told.authorization_endpoint, told.token_endpoint, told.jwks_uri):
                if not safe(url, self._spec.issuer):
                    raise ProviderError("provider_wrong", f"discovery: {url[:200]} is not reached by https")
            self._metadata, self._keys, self._until_t = told, None, self._now() + KEPT_S
            return told

    async def _known_keys(self, told: _Metadata, *, anew: bool = False) -> KeySet:
        async with self._asking:
            if self._keys is None or anew:
                status, said = await self._fetch("GET", told.jwks_uri)
                if status >= 500:
                    raise ProviderError("provider_down", f"keys: {status}")
                self._keys = await asyncio.to_thread(keys_of, said)
            return self._keys

    async def _redeemed(self, told: _Metadata, asked: Asked, code: str) -> str:
        """Give a code back for an ID token."""
        spec = self._spec
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked.redirect,
            "code_verifier": asked.verifier,
        }
        headers: dict[str, str] = {}
        if spec.secret and "client_secret_basic" in told.token_endpoint_auth_methods_supported:
            both = f"{quote_plus(spec.client_id)}:{quote_plus(spec.secret)}"
            headers["authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
        else:
            form |= {"client_id": spec.client_id} | ({"client_secret": spec.secret} if spec.secret else {})
        status, said = await self._fetch("POST", told.token_endpoint, data=form, headers=headers)
        if status >= 500:
            raise ProviderError("provider_down", f"token: {status}")
        answer = said if isinstance(said, dict) else {}
        if status != 200:
            error = str(answer.get("error", ""))[:60]
            ours = error in {"invalid_client", "unauthorized_client", "unsupported_grant_type"}
            raise ProviderError("provider_wrong" if ours else "not_proved", f"token: {status} {error}")
        if not isinstance(answer.get("id_token"), str):
            raise ProviderError("provider_wrong", "token: the answer holds no ID token")
        return str(answer["id_token"])

    async def _fetch(
        self, method: str, url: str, *, data: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Ask one question; returns the status and what the JSON says, None where it is none."""
        import httpx

        body = bytearray()
        plain = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
        try:
            async with (
                httpx.AsyncClient(
                    verify=self._tls, transport=self._transport, timeout=self._patience_s, trust_env=False
                ) as client,
                client.stream(method, url, data=data, headers=plain) as answer,
            ):
                async for piece in answer.aiter_raw():
                    body += piece
                    if len(body) > LARGEST:
                        raise ProviderError("provider_wrong", f"more than {LARGEST} bytes from {url[:200]}")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            reason = f"{url[:200]}: {type(error).__name__} {str(error)[:200]}".strip()
            raise ProviderError("provider_down", reason) from error
        try:
            return answer.status_code, orjson.loads(body)
        except ValueError:
            return answer.status_code, None


def _spoken(name: str) -> str:
    return "".join(each for each in " ".join(name.split()) if not unprintable(each))[:LONGEST_NAME].strip()


def _claim(claims: dict[str, Any], name: str) -> Any:
    """Return a claim by its name, or by a path of names with dots: realm_access.roles.

    >>> _claim({"a.b": 1}, "a.b"), _claim({"a": {"b": [2]}}, "a.b"), _claim({"a": 1}, "a.b")
    (1, [2], None)
    """
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
