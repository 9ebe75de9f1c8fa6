"""Codes and links into the mini program (wechat.md §15)."""

import io
from typing import Any

import segno
from werkzeug.wrappers import Response

from wecom_sandbox.wechat import links
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint

_NARROWEST, _WIDEST, _WIDTH = 280, 1280, 430
_A_DAY = 500_000
_SHARE = "links"


@endpoint("POST", "/wxa/getwxacodeunlimit", access=Access.MINI, doc="§15", minute=5_000, rules="scene 1–32 of its characters (40169), page released (41030), width 280–1280 (40097); 5,000 a minute")  # fmt: skip
def getwxacodeunlimit(call: Call) -> Response:
    """A code with a scene."""
    width = _width(call)
    ticket = links.unlimited_code(
        call.sandbox, call.text("scene"), call.text("page"), call.text("env_version", "release"),
        check=call.flag("check_path", default=True),
    )  # fmt: skip
    return _picture(call, ticket, width)


@endpoint("POST", "/wxa/getwxacode", access=Access.MINI, doc="§15", rules="path 1,024 (40159); 100,000 for ever with createwxaqrcode (45029)")  # fmt: skip
@endpoint("POST", "/cgi-bin/wxaapp/createwxaqrcode", access=Access.MINI, doc="§15", rules="path 1,024 (40159); 100,000 for ever with getwxacode (45029)")  # fmt: skip
def getwxacode(call: Call) -> Response:
    """A code for a path with its query."""
    width = _width(call)
    return _picture(call, links.limited_code(call.sandbox, call.text("path")), width)


def _width(call: Call) -> int:
    width = call.number("width", _WIDTH)
    if not _NARROWEST <= width <= _WIDEST:
        raise WeChatError(40097)
    return width


def _picture(call: Call, ticket: str, width: int) -> Response:
    code = segno.make_qr(links.written(call.sandbox, links.CODE, ticket, call.base_url), error="m")
    modules = code.symbol_size(border=2)[0]
    picture = io.BytesIO()
    code.save(picture, kind="png", scale=max(1, width // modules), border=2)
    return Response(picture.getvalue(), mimetype="image/png")


@endpoint("POST", "/wxa/generatescheme", access=Access.MINI, doc="§15", day=_A_DAY, share=_SHARE, rules="30 days at most (85401), path released (40165, 85079); 500,000 a day with URL links")  # fmt: skip
def generatescheme(call: Call) -> dict[str, Any]:
    """A weixin:// address."""
    jump = call.body.get("jump_wxa") or {}
    if not isinstance(jump, dict):
        raise WeChatError(47001)
    path, query, env = jump.get("path"), jump.get("query"), jump.get("env_version")
    return {"errcode": 0, "errmsg": "ok", "openlink": _link(call, links.SCHEME, path, query, env)}


@endpoint("POST", "/wxa/generate_urllink", access=Access.MINI, doc="§15 url-link", day=_A_DAY, share=_SHARE, rules="30 days at most (85401), path released (40165, 85079); 500,000 a day with schemes; cq is passed on")  # fmt: skip
def generate_urllink(call: Call) -> dict[str, Any]:
    """A web address."""
    body = call.body
    link = _link(call, links.URL_LINK, body.get("path"), body.get("query"), body.get("env_version"))
    return {"errcode": 0, "errmsg": "ok", "url_link": link}


def _link(call: Call, kind: str, path: object, query: object, env: object) -> str:
    target = links.checked_target(call.sandbox, path, query, env)
    ticket = links.create(call.sandbox, kind, target, links.expiry(call.sandbox, call.body))
    return links.written(call.sandbox, kind, ticket, call.base_url)


@endpoint("POST", "/wxa/queryscheme", access=Access.MINI, doc="§15", rules="own schemes (40097)")
def queryscheme(call: Call) -> dict[str, Any]:
    """What a scheme is, and how often links may still be opened today."""
    return _asked(call, "scheme", links.SCHEME, "scheme_info")


@endpoint("POST", "/wxa/query_urllink", access=Access.MINI, doc="§15", rules="own links (40097)")
def query_urllink(call: Call) -> dict[str, Any]:
    """What a URL link is, and how often links may still be opened today."""
    return _asked(call, "url_link", links.URL_LINK, "url_link_info")


def _asked(call: Call, name: str, kind: str, shown_as: str) -> dict[str, Any]:
    quota_info = {"remain_visit_quota": links.visits_left(call.sandbox)}
    answer: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
    if call.number("query_type", 0) == 1:
        return answer | {"quota_info": quota_info}
    row = links.find(call.sandbox, call.need_text(name, 40097))
    if row is None or row["kind"] != kind:
        raise WeChatError(40097)
    return answer | {shown_as: links.shown(call.sandbox, row), "quota_info": quota_info}


@endpoint("POST", "/wxa/genwxashortlink", access=Access.MINI, doc="§15 shortlink", day=1_000_000, rules="e-commerce (43104), page released (40066), title 20; 100,000 permanent (85400)")  # fmt: skip
def genwxashortlink(call: Call) -> dict[str, Any]:
    """A link for chats."""
    ticket = links.short(
        call.sandbox, call.need_text("page_url", 40066), call.text("page_title"),
        permanent=call.flag("is_permanent", default=False),
    )  # fmt: skip
    return {
        "errcode": 0,
        "errmsg": "ok",
        "link": links.written(call.sandbox, links.SHORT, ticket, ""),
    }
