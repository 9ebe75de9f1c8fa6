"""HTTP to another system: one allowed host, no redirects, a signed request, little patience and a size limit."""

import hashlib
import hmac
import html
import re
import secrets
import time
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
import requests
from django.utils.translation import gettext as _

from scrm.core.exceptions import ExternalFailure, ValidationFailed
from scrm.core.feeds.hosts import HTTP, need_allowed, refuses
from scrm.wecom.deadline import CONNECT_SECONDS, Deadline, DeadlineAdapter, avoiding, within

if TYPE_CHECKING:
    from scrm.core.feeds.rest import RestSettings

PAGE_SECONDS = 30.0
READ_SECONDS = 20.0
MOST_BYTES = 32 * 1024 * 1024
WORDS_SHOWN = 200
# Pages say what they are about near their beginning.
BYTES_LOOKED_AT = 16 * 1024
# What of a page no reader sees: comments, scripts and styles with what they hold, tags, also those cut off.
MARKUP = re.compile(r"(?is)<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1\s*>|$)|<[^>]*(?:>|$)")


class RestDoor:
    """A session with the host; use it as a context manager."""

    def __init__(self, settings: "RestSettings") -> None:
        self._settings = settings
        self._host, _port = need_allowed(
            settings.origin, HTTP, listed=settings.allowed, listed_in=settings.allowed_by
        )
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update({"User-Agent": "scrm", "Accept": "application/json"})
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, DeadlineAdapter())

    def __enter__(self) -> "RestDoor":
        return self

    def __exit__(self, *_error: object) -> None:
        self._session.close()

    def ask(self, path: str, query: dict[str, str]) -> Any:
        """Return one answer as data; raises ExternalFailure in words."""
        if not path.startswith("/") or path.startswith("//") or "\\" in path:
            raise ValidationFailed(_("A path begins with one slash."), code="path_unreadable")
        if query:
            path += ("&" if "?" in path else "?") + urlencode(query)
        body = self._body(path)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            raise ExternalFailure(
                _("The system did not answer with JSON but with: %(words)s")
                % {"words": _shown(body) or _("nothing")},
                code="feed_no_json",
            ) from None

    def _body(self, path: str) -> bytes:
        try:
            with within(Deadline(PAGE_SECONDS)), avoiding(refuses(self._host)):
                return self._fetch(path)
        except requests.exceptions.SSLError:
            words = _("its certificate is not trusted")
        except (requests.exceptions.Timeout, TimeoutError):
            words = _("it did not answer in time")
        except (requests.RequestException, OSError):
            words = _("no connection could be made, or it broke off")
        raise ExternalFailure(
            _("%(origin)s cannot be read: %(words)s.")
            % {"origin": self._settings.origin, "words": words},
            code="feed_unreachable",
        )

    def _fetch(self, path: str) -> bytes:
        with self._session.get(
            self._settings.origin + path,
            headers=signed_headers(self._settings, path),
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response:
            body = bytearray()
            for chunk in response.iter_content(65_536):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise ExternalFailure(
                        _("One answer is larger than %(limit)d MB. Make its pages smaller.")
                        % {"limit": MOST_BYTES // 1024 // 1024},
                        code="feed_too_large",
                    )
            if response.status_code != 200:
                raise _refused(response.status_code, bytes(body))
            return bytes(body)


def _refused(status: int, body: bytes) -> ExternalFailure:
    if 300 <= status < 400:
        words = _("The system sends us to another address (%(status)d), which we do not follow. Enter the address itself.")  # fmt: skip
    elif status in {401, 403}:
        words = _("The system refuses our log-in (%(status)d). Check the key or secret: %(said)s")
    else:
        words = _("The system answered %(status)d: %(said)s")
    said = _shown(body) or "—"
    return ExternalFailure(words % {"status": status, "said": said}, code="feed_refused")


def _shown(body: bytes) -> str:
    """Return the first words of an answer; of a page those a reader would see, without its markup."""
    text = body[:BYTES_LOOKED_AT].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        text = html.unescape(MARKUP.sub(" ", text))
    return " ".join(text.split())[:WORDS_SHOWN]


def signed_headers(settings: "RestSettings", path: str) -> dict[str, str]:
    """Return the headers that log in.

    HMAC: hex SHA-256 over `GET\\n<path?query>\\n<unix seconds>\\n<nonce>` in X-Signature, beside X-Access-Key,
    X-Timestamp and X-Nonce.
    """
    secret = settings.secret
    if settings.auth == "bearer":
        return {"Authorization": f"Bearer {secret}"}
    if settings.auth == "header":
        return {settings.header: secret}
    if settings.auth != "hmac":
        return {}
    at, nonce = str(int(time.time())), secrets.token_hex(12)
    text = "\n".join(("GET", path, at, nonce))
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "X-Access-Key": settings.key_id, "X-Timestamp": at, "X-Nonce": nonce, "X-Signature": signature,
    }  # fmt: skip
