"""An ID token: whether it is what was asked for, and what it says (OpenID Connect Core 3.1.3.7)."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, KeySet, RSAKey

from orchestrator.core.oidc import ProviderError

if TYPE_CHECKING:
    from joserfc.jwk import Key

    from orchestrator.core.oidc import Asked

# Signed with a key that the provider alone has: neither "none" nor HS*, whose key would be known to us or to anybody.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
PUBLIC = frozenset({"RSA", "EC", "OKP"})
RSA_BITS = 2048
LEEWAY_S = 30  # clocks that are apart
_BROKEN = (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


class UnknownKey(Exception):
    """The token names a key that is not among those known: the provider may have new ones."""


def keys_of(published: Any) -> KeySet:
    """Return a provider's keys for signatures; what can't be used is left out. Raises ProviderError."""
    listed = published.get("keys") if isinstance(published, dict) else None
    found = [key for each in (listed if isinstance(listed, list) else ())[:100] if (key := _key(each)) is not None]
    if not found:
        raise ProviderError("provider_wrong", "it publishes no key for signatures")
    return KeySet(found)


def claims_of(token: str, keys: KeySet, asked: Asked, *, issuer: str, client: str, now: float) -> dict[str, Any]:
    """Return what a token says, once all of it fits what was asked. Raises ProviderError, UnknownKey."""
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=LEEWAY_S,
            iss={"essential": True, "value": issuer},
            sub={"essential": True},
            aud={"essential": True, "value": client},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(claims)
    except InvalidKeyIdError as error:
        raise UnknownKey from error
    except _BROKEN as error:
        raise ProviderError("not_proved", f"ID token: {str(error)[:200]}") from error
    if (wrong := _misfit(claims, asked, client)) is not None:
        raise ProviderError("not_proved", f"ID token: {wrong}")
    return claims


def _misfit(claims: dict[str, Any], asked: Asked, client: str) -> str | None:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not secrets.compare_digest(nonce.encode(), asked.nonce.encode()):
        return "it answers another sign-in (nonce)"
    audience, party = claims["aud"], claims.get("azp")
    if party is not None and party != client:
        return "it was made for another client (azp)"
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        return "it is for several clients, and does not say for which it was made (azp)"
    if not 0 < len(claims["sub"]) <= 255:
        return "it names nobody (sub)"
    since = claims.get("auth_time")
    if isinstance(since, bool) or not isinstance(since, int | float) or not math.isfinite(since):
        return "it does not say when the person signed in (auth_time), which was asked for (max_age)"
    if since < asked.began_t - LEEWAY_S:
        return "the person signed in before that was asked for: whoever held the tablet then (auth_time)"
    return None


def _key(published: Any) -> Key | None:
    if not isinstance(published, dict) or published.get("kty") not in PUBLIC or published.get("use", "sig") != "sig":
        return None
    if published["kty"] == "RSA" and len(str(published.get("n"))) * 6 < RSA_BITS:
        return None
    try:
        key = JWKRegistry.import_key({name: value for name, value in published.items() if name != "key_ops"})
        if isinstance(key, RSAKey) and key.public_key.key_size < RSA_BITS:
            return None
    except _BROKEN:
        return None
    return key
