"""OpenID providers to log in against: a small real one in a process of its own, and one that lies on request."""

import base64
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from django.contrib.messages import get_messages
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

START, CALLBACK = "/accounts/sso/start/", "/accounts/sso/callback/"
SECRET = "a-secret-of-the-client"


def configured(settings: Any, issuer: str, **more: str) -> None:
    """Let the product log in at this provider."""
    settings.BASE_URL = "http://testserver"
    settings.OIDC = {
        "issuer": issuer, "client_id": "scrm", "client_secret": SECRET, "name": "OA",
        "scope": "openid profile", "claim": "preferred_username", "match": "userid", **more,
    }  # fmt: skip


def words(answer: Any) -> str:
    """Return what the person is told."""
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def refused(client: Any, answer: Any) -> bool:
    """Tell whether she is back at the log-in page, told why, and nobody came in."""
    return (
        answer.url.startswith("/accounts/login/")
        and words(answer) != ""
        and "code=" not in answer.url
        and "_auth_user_id" not in client.session
    )


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def running(port: int) -> Iterator[str]:
    """Run oidc-provider-mock, an implementation of its own, as a program of its own; yields its issuer."""
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    issuer = f"http://127.0.0.1:{port}"
    try:
        _wait_for(issuer, program)
        yield issuer
    finally:
        program.terminate()
        program.wait(10)


def _wait_for(issuer: str, program: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and program.poll() is None:
        try:
            if requests.get(f"{issuer}/.well-known/openid-configuration", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise RuntimeError("oidc-provider-mock did not start")


def known(provider: str, subject: str, **claims: str) -> None:
    """Tell the real provider about a person."""
    answer = requests.put(f"{provider}/users/{subject}", json=claims, timeout=5)
    assert answer.status_code == 204


def answered(address: str, subject: str = "subject-1") -> str:
    """Log in at the provider; return where it sends the browser, without the host."""
    answer = requests.post(address, data={"sub": subject}, allow_redirects=False, timeout=5)
    parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"http://testserver{CALLBACK}"
    return f"{parts.path}?{parts.query}"


class Liar:
    """A provider whose discovery, keys or ID token is wrong in one way, or whose keys and clock move."""

    stranger = RSAKey.generate_key(2048, {"kid": "k1"})

    def __init__(self) -> None:
        self.lie = ""
        self.nonce = ""
        self.name = "guide_li"
        self.clock_s = 0
        self.keys = [RSAKey.generate_key(2048, {"kid": "k1"})]
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @Request.application
    def app(self, request: Request) -> Response:
        """Answer one request, or spoil the answer of the path that the lie names."""
        path, _sep, how = self.lie.partition(" ")
        if path == request.path:
            return self.spoilt(how)
        return Response(json.dumps(self.answer(request)), content_type="application/json")

    def spoilt(self, how: str) -> Response:
        """Return an answer that is no answer."""
        if how == "redirects":
            return Response(status=302, headers={"Location": f"{self.issuer}/jwks"})
        if how == "drips":
            return Response(self._drops(), content_type="application/json")
        return {
            "fails": Response("no", status=500),
            "html": Response("<html></html>", content_type="text/html"),
            "is huge": Response('{"a": "' + "x" * 300_000 + '"}', content_type="application/json"),
            "refuses": Response('{"error": "invalid_grant"}', status=400),
        }[how]

    def _drops(self) -> Iterator[bytes]:
        yield b"{"
        for _each in range(600):
            time.sleep(0.1)
            yield b" "

    def answer(self, request: Request) -> Any:
        """Return what an honest provider says, but for the lie."""
        if request.path == "/jwks":
            return {"keys": [key.as_dict(private=False) for key in self.keys]}
        if request.path == "/token":
            return {"access_token": "a", "token_type": "Bearer", "id_token": self.token()}
        found = {
            "issuer": self.issuer,
            **{name: f"{self.issuer}/{path}" for name, path in (
                ("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("jwks_uri", "jwks"))},
        }  # fmt: skip
        return {
            "other issuer": {**found, "issuer": "https://evil.example"},
            "a list": [],
            "no addresses": {"issuer": self.issuer},
            "ftp": {**found, "token_endpoint": "ftp://127.0.0.1/"},
        }.get(self.lie, found)

    def token(self) -> str:
        """Return an ID token, wrong as the lie says; the newest key signs."""
        claims = self._claims(int(time.time()) + self.clock_s)
        header, key = {"alg": "RS256", "kid": self.keys[-1].kid}, self.keys[-1]
        if self.lie == "a stranger's key":
            key = self.stranger
        if self.lie == "our secret as key":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
        if self.lie == "alg none":
            parts = [_raw({"alg": "none"}), _raw(claims), ""]
            return ".".join(parts)
        if self.lie == "nonsense":
            return "not.a.token"
        return jwt.encode(header, claims, key)

    def _claims(self, now: int) -> dict[str, Any]:
        claims: dict[str, Any] = {
            "iss": self.issuer, "aud": "scrm", "sub": "subject-1", "iat": now, "exp": now + 300,
            "nonce": self.nonce, "preferred_username": self.name,
        }  # fmt: skip
        claims |= {
            "wrong issuer": {"iss": "https://evil.example"},
            "wrong audience": {"aud": "another"},
            "two audiences, not ours": {"aud": ["scrm", "another"], "azp": "another"},
            "wrong nonce": {"nonce": "x"},
            "expired": {"iat": now - 900, "exp": now - 600},
            "not yet": {"nbf": now + 600},
            "empty subject": {"sub": ""},
        }.get(self.lie, {})
        for name in ("nonce", "exp", "sub", "iss", "aud"):
            if self.lie == f"no {name}":
                del claims[name]
        return claims


def _raw(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
