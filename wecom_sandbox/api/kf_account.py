"""微信客服 accounts and their links (messaging-media.md §6)."""

from typing import Any

from wecom_sandbox.apps import media_store
from wecom_sandbox.call import Call
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.kf import kf_accounts

_MOST_PAGE = 100


@endpoint(
    "POST", "kf/account/add", doc="94662", access=Access.APP,
    rules="name 16 (95006), picture 40007, 5,000 accounts (95005)",
)  # fmt: skip
def add(call: Call) -> dict[str, Any]:
    """Make an account; the app may manage it."""
    name, picture = call.need_text("name"), _picture(call)
    return {"open_kfid": kf_accounts.create(call.sandbox.store, name, picture, managed=True)}


@endpoint("POST", "kf/account/del", doc="94663", access=Access.APP, rules="95004, 301002")
def delete(call: Call) -> dict[str, Any]:
    """Take an account away; its links lead nowhere from now on."""
    store = call.sandbox.store
    row = kf_accounts.need(store, call.need_text("open_kfid"))
    store.run(
        "UPDATE kf_accounts SET deleted_at = ? WHERE open_kfid = ?",
        call.sandbox.clock.seconds(), row["open_kfid"],
    )  # fmt: skip
    return {}


@endpoint(
    "POST", "kf/account/update", doc="94664", access=Access.APP,
    rules="95004, 301002; name 95006; picture 40007",
)  # fmt: skip
def update(call: Call) -> dict[str, Any]:
    """Give an account another name or picture."""
    store = call.sandbox.store
    row = kf_accounts.need(store, call.need_text("open_kfid"))
    name = call.text("name") or row["name"]
    kf_accounts.check_name(name)
    picture = _picture(call) if call.text("media_id") else row["picture"]
    store.run(
        "UPDATE kf_accounts SET name = ?, picture = ? WHERE open_kfid = ?",
        name, picture, row["open_kfid"],
    )  # fmt: skip
    return {}


@endpoint(
    "POST", "kf/account/list", doc="94661", access=Access.APP, also="GET",
    rules="offset, limit 1-100; GET for all",
)  # fmt: skip
def account_list(call: Call) -> dict[str, Any]:
    """The corp's accounts, and whether the app may manage each."""
    rows = kf_accounts.listed(call.sandbox.store)
    if call.body:
        offset = call.number("offset", 0)
        rows = rows[offset : offset + call.number("limit", _MOST_PAGE, least=1, most=_MOST_PAGE)]
    return {"account_list": [kf_accounts.shown(call.sandbox, row, call.base_url) for row in rows]}


@endpoint(
    "POST", "kf/add_contact_way", doc="94665", access=Access.APP,
    rules="95004; scene 32 of [0-9a-zA-Z_-] (40058)",
)  # fmt: skip
def add_contact_way(call: Call) -> dict[str, Any]:
    """The address of an account for one place."""
    row = kf_accounts.need(call.sandbox.store, call.need_text("open_kfid"), managed=False)
    return {"url": kf_accounts.link(row, call.text("scene"), call.base_url)}


def _picture(call: Call) -> str:
    """A lasting copy of the uploaded picture; its media_id."""
    row = media_store.need(call.sandbox, call.need_text("media_id", 41006), "image")
    return media_store.store(
        call.sandbox, "picture", row["filename"], row["body"], row["content_type"]
    )
