"""The retailer's SSO: OpenID Connect, authorization code with PKCE, the ID token checked by us.

Every answer is bounded in time and size, no redirect is followed, and a refusal never shows code or secret.
Source: OpenID Connect Core 1.0 §3.1, Discovery 1.0 §4, RFC 7636, RFC 9207.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from django.conf import settings
from django.utils.translation import gettext as _
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from scrm.core.exceptions import ExternalFailure, PermissionDenied
from scrm.wecom.deadline import CONNECT_SECONDS, READ_SECONDS, Deadline, DeadlineAdapter, within

MOST_BYTES = 256 * 1024
LEEWAY_S = 60
HOW: dict[str, Any] = {
    "timeout": (CONNECT_SECONDS, READ_SECONDS),
    "allow_redirects": False,
    "stream": True,
}
# Signed by the provider's private key: neither "none" nor a secret that we share with it.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


@dataclass(frozen=True)
class Provider:
    """What the provider says about itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    secret_in_body: bool


@dataclass(frozen=True)
class Identity:
    """Whom the provider names: the lasting subject, and the claim that we look up."""

    issuer: str
    subject: str
    claim: str


def is_set_up() -> bool:
    """Whether IT gave the provider's address and our id there."""
    return bool(settings.OIDC["issuer"] and settings.OIDC["client_id"])


def verifier() -> str:
    """Return a fresh PKCE verifier."""
    return str(generate_token(64))


def discover() -> Provider:
    """Read what the provider says about itself; raises ExternalFailure when it does not make sense."""
    issuer = settings.OIDC["issuer"].rstrip("/")
    with _session(requests.Session()) as session, within(Deadline()):
        found = _read(session, f"{issuer}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != issuer:
        raise _unusable(_("it calls itself by another name"))
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    addresses = {name: str(found.get(name, "")) for name in names}
    scheme = urlsplit(issuer).scheme
    if not all(urlsplit(each).scheme in {"https", scheme} for each in addresses.values()):
        raise _unusable(_("an address it names is not https"))
    return Provider(
        issuer=str(found["issuer"]),
        secret_in_body="client_secret_basic" not in methods and "client_secret_post" in methods,
        **addresses,
    )


def address_of(provider: Provider, *, state: str, nonce: str, verifier: str, back: str) -> str:
    """Return where to send the person; `back` is our callback's address."""
    address, _state = _client(provider, back).create_authorization_url(
        provider.authorization_endpoint, state=state, nonce=nonce, code_verifier=verifier
    )
    return str(address)


def identity_of(provider: Provider, *, code: str, nonce: str, verifier: str, back: str) -> Identity:
    """Exchange the code and check the ID token: signature, issuer, audience, nonce, times.

    Raises ExternalFailure when the provider or its token does not hold, PermissionDenied without the claim.
    """
    try:
        with _client(provider, back) as client, within(Deadline()):
            token = client.fetch_token(
                provider.token_endpoint, code=code, code_verifier=verifier, **HOW
            )
            keys = _read(client, provider.jwks_uri, withhold_token=True)
        claims = _claims(provider, str(token["id_token"]), keys, nonce)
    except (AuthlibBaseError, JoseError, OSError, ValueError, KeyError) as error:
        # Not chained: the text of these errors may hold the code.
        reason = type(error).__name__
    else:
        return _identity(provider, claims)
    raise _unusable(reason)


def _client(provider: Provider, back: str) -> Any:
    secret = settings.OIDC["client_secret"]
    # Which way our secret travels: as the provider says, a public client has none.
    post = "client_secret_post" if secret else "none"
    client = OAuth2Session(
        settings.OIDC["client_id"],
        secret or None,
        scope=settings.OIDC["scope"],
        redirect_uri=back,
        code_challenge_method="S256",
        token_endpoint_auth_method=post if provider.secret_in_body or not secret else None,
    )
    client.register_compliance_hook("access_token_response", _bounded)
    return _session(client)


def _session(session: Any) -> Any:
    """Let what a session asks end with the deadline, however slowly the other side drips."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, DeadlineAdapter())
    return session


def _claims(provider: Provider, id_token: str, keys: dict[str, Any], nonce: str) -> dict[str, Any]:
    known = KeySet.import_key_set(keys)  # type: ignore[arg-type]
    token = jwt.decode(id_token, known, algorithms=ALGORITHMS)
    checked = CodeIDToken(
        token.claims,
        token.header,
        {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": settings.OIDC["client_id"]},
        },
        {"nonce": nonce, "client_id": settings.OIDC["client_id"]},
    )
    checked.validate(leeway=LEEWAY_S)
    return dict(checked)


def _identity(provider: Provider, claims: dict[str, Any]) -> Identity:
    name = settings.OIDC["claim"]
    value = claims.get(name)
    if not isinstance(value, str) or not value.strip() or not claims["sub"]:
        raise PermissionDenied(
            _("The company log-in did not say who you are here (it left out %(claim)s). Tell IT.")
            % {"claim": name}
        )
    return Identity(provider.issuer, str(claims["sub"])[:255], value.strip())


def _read(session: Any, address: str, **more: Any) -> dict[str, Any]:
    """Return the JSON object behind an address of the provider."""
    try:
        with session.get(address, **HOW, **more) as answer:
            found = orjson.loads(_bounded(answer).content) if answer.status_code == 200 else None
    except (OSError, ValueError) as error:
        raise _unusable(type(error).__name__) from error
    if not isinstance(found, dict):
        raise _unusable(f"HTTP {answer.status_code}")
    return found


def _bounded(answer: requests.Response) -> requests.Response:
    """Read an answer to its end; raises ValueError when it is larger than any honest one."""
    content = bytearray()
    for chunk in answer.iter_content(8192):
        content += chunk
        if len(content) > MOST_BYTES:
            raise ValueError("the answer is too large")
    # What requests itself sets after a read to the end.
    answer._content = bytes(content)
    return answer


def _unusable(reason: str) -> ExternalFailure:
    return ExternalFailure(
        _(
            "The company log-in did not answer as it should (%(reason)s). Start again; if it stays so, "
            "log in with WeCom and tell IT."
        )
        % {"reason": reason}
    )
