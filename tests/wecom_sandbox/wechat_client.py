"""What the tests of the WeChat side use: calls with an account's token, and a receiver of its callbacks."""

import json
import threading
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import xmltodict
from wechatpy.crypto import WeChatCrypto

from wecom_sandbox.testing import Running
from wecom_sandbox.wechat.accounts import SERVICE, Account


class WeChat:
    """Calls the sandbox as an account's server does."""

    def __init__(self, running: Running, account: Account = SERVICE) -> None:
        self.base_url, self.account = f"{running.base_url}/wechat", account
        self._token = ""

    @property
    def token(self) -> str:
        """The stable token, fetched once."""
        if not self._token:
            self._token = self.stable()["access_token"]
        return self._token

    def stable(self, **more: Any) -> Any:
        """One call for the stable token."""
        wish = {
            "grant_type": "client_credential",
            "appid": self.account.appid,
            "secret": self.account.secret,
        }
        return self.raw("/cgi-bin/stable_token", wish | more)

    def plain(self, **more: Any) -> Any:
        """One call for a token of the old kind."""
        wish = {
            "grant_type": "client_credential",
            "appid": self.account.appid,
            "secret": self.account.secret,
        }
        return self.raw("/cgi-bin/token", **(wish | more))

    def raw(self, path: str, body: Any = None, host: str = "", **query: Any) -> Any:
        """A call without token; a body makes it a POST."""
        answer, content = self.fetch(path, body, host, **query)
        return json.loads(content) if "image" not in answer else content

    def fetch(self, path: str, body: Any = None, host: str = "", **query: Any) -> tuple[str, bytes]:
        """Content type and bytes of an answer."""
        base = self.base_url if not host else self.base_url.removesuffix("/wechat")
        data = (
            body
            if body is None or isinstance(body, bytes)
            else json.dumps(body, ensure_ascii=False).encode()
        )
        request = urllib.request.Request(f"{base}{path}?{urlencode(query)}", data=data)
        if host:
            request.add_header("Host", host)
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.headers["Content-Type"], reply.read()

    def get(self, path: str, **query: Any) -> Any:
        """GET with token."""
        return self.raw(path, access_token=self.token, **query)

    def post(self, path: str, body: Any = None, **query: Any) -> Any:
        """POST with token."""
        return self.raw(path, body or {}, access_token=self.token, **query)

    def code(self, path: str, body: Any = None, **query: Any) -> int:
        """The errcode of a call with token, 0 when there is none."""
        return int(self.raw(path, body, access_token=self.token, **query).get("errcode", 0))


class Listener:
    """An account's callback address: keeps what came, checked and decrypted by wechatpy."""

    def __init__(self, account: Account = SERVICE) -> None:
        self.account = account
        self.events: list[dict[str, Any]] = []
        self.queries: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.say: Callable[[int], tuple[int, bytes]] = lambda number: (200, b"success")
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
                self._answer(200, query["echostr"].encode())

            def do_POST(self) -> None:
                query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
                self._answer(
                    *listener.take(query, self.rfile.read(int(self.headers["Content-Length"])))
                )

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/wechat"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Read one callback; what to answer."""
        status, answer = self.say(len(self.bodies))
        self.bodies.append(body)
        self.queries.append(query)
        plain = body
        if (
            query.get("encrypt_type") == "aes"
            and b"<MsgType>" not in body
            and b'"MsgType"' not in body
        ):
            crypto = WeChatCrypto(self.account.token, self.account.aes_key, self.account.appid)
            envelope = body
            if body.startswith(b"{"):
                envelope = xmltodict.unparse({"xml": json.loads(body)}).encode()
            opened = crypto.decrypt_message(
                envelope, query["msg_signature"], query["timestamp"], query["nonce"]
            )
            plain = opened if isinstance(opened, bytes) else opened.encode()
        if status == 200:
            read = json.loads(plain) if plain.startswith(b"{") else xmltodict.parse(plain)["xml"]
            self.events.append(dict(read))
        return status, answer

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
