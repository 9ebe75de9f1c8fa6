"""Tags and the blacklist (wechat.md §13)."""

from typing import Any

from wecom_sandbox.wechat import fan_tags, followers
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint

_MOST_TAGGED = 50
_MOST_BLACK = 20
_PAGE = 10_000


@endpoint(
    "POST", "/cgi-bin/tags/create", access=Access.SERVICE, doc="§13",
    rules="100 tags (45056), 30 characters (45158), no two alike (45157)",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """A new tag."""
    return {"tag": fan_tags.create(call.sandbox, call.section("tag").get("name"))}


@endpoint("POST", "/cgi-bin/tags/update", access=Access.SERVICE, doc="§13", rules="45058, 45159, 45157, 45158")  # fmt: skip
def update(call: Call) -> None:
    """Another name."""
    tag = call.section("tag")
    fan_tags.rename(call.sandbox, tag.get("id"), tag.get("name"))


@endpoint("POST", "/cgi-bin/tags/delete", access=Access.SERVICE, doc="§13", rules="45058, 45159, 45057 over 100,000 fans")  # fmt: skip
def delete(call: Call) -> None:
    """Away with a tag."""
    fan_tags.delete(call.sandbox, call.section("tag").get("id"))


@endpoint("GET", "/cgi-bin/tags/get", access=Access.SERVICE, doc="§13")
def get(call: Call) -> dict[str, Any]:
    """All tags with their number of fans."""
    return {"tags": fan_tags.listed(call.sandbox)}


@endpoint("POST", "/cgi-bin/tags/members/batchtagging", access=Access.SERVICE, doc="§13", rules="50 at once (40032), 20 tags a person (45059), followers only (40003)")  # fmt: skip
def batchtagging(call: Call) -> None:
    """Tag followers."""
    openids = call.openids("openid_list", _MOST_TAGGED)
    fan_tags.tag(call.sandbox, call.body.get("tagid"), openids, on=True)


@endpoint("POST", "/cgi-bin/tags/members/batchuntagging", access=Access.SERVICE, doc="§13", rules="50 at once (40032), followers only (40003)")  # fmt: skip
def batchuntagging(call: Call) -> None:
    """Take a tag from followers."""
    openids = call.openids("openid_list", _MOST_TAGGED)
    fan_tags.tag(call.sandbox, call.body.get("tagid"), openids, on=False)


@endpoint("POST", "/cgi-bin/tags/getidlist", access=Access.SERVICE, doc="§13", rules="40003, 43004")
def getidlist(call: Call) -> dict[str, Any]:
    """Tags of a follower."""
    row = followers.need(call.sandbox, call.need_text("openid", 40003))
    return {"tagid_list": fan_tags.of(call.sandbox, row["openid"])}


@endpoint("POST", "/cgi-bin/user/tag/get", access=Access.SERVICE, doc="§13", rules="10,000 a page")
def fans(call: Call) -> dict[str, Any]:
    """Followers with a tag."""
    found = fan_tags.fans(call.sandbox, call.body.get("tagid"), call.text("next_openid"))
    return _page(found)


def _page(found: list[str]) -> dict[str, Any]:
    answer: dict[str, Any] = {"count": len(found)}
    if found:
        answer["data"] = {"openid": found}
    return answer | {"next_openid": found[-1] if found else ""}


@endpoint("POST", "/cgi-bin/tags/members/getblacklist", access=Access.SERVICE, doc="§13", rules="10,000 a page, 40003")  # fmt: skip
def getblacklist(call: Call) -> dict[str, Any]:
    """Who is on the blacklist."""
    store, begin = call.sandbox.store, call.text("begin_openid")
    after = store.value("SELECT serial FROM wechat_followers WHERE openid = ?", begin)
    if begin and after is None:
        raise WeChatError(40003)
    rows = store.rows(
        "SELECT openid FROM wechat_followers WHERE black AND serial > ? ORDER BY serial LIMIT ?",
        after or 0, _PAGE,
    )  # fmt: skip
    total = store.value("SELECT COUNT(*) FROM wechat_followers WHERE black")
    return {"total": int(total)} | _page([row["openid"] for row in rows])


@endpoint("POST", "/cgi-bin/tags/members/batchblacklist", access=Access.SERVICE, doc="§13", rules="20 at once (40032), followers only")  # fmt: skip
def batchblacklist(call: Call) -> None:
    """Put followers on the blacklist."""
    _mark(call, black=1)


@endpoint("POST", "/cgi-bin/tags/members/batchunblacklist", access=Access.SERVICE, doc="§13", rules="20 at once (40032)")  # fmt: skip
def batchunblacklist(call: Call) -> None:
    """Take followers off the blacklist."""
    _mark(call, black=0)


def _mark(call: Call, *, black: int) -> None:
    for openid in call.openids("openid_list", _MOST_BLACK):
        row = followers.need(call.sandbox, openid)
        call.sandbox.store.run(
            "UPDATE wechat_followers SET black = ? WHERE openid = ?", black, row["openid"]
        )
