"""Pictures and scripts of WeChat's other hosts: scene codes, and a stand-in of the JS-SDK (wechat.md §8, §10)."""

import hashlib
import io
import json
from pathlib import Path
from urllib.parse import urlsplit

import segno
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import scene_codes, tokens
from wecom_sandbox.wechat.accounts import SERVICE, settings_of

_SCRIPT = Path(__file__).parent.parent / "static" / "jweixin.js"


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/wechat/cgi-bin/showqrcode", endpoint=showqrcode, methods=["GET"]),
        Rule("/wechat/open/js/jweixin-1.6.0.js", endpoint=script, methods=["GET"]),
        Rule("/wechat/jssdk/check", endpoint=check, methods=["GET"]),
    ]


def showqrcode(sandbox: Sandbox, request: Request) -> Response:
    """The picture of a scene code; 404 for a bad ticket."""
    row = scene_codes.by_ticket(sandbox, request.args.get("ticket", ""))
    if row is None:
        return Response("no such code", status=404, mimetype="text/plain")
    base_url = sandbox.public_url or request.host_url.rstrip("/")
    picture = io.BytesIO()
    link = scene_codes.link_of(sandbox, row, base_url)
    segno.make_qr(link, error="m").save(picture, kind="png", scale=10, border=4)
    return Response(picture.getvalue(), mimetype="image/png")


def script(sandbox: Sandbox, request: Request) -> Response:
    """What a page loads instead of WeChat's script."""
    return Response(_SCRIPT.read_bytes(), mimetype="text/javascript")


def check(sandbox: Sandbox, request: Request) -> Response:
    """What ``wx.config`` would say to a page's signature: ok, or WeChat's complaint."""
    args = request.args
    problem = signature_problem(
        sandbox, args.get("appId", ""), args.get("url", ""), args.get("nonceStr", ""),
        args.get("timestamp", ""), args.get("signature", ""),
    )  # fmt: skip
    answer = Response(json.dumps({"errMsg": problem or "config:ok"}), mimetype="application/json")
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


def signature_problem(
    sandbox: Sandbox, appid: str, url: str, nonce: str, timestamp: str, signature: str
) -> str:  # fmt: skip
    """WeChat's complaint about a page's signature, or nothing."""
    if appid != SERVICE.appid:
        return "config:invalid appid"
    domains, host = settings_of(sandbox, SERVICE).js_domains, urlsplit(url).hostname or ""
    if domains is not None and not any(host == one or host.endswith(f".{one}") for one in domains):
        return "config:invalid url domain"
    with sandbox.store.transaction():
        ticket, _left = tokens.ticket(sandbox, SERVICE, "jsapi")
    right = sign(ticket, nonce, timestamp, url)
    return "" if right == signature else "config:invalid signature"


def sign(ticket: str, nonce: str, timestamp: str, url: str) -> str:
    """The signature of a page's address without its fragment."""
    page = url.partition("#")[0]
    plain = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={page}"
    return hashlib.sha1(plain.encode(), usedforsecurity=False).hexdigest()
