"""The WSGI application: finds the endpoint or page, applies faults and limits, keeps the ledger."""

import json
import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import orjson
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import Map
from werkzeug.wrappers import Request, Response

from wecom_sandbox import api, console, control, pages, pictures
from wecom_sandbox.apps import passive_replies
from wecom_sandbox.archive import finance_pages
from wecom_sandbox.call import Call
from wecom_sandbox.contacts import exports
from wecom_sandbox.endpoints import REGISTRY, Access, Endpoint, known_endpoints
from wecom_sandbox.errors import WeComError, error_text
from wecom_sandbox.faults import after_call, before_call, disconnector, pause_of
from wecom_sandbox.logins import oauth_pages
from wecom_sandbox.phone import home as phone
from wecom_sandbox.rates import DEBUG_PER_MINUTE
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import site as wechat

__all__ = ["Application", "api"]

logger = logging.getLogger(__name__)
_MOST_LEDGER_BODY = 4000
_PAUSE = "wecom_sandbox.pause"
_SECRET_PARAMETERS = frozenset({"access_token", "corpsecret"})
Page = Callable[..., Response]


class SandboxRequest(Request):
    """A request with the limits WeCom has for uploads."""

    max_content_length = 21 * 1024 * 1024


class Application:
    """The sandbox over WSGI.

    Args:
        sandbox: the corp to serve.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        modules = (
            control,
            console,
            exports,
            finance_pages,
            oauth_pages,
            pages,
            phone,
            pictures,
            wechat,
        )
        wechat.install(sandbox)
        sandbox.delivery.answered = partial(passive_replies.take, sandbox)
        self._pages: Map = Map([rule for module in modules for rule in module.rules()])

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        request = SandboxRequest(environ)
        api_name = request.path.removeprefix("/cgi-bin/")
        disconnect = disconnector(environ)
        # The control API must stay reachable to take faults away again.
        protected = request.path.startswith("/sandbox/")
        fault = None if protected else self.sandbox.faults.pick(api_name)
        answer = before_call(fault, disconnect) if fault else None
        if answer is None:
            self._pause(request, pause_of(fault))
            answer = self._answer(request, fault.kind if fault else "")
            if fault:
                answer = after_call(fault, answer, disconnect)
        elif request.path.startswith("/cgi-bin/"):
            self._record(request, None, None, 0.0, fault.kind if fault else "")
        return answer(environ, start_response)

    @staticmethod
    def _pause(request: SandboxRequest, seconds: float) -> None:
        """Wait now, or, for a call of WeCom's API, while it holds its place among those under way."""
        if request.path in REGISTRY and not wechat.serves(request):
            request.environ[_PAUSE] = seconds
        elif seconds:
            time.sleep(seconds)

    def _answer(self, request: SandboxRequest, fault: str) -> Response:
        if wechat.serves(request):
            return wechat.answer(self.sandbox, request, fault)
        if request.path.startswith("/cgi-bin/"):
            return self._api(request, fault)
        try:
            adapter = self._pages.bind_to_environ(request.environ)
            page, values = adapter.match()
            handler: Page = page
            return handler(self.sandbox, request, **values)
        except HTTPException as error:
            return _no_page(request, error)

    def _api(self, request: SandboxRequest, fault: str) -> Response:
        endpoint = REGISTRY.get(request.path)
        if endpoint is None:
            return _unsupported(request)
        started = time.perf_counter()
        app_name: list[str] = []
        try:
            result = self._call(endpoint, request, app_name)
            code = 0
        except WeComError as error:
            text = error_text(
                error, ip=_ip(request), at=self.sandbox.clock.now(), serial=self.sandbox.serial()
            )
            text += _diagnosis(request)
            result, code = {"errcode": error.code, "errmsg": text}, error.code
        except RequestEntityTooLarge:
            result, code = {"errcode": 45002, "errmsg": "content size out of limit"}, 45002
        ms = (time.perf_counter() - started) * 1000
        self._record(request, app_name[0] if app_name else "", code, ms, fault)
        if isinstance(result, Response):
            return result
        return Response(_as_json(result), mimetype="application/json")

    def _call(
        self, endpoint: Endpoint, request: SandboxRequest, app_name: list[str]
    ) -> dict[str, Any] | Response:
        sandbox = self.sandbox
        if request.method not in (endpoint.method, endpoint.also):
            raise WeComError(43001 if endpoint.method == "GET" else 43002)
        app = None
        if endpoint.access is not Access.OPEN:
            app = sandbox.tokens.app_of(request.args.get("access_token", ""))
            app_name.append(app.name)
            sandbox.scopes.check_ip(app, _ip(request))
            sandbox.scopes.check_access(app, endpoint.access, endpoint.api)
        caller = app.name if app else ""
        sandbox.rates.take(endpoint.api, caller, _ip(request))
        if _is_debug(request):
            sandbox.rates.use(f"debug:{caller}", "minute", DEBUG_PER_MINUTE)
        call = Call(
            sandbox=sandbox,
            query=request.args.to_dict(),
            body=_body(request),
            app=app,
            ip=_ip(request),
            base_url=sandbox.public_url or request.host_url.rstrip("/"),
            api=endpoint.api,
            upload=lambda: _upload(request),
            headers=dict(request.headers),
        )
        with sandbox.rates.running(endpoint.api):
            if pause := request.environ.get(_PAUSE):
                time.sleep(pause)
            with sandbox.store.transaction():
                result = endpoint.handler(call)
        if isinstance(result, Response):
            return result
        answer: dict[str, Any] = {"errcode": 0, "errmsg": "ok"} | result
        return answer

    def _record(
        self, request: SandboxRequest, app: str | None, code: int | None, ms: float, fault: str
    ) -> None:
        query = {k: v for k, v in request.args.items() if k not in _SECRET_PARAMETERS}
        is_json = request.mimetype != "multipart/form-data"
        body = request.get_data(as_text=True)[:_MOST_LEDGER_BODY] if is_json else "(upload)"
        with self.sandbox.store.transaction():
            self.sandbox.store.insert(
                "calls", at=self.sandbox.clock.now(), method=request.method,
                api=request.path.removeprefix("/cgi-bin/"), app=app or "",
                query=json.dumps(query, ensure_ascii=False), body=body, errcode=code, ms=round(ms, 3),
                ip=_ip(request), fault=fault,
            )  # fmt: skip


def _ip(request: Request) -> str:
    return request.remote_addr or "127.0.0.1"


def _is_debug(request: Request) -> bool:
    return request.args.get("debug") == "1"


def _diagnosis(request: Request) -> str:
    """What ``&debug=1`` adds to a refusal: the parameters as they arrived, by name and type."""
    if not _is_debug(request):
        return ""
    try:
        body = _body(request)
    except WeComError:
        body = {}
    told = {name: type(value).__name__ for name, value in body.items()}
    query = sorted(set(request.args) - _SECRET_PARAMETERS)
    return f", debug: query {json.dumps(query)} body {json.dumps(told, ensure_ascii=False)}"


def _body(request: Request) -> dict[str, Any]:
    if request.method != "POST" or request.mimetype == "multipart/form-data":
        return {}
    raw = request.get_data()
    if not raw:
        return {}
    try:
        parsed = json.loads(raw)
    except ValueError:
        raise WeComError(47001, "Warning: wrong json format") from None
    if not isinstance(parsed, dict):
        raise WeComError(47001, "Warning: wrong json format")
    return parsed


def _upload(request: Request) -> FileStorage | None:
    return request.files.get("media")


def _unsupported(request: Request) -> Response:
    known = {entry.path: entry for entry in known_endpoints()}.get(request.path)
    words = "not in the documentation known to the sandbox"
    if known is not None:
        words = "; ".join(filter(None, (f"documented at {known.doc}", known.excluded)))
    body = {
        "errcode": 404,
        "errmsg": f"the sandbox does not implement {request.method} {request.path} ({words})",
    }
    return Response(json.dumps(body), status=404, mimetype="application/json")


def _as_json(answer: dict[str, Any]) -> bytes:
    """An answer as bytes; pages of customers are large, and orjson takes a tenth of the time."""
    try:
        return orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        # Half a surrogate pair, which a client may send and must get back.
        return json.dumps(answer).encode()


def _no_page(request: Request, error: HTTPException) -> Response:
    """A path that is nothing here, or not by this method: words for a browser, JSON for a program."""
    words = f"{error.code} {error.name}"
    if request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html":
        return Response(f"{words}\n", status=error.code, mimetype="text/plain")
    body = {
        "errcode": error.code,
        "errmsg": f"the sandbox has no {request.method} {request.path} ({words})",
    }
    return Response(json.dumps(body), status=error.code, mimetype="application/json")
