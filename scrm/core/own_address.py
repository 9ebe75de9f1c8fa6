"""Asks our own public address what a stranger would see: the only HTTP that does not go to WeCom.

It goes to SCRM_BASE_URL and nowhere else: a path is appended, no redirect is followed, no cookie is kept, and
little of the answer is read.
"""

import secrets
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.urls import reverse

from scrm.core import gateway
from scrm.wecom.deadline import CONNECT_SECONDS, READ_SECONDS, Deadline, DeadlineAdapter, within

TOTAL_SECONDS = 6.0
MOST_BYTES = 64 * 1024
AGENT = "scrm-self-test"
# Nonces of our own verifications begin so; WeCom's are numbers. Those of doctor are not worth a note.
OWN_NONCE = "selftest"
QUIET_NONCE = "doctor"


@dataclass(frozen=True)
class Seen:
    """What came back; `problem` says why nothing did: dns, tls, refused, timeout, broken."""

    status: int = 0
    body: bytes = b""
    location: str = ""
    problem: str = ""


@dataclass(frozen=True)
class EchoResult:
    """How one form of a callback address answered: `outcome` is answered or what went wrong."""

    url: str
    outcome: str
    status: int = 0
    location: str = ""


def base_url() -> str:
    """Return the public address without a slash at its end."""
    return str(settings.BASE_URL).rstrip("/")


def host() -> str:
    """Return the public host, with its port where it has one: what WeCom calls the trusted domain."""
    return urlsplit(base_url()).netloc


def ask(path: str, query: dict[str, str] | None = None) -> Seen:
    """Fetch a path of our own public address.

    Raises ValueError for a path that does not begin with one slash: it could name another host.
    """
    if not path.startswith("/") or path.startswith("//"):
        raise ValueError("a path of ours begins with one slash")
    with requests.Session() as session:
        session.trust_env = False
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers["User-Agent"] = AGENT
        for scheme in ("http://", "https://"):
            session.mount(scheme, DeadlineAdapter())
        try:
            with within(Deadline(TOTAL_SECONDS)):
                return _fetch(session, base_url() + path, query or {})
        except requests.exceptions.SSLError:
            problem = "tls"
        except requests.exceptions.Timeout:
            problem = "timeout"
        except requests.exceptions.ConnectionError as failure:
            problem = "dns" if "NameResolution" in repr(failure) else "refused"
        except TimeoutError:
            problem = "timeout"
        except (requests.RequestException, OSError):
            problem = "broken"
    return Seen(problem=problem)


def _fetch(session: requests.Session, url: str, query: dict[str, str]) -> Seen:
    with session.get(
        url,
        params=query,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        allow_redirects=False,
        stream=True,
    ) as response:
        body = bytearray()
        for chunk in response.iter_content(8192):
            body += chunk
            if len(body) > MOST_BYTES:
                break
        return Seen(
            response.status_code, bytes(body[:MOST_BYTES]), response.headers.get("Location", "")
        )


def callback_url(app: str) -> str:
    """Return the address to enter at WeCom for an app's callbacks."""
    return base_url() + reverse("callback:receive", args=[app])


def verify_callback(app: str, *, quiet: bool = False) -> list[EchoResult]:
    """Verify both forms of an app's callback address as WeCom would, with and without the last slash.

    Returns nothing where no key is known. outcome: answered, unreachable_<problem>, redirected, not_found,
    refused (our keys are not the ones the server has), status, wrong_echo. `quiet` leaves no note when it
    goes well.
    """
    ciphers = gateway.callback_ciphers(app, haste=True)
    if not ciphers:
        return []
    path = reverse("callback:receive", args=[app])
    mark = QUIET_NONCE if quiet else OWN_NONCE
    results = []
    for form in (path, path.rstrip("/")):
        plain = str(secrets.randbelow(10**18))
        query = ciphers[0].cipher.verification(
            plain, timestamp=str(int(time.time())), nonce=mark + secrets.token_hex(6)
        )
        results.append(_echo(base_url() + form, ask(form, query), plain))
    return results


def _echo(url: str, seen: Seen, plain: str) -> EchoResult:
    if seen.problem:
        outcome = f"unreachable_{seen.problem}"
    elif 300 <= seen.status < 400:
        outcome = "redirected"
    elif seen.status == 404:
        outcome = "not_found"
    elif seen.status == 400:
        outcome = "refused"
    elif seen.status != 200:
        outcome = "status"
    else:
        outcome = "answered" if seen.body == plain.encode() else "wrong_echo"
    return EchoResult(url, outcome, seen.status, seen.location[:200])


def certificate_days() -> int | None:
    """Return how many days our certificate is still good, None where it cannot be had or there is none.

    Raises nothing: what is wrong with TLS itself `ask` has told already.
    """
    parts = urlsplit(base_url())
    if parts.scheme != "https" or not parts.hostname:
        return None
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 443), CONNECT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            certificate = secure.getpeercert() or {}
    except OSError:
        return None
    ends = str(certificate.get("notAfter", ""))
    if not ends:
        return None
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), tz=UTC)
    return (until - datetime.now(UTC)).days
