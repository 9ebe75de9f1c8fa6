"""The prepared world a sample is tried in, and the registry of what ``worlds/`` knows about it."""

import importlib
import json
import pkgutil
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from wecom_sandbox import defaults
from wecom_sandbox.conformance import worlds
from wecom_sandbox.conformance.samples import Request, Sample, Upload
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.testing import Control, Running

_BOUNDARY = "sandbox-conformance"


class RefusedError(Exception):
    """A call that had to go through was refused."""


@dataclass
class World:
    """A sandbox just reset, seen from outside.

    ``ids`` is free for what a setting wants to tell the functions of its file.
    """

    running: Running
    ids: dict[str, Any] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def control(self) -> Control:
        """The control API."""
        return self.running.control

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox itself, for looking inside."""
        return self.running.world

    def get(self, api: str, *, app: str = "scrm", **query: Any) -> Any:
        """A GET that must succeed; its answer. RefusedError otherwise."""
        return self._need("GET", api, Request({}, query, app))

    def post(self, api: str, body: dict[str, Any] | None = None, *, app: str = "scrm", **query: Any) -> Any:  # fmt: skip
        """A POST that must succeed; its answer. RefusedError otherwise."""
        return self._need("POST", api, Request(body or {}, query, app))

    def upload(self, api: str, filename: str, content: bytes, *, app: str = "scrm", **query: Any) -> Any:  # fmt: skip
        """An upload that must succeed; its answer. RefusedError otherwise."""
        return self._need("POST", api, Request({}, query, app, Upload(filename, content)))

    def send(self, method: str, path: str, request: Request) -> Any:
        """One call as it is; the JSON of its answer, or its bytes when it is a file.

        Args:
            method: GET or POST.
            path: the whole path.
            request: what to send.
        """
        query = dict(request.query)
        if request.app:
            query["access_token"] = self.token(request.app)
        message = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.running.base_url}{path}?{urlencode(query)}", method=method
        )
        if request.upload is not None:
            message.data = _multipart(request.upload)
            message.add_header("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
        elif method == "POST":
            message.data = json.dumps(request.body, ensure_ascii=False).encode()
            message.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(message, timeout=60) as reply:  # noqa: S310
            content: bytes = reply.read()
            is_json = reply.headers.get_content_type() == "application/json"
        return json.loads(content) if is_json else content

    def token(self, app: str) -> str:
        """The access token of an app by its short name."""
        if app not in self._tokens:
            config = defaults.app_named(app)
            if config is None:
                raise RefusedError(f"no app {app}")
            query = {"corpid": defaults.CORP_ID, "corpsecret": config.secret}
            answer = self.send("GET", "/cgi-bin/gettoken", Request({}, query, ""))
            self._tokens[app] = str(answer["access_token"])
        return self._tokens[app]

    def forget_tokens(self) -> None:
        """Fetch new ones from now on, as after two hours."""
        self._tokens.clear()

    def _need(self, method: str, api: str, request: Request) -> Any:
        answer = self.send(method, f"/cgi-bin/{api}", request)
        if isinstance(answer, dict) and answer.get("errcode"):
            raise RefusedError(f"{api}: {answer['errcode']} {answer['errmsg']}")
        return answer


Answer = Callable[[World, Sample], Request]
Setting = Callable[[World], None]
Show = Callable[[World], Any]

SETTINGS: dict[str, Setting] = {}
ANSWERS: dict[str, Answer] = {}
RAISES: dict[str, Setting] = {}
SHOWS: dict[str, Show] = {}


def setting(build: Setting) -> Setting:
    """Register what is done after each reset for the functions of the same file."""
    SETTINGS[build.__module__] = build
    return build


def answers(*apis: str) -> Callable[[Answer], Answer]:
    """Register how a sample of these endpoints is turned into a request of this world.

    Args:
        apis: paths after ``/cgi-bin/``; whole paths for others.
    """

    def register(answer: Answer) -> Answer:
        ANSWERS.update(dict.fromkeys(apis, answer))
        return answer

    return register


def raises(*names: str) -> Callable[[Setting], Setting]:
    """Register the action that raises ``callback.<name>.xml``; the last such event is compared."""

    def register(act: Setting) -> Setting:
        RAISES.update(dict.fromkeys(names, act))
        return act

    return register


def shows(*files: str) -> Callable[[Show], Show]:
    """Register what returns the thing (JSON value, or XML text) to compare with these samples."""

    def register(show: Show) -> Show:
        SHOWS.update(dict.fromkeys(files, show))
        return show

    return register


def load_worlds() -> None:
    """Import every file of ``worlds/``."""
    for module in pkgutil.iter_modules(worlds.__path__):
        importlib.import_module(f"{worlds.__name__}.{module.name}")


def _multipart(upload: Upload) -> bytes:
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{upload.field}"; '
        f'filename="{upload.filename}"; filelength={len(upload.content)}\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode() + upload.content + f"\r\n--{_BOUNDARY}--\r\n".encode()
