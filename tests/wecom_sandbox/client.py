"""What the tests of the sandbox use to talk to it: a bare HTTP client and a callback receiver."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import xmltodict
from wechatpy.work.crypto import WeChatCrypto

from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, Running

TINY_PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


class Api:
    """Calls the sandbox as an app does.

    Args:
        running: the sandbox.
        secret: whose token to use.
    """

    def __init__(self, running: Running, secret: str = defaults.APP_SECRET) -> None:
        self.base_url, self.secret = running.base_url, secret
        self._token = ""

    @property
    def token(self) -> str:
        """The access token, fetched once."""
        if not self._token:
            answer = self.raw("gettoken", corpid=defaults.CORP_ID, corpsecret=self.secret)
            self._token = answer["access_token"]
        return self._token

    def forget_token(self) -> None:
        """Fetch a new one next time, as after two hours."""
        self._token = ""

    def raw(self, api: str, body: Any = None, **query: Any) -> Any:
        """A call without token; a body makes it a POST."""
        url = f"{self.base_url}/cgi-bin/{api}?{urlencode(query)}"
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=30) as reply:
            return json.loads(reply.read())

    def get(self, api: str, **query: Any) -> Any:
        """GET with token."""
        return self.raw(api, access_token=self.token, **query)

    def post(self, api: str, body: Any = None, **query: Any) -> Any:
        """POST with token."""
        return self.raw(api, body or {}, access_token=self.token, **query)

    def code(self, api: str, body: Any = None, **query: Any) -> int:
        """The errcode of a POST (with a body) or GET with token."""
        answer = self.raw(api, body, access_token=self.token, **query)
        return int(answer["errcode"])

    def upload(self, api: str, content: bytes, filename: str = "a.png", **query: Any) -> Any:
        """A multipart upload of the field ``media``."""
        boundary = "sandboxtests"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="{filename}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        url = f"{self.base_url}/cgi-bin/{api}?{urlencode({'access_token': self.token, **query})}"
        request = urllib.request.Request(
            url,
            data=head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.loads(reply.read())


class Receiver:
    """A callback receiver that decrypts with wechatpy.

    ``answers`` is asked for the HTTP status of the n-th POST (from 0); ``delay`` seconds pass first.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.stamps: list[str] = []
        self.queries: list[dict[str, str]] = []
        self.answers: Callable[[int], int] = lambda number: 200
        self.delay = 0.0
        self.echo = True
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                receiver._verify(self)

            def do_POST(self) -> None:
                receiver._receive(self)

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/callback"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def body(self) -> bytes:
        """What a callback is answered with."""
        return b"success"

    def changes(self) -> list[str]:
        """ChangeType of every accepted event, in order of arrival."""
        return [event["ChangeType"] for event in self.events]

    def crypto(self, path: str) -> WeChatCrypto:
        """wechatpy's crypto for the app whose address it is."""
        name = parse_qs(urlsplit(path).query).get(
            "app", ["contacts" if "contacts" in path else "scrm"]
        )[0]
        app = defaults.app_named(name)
        assert app is not None
        return WeChatCrypto(app.token, app.aes_key, defaults.CORP_ID)

    def _verify(self, handler: BaseHTTPRequestHandler) -> None:
        query = {k: v[0] for k, v in parse_qs(urlsplit(handler.path).query).items()}
        plain = self.crypto(handler.path).check_signature(
            query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"]
        )
        body = (plain if isinstance(plain, bytes) else plain.encode()) if self.echo else b"success"
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _receive(self, handler: BaseHTTPRequestHandler) -> None:
        query = {k: v[0] for k, v in parse_qs(urlsplit(handler.path).query).items()}
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        plain = self.crypto(handler.path).decrypt_message(
            body, query["msg_signature"], query["timestamp"], query["nonce"]
        )
        with self._lock:
            status = self.answers(len(self.bodies))
            self.bodies.append(body)
            self.stamps.append(query["nonce"])
            self.queries.append(query)
        time.sleep(self.delay)
        if status == 200:
            with self._lock:
                self.events.append(dict(xmltodict.parse(plain)["xml"]))
        answer = self.body()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)


def shop(control: Control, members: int = 3, **fields: Any) -> list[str]:
    """Guides who can receive customers; their userids."""
    seeded = control.post("seed_org", {"members": members, "departments": 2, **fields})
    userids: list[str] = seeded["userids"]
    return userids


def code(app: Api, users: list[str], **fields: Any) -> str:
    """A QR contact way; its config_id."""
    way = {"type": 2, "scene": 2, "user": users, "state": "s1", **fields}
    answer = app.post("externalcontact/add_contact_way", way)
    assert answer["errcode"] == 0, answer
    return str(answer["config_id"])
