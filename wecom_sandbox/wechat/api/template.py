"""Templates of both accounts (wechat.md §12)."""

from typing import Any

from wecom_sandbox.wechat import templates
from wecom_sandbox.wechat.accounts import SERVICE
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint

_MOST_SCENE = 15
_INDUSTRY_SECONDS = 30 * 86_400


@endpoint("POST", "/cgi-bin/template/api_add_template", access=Access.SERVICE, doc="§12", rules="40037 unknown number, 40035 words, 25 templates")  # fmt: skip
def add(call: Call) -> dict[str, Any]:
    """Choose a template of the library."""
    templates.ensure(call.sandbox)
    tid = call.need_text("template_id_short", 40037)
    words = [str(word) for word in call.body.get("keyword_name_list") or ()]
    known = templates.library()["titles"].get(tid, {}).get("words", {})
    chosen = templates.add(call.sandbox, SERVICE, templates.NOTICE, tid, words or list(known))
    return {"errcode": 0, "errmsg": "ok", "template_id": chosen}


@endpoint("GET", "/cgi-bin/template/get_all_private_template", access=Access.SERVICE, doc="§12")
def listed(call: Call) -> dict[str, Any]:
    """The account's templates."""
    templates.ensure(call.sandbox)
    first, second = _industries(call)
    rows = templates.listed(call.sandbox, SERVICE, templates.NOTICE)
    return {
        "template_list": [
            {
                "template_id": row["template_id"], "title": row["title"],
                "primary_industry": first["first_class"], "deputy_industry": second["second_class"],
                "content": templates.content_of(row), "example": "",
            }
            for row in rows
        ]
    }  # fmt: skip


@endpoint("POST", "/cgi-bin/template/del_private_template", access=Access.SERVICE, doc="§12", rules="40037")  # fmt: skip
def delete(call: Call) -> None:
    """Give a template back."""
    template_id = call.need_text("template_id", 40037)
    templates.remove(call.sandbox, SERVICE, templates.NOTICE, template_id)


@endpoint("GET", "/cgi-bin/template/get_industry", access=Access.SERVICE, doc="§12")
def get_industry(call: Call) -> dict[str, Any]:
    """The two trades of the account."""
    first, second = _industries(call)
    return {"primary_industry": first, "secondary_industry": second}


@endpoint("POST", "/cgi-bin/template/api_set_industry", access=Access.SERVICE, doc="§12", rules="40102 unknown trade; once a month (43100 otherwise)")  # fmt: skip
def set_industry(call: Call) -> None:
    """Set the two trades."""
    wished = [str(call.body.get(name, "")) for name in ("industry_id1", "industry_id2")]
    if any(one not in templates.library()["industries"] for one in wished):
        raise WeChatError(40102)
    now, store = call.sandbox.clock.now(), call.sandbox.store
    if now - float(store.get_meta("wechat.industries_at", 0.0)) < _INDUSTRY_SECONDS:
        raise WeChatError(43100)
    store.set_meta("wechat.industries", wished)
    store.set_meta("wechat.industries_at", now)


def _industries(call: Call) -> tuple[dict[str, str], dict[str, str]]:
    first, second = call.sandbox.store.get_meta("wechat.industries", ["1", "31"])
    known = templates.library()["industries"]
    return known[first], known[second]


@endpoint("GET", "/wxaapi/newtmpl/getcategory", access=Access.ANY, doc="§12")
def getcategory(call: Call) -> dict[str, Any]:
    """The account's trades."""
    return {"errcode": 0, "errmsg": "ok", "data": templates.library()["categories"]}


@endpoint("GET", "/wxaapi/newtmpl/getpubtemplatetitles", access=Access.ANY, doc="§12", rules="ids, start, limit ≤ 30")  # fmt: skip
def titles(call: Call) -> dict[str, Any]:
    """Titles of the public library."""
    ids = {part for part in call.query.get("ids", "").split(",") if part}
    start, limit = call.query.get("start", "0"), call.query.get("limit", "30")
    if not ids or not start.isdigit() or not limit.isdigit() or int(limit) > 30:
        raise WeChatError(40097)
    found = [
        {"tid": int(tid), "title": one["title"], "type": 2, "categoryId": str(one["category"])}
        for tid, one in templates.library()["titles"].items()
        if tid.isdigit() and str(one["category"]) in ids
    ]
    page = found[int(start) : int(start) + int(limit)]
    return {"errcode": 0, "errmsg": "ok", "count": len(found), "data": page}


@endpoint("GET", "/wxaapi/newtmpl/getpubtemplatekeywords", access=Access.ANY, doc="§12", rules="40037 unknown tid")  # fmt: skip
def keywords(call: Call) -> dict[str, Any]:
    """Words of a title."""
    words = _words(call.query.get("tid", ""))
    data = [
        {"kid": place, "name": word, "example": "", "rule": kind}
        for place, (word, kind) in enumerate(words.items(), 1)
    ]
    return {"errcode": 0, "errmsg": "ok", "count": len(data), "data": data}


def _words(tid: str) -> dict[str, str]:
    title = templates.library()["titles"].get(tid)
    if title is None:
        raise WeChatError(40037)
    found: dict[str, str] = title["words"]
    return found


@endpoint("POST", "/wxaapi/newtmpl/addtemplate", access=Access.ANY, doc="§12", rules="2–5 words, sceneDesc 15 characters, 40037")  # fmt: skip
def add_subscription(call: Call) -> dict[str, Any]:
    """Choose a template for subscription messages."""
    templates.ensure(call.sandbox)
    tid, kids = str(call.body.get("tid", "")), call.items("kidList")
    words = list(_words(tid))
    call.text("sceneDesc", most=_MOST_SCENE, code=40097)
    if not 2 <= len(kids) <= 5 or any(kid not in range(1, len(words) + 1) for kid in kids):
        raise WeChatError(40097)
    chosen = [words[kid - 1] for kid in kids]
    template_id = templates.add(call.sandbox, call.caller, templates.CONSENTED, tid, chosen)
    return {"errcode": 0, "errmsg": "ok", "priTmplId": template_id}


@endpoint("GET", "/wxaapi/newtmpl/gettemplate", access=Access.ANY, doc="§12")
def subscriptions(call: Call) -> dict[str, Any]:
    """The account's templates for subscription messages."""
    templates.ensure(call.sandbox)
    rows = templates.listed(call.sandbox, call.caller, templates.CONSENTED)
    data = [
        {
            "priTmplId": row["template_id"], "title": row["title"], "content": templates.content_of(row),
            "example": "", "type": 2,
        }
        for row in rows
    ]  # fmt: skip
    return {"errcode": 0, "errmsg": "ok", "data": data}


@endpoint("POST", "/wxaapi/newtmpl/deltemplate", access=Access.ANY, doc="§12", rules="40037")
def delete_subscription(call: Call) -> None:
    """Give one back."""
    template_id = call.need_text("priTmplId", 40037)
    templates.remove(call.sandbox, call.caller, templates.CONSENTED, template_id)
