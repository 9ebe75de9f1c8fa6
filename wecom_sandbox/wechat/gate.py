"""The door of api.weixin.qq.com: finds the endpoint, checks token and limits, answers in WeChat's shape."""

import json
import re
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import api, quota, tokens
from wecom_sandbox.wechat.accounts import MINI, SERVICE, Account, settings_of
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError, new_rid
from wecom_sandbox.wechat.registry import REGISTRY, Access, Endpoint

__all__ = ["api", "serves"]

PREFIX = "/wechat"
HOSTS = frozenset(
    {"api.weixin.qq.com", "api2.weixin.qq.com", "sh.api.weixin.qq.com", "mp.weixin.qq.com"}
)
_API = ("/cgi-bin/", "/sns/", "/wxa/", "/wxaapi/")
_MOST_KEPT = 4000
_SECRET = frozenset({"access_token", "secret", "appsecret", "refresh_token", "code", "js_code"})
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")
# Calls that are answered with a text type though they carry JSON.
_AS_TEXT = "/sns/"


def serves(request: Request) -> bool:
    """Whether a request is for WeChat's API: by prefix, or by the host it was sent to."""
    host = request.host.partition(":")[0]
    path = request.path if host in HOSTS else request.path.removeprefix(PREFIX)
    ours = host in HOSTS or request.path.startswith(f"{PREFIX}/")
    return ours and path.startswith(_API) and path != "/cgi-bin/showqrcode"


def answer(sandbox: Sandbox, request: Request, fault: str = "") -> Response:
    """The answer to one call, kept in the ledger; errors with a rid by which they can be asked for."""
    path = request.path.removeprefix(PREFIX)
    endpoint = REGISTRY.get(path)
    if endpoint is None:
        text = f"the sandbox does not implement {request.method} {path} of WeChat"
        return _json({"errcode": 404, "errmsg": text}, status=404)
    started, whose = time.perf_counter(), ""
    account: Account | None = None
    try:
        account = _account(sandbox, endpoint, request)
        result = _called(sandbox, endpoint, request, account)
        code = 0
    except WeChatError as error:
        rid = new_rid(sandbox.clock.now())
        result, code = {"errcode": error.code, "errmsg": f"{error.text()} rid: {rid}"}, error.code
        appid = account.appid if account else str(request.args.get("appid", ""))
        _keep_rid(sandbox, request, rid, appid, result, time.perf_counter() - started)
    whose = account.channel if account else ""
    _record(sandbox, request, path, whose, code, (time.perf_counter() - started) * 1000, fault)
    if isinstance(result, Response):
        return result
    return _json(result, as_text=path.startswith(_AS_TEXT))


def _account(sandbox: Sandbox, endpoint: Endpoint, request: Request) -> Account | None:
    if endpoint.method not in ("ANY", request.method):
        raise WeChatError(43001 if endpoint.method == "GET" else 43002)
    if endpoint.access is Access.OPEN:
        return None
    account = tokens.account_of(sandbox, request.args.get("access_token", ""))
    if endpoint.access is Access.MINI and account is not MINI:
        raise WeChatError(45063)
    if endpoint.access is Access.SERVICE and account is not SERVICE:
        raise WeChatError(48001)
    if endpoint.access is not Access.ANY and not settings_of(sandbox, account).verified:
        raise WeChatError(48001)
    return account


def _called(sandbox: Sandbox, endpoint: Endpoint, request: Request, account: Account | None) -> Any:
    if account is not None:
        quota.take(sandbox, account, endpoint)
    call = Call(
        sandbox=sandbox, query=request.args.to_dict(), body=_body(request), account=account,
        ip=request.remote_addr or "127.0.0.1",
        base_url=sandbox.public_url or request.host_url.rstrip("/"),
        upload=request.files.get("media") if request.mimetype == "multipart/form-data" else None,
    )  # fmt: skip
    with sandbox.store.transaction():
        return endpoint.handler(call)


def _body(request: Request) -> dict[str, Any]:
    if request.method != "POST" or request.mimetype == "multipart/form-data":
        return {}
    raw = request.get_data()
    if not raw:
        return {}
    # WeChat wants the characters themselves.
    if _ESCAPED.search(raw):
        raise WeChatError(40033)
    try:
        parsed = json.loads(raw)
    except ValueError:
        raise WeChatError(47001) from None
    if not isinstance(parsed, dict):
        raise WeChatError(47001)
    return parsed


def _json(result: object, *, status: int = 200, as_text: bool = False) -> Response:
    body = json.dumps(
        {"errcode": 0, "errmsg": "ok"} if result is None else result, ensure_ascii=False
    )
    return Response(body, status=status, mimetype="text/plain" if as_text else "application/json")


def _kept_body(request: Request) -> str:
    if request.mimetype == "multipart/form-data":
        return "(upload)"
    return request.get_data(as_text=True)[:_MOST_KEPT]


def _hidden(body: str) -> str:
    try:
        parsed = json.loads(body)
    except ValueError:
        return body
    if not isinstance(parsed, dict):
        return body
    shown = {name: "***" if name in _SECRET else value for name, value in parsed.items()}
    return json.dumps(shown, ensure_ascii=False)


def _keep_rid(
    sandbox: Sandbox, request: Request, rid: str, appid: str, result: object, seconds: float
) -> None:  # fmt: skip
    with sandbox.store.transaction():
        sandbox.store.insert(
            "wechat_rids", rid=rid, appid=appid, at=sandbox.clock.now(), ms=int(seconds * 1000),
            url=request.path.removeprefix(PREFIX), body=_hidden(_kept_body(request)),
            response=json.dumps(result, ensure_ascii=False), ip=request.remote_addr or "",
        )  # fmt: skip


def _record(
    sandbox: Sandbox, request: Request, path: str, whose: str, code: int, ms: float, fault: str
) -> None:  # fmt: skip
    query = {name: value for name, value in request.args.items() if name not in _SECRET}
    with sandbox.store.transaction():
        sandbox.store.insert(
            "calls", at=sandbox.clock.now(), method=request.method, api=f"wechat{path}", app=whose,
            query=json.dumps(query, ensure_ascii=False), body=_hidden(_kept_body(request)), errcode=code,
            ms=round(ms, 3), ip=request.remote_addr or "", fault=fault,
        )  # fmt: skip
