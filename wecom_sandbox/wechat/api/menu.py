"""The menu (wechat.md §13)."""

from typing import Any

from wecom_sandbox.wechat import menus
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import Access, endpoint


@endpoint("POST", "/cgi-bin/menu/create", access=Access.SERVICE, doc="§13", day=1_000, rules="1–3 entries, 1–5 below; names, keys, addresses: 40016 to 40027")  # fmt: skip
def create(call: Call) -> None:
    """The menu for all."""
    menus.save(call.sandbox, call.body.get("button"))


@endpoint("GET", "/cgi-bin/menu/get", access=Access.SERVICE, doc="§13", day=10_000, rules="46003 without a menu")  # fmt: skip
def get(call: Call) -> dict[str, Any]:
    """The menus as they were made."""
    buttons = menus.current(call.sandbox)
    if not buttons:
        raise WeChatError(46003)
    answer: dict[str, Any] = {"menu": {"button": buttons}}
    special = menus.conditional(call.sandbox)
    return answer | ({"conditionalmenu": special} if special else {})


@endpoint("GET", "/cgi-bin/get_current_selfmenu_info", access=Access.SERVICE, doc="§13", day=10_000)
def selfmenu(call: Call) -> dict[str, Any]:
    """The menu as the account shows it."""
    buttons = [_listed(one) for one in menus.current(call.sandbox)]
    if not buttons:
        return {"is_menu_open": 0, "selfmenu_info": {}}
    return {"is_menu_open": 1, "selfmenu_info": {"button": buttons}}


def _listed(button: dict[str, Any]) -> dict[str, Any]:
    subs = button.get("sub_button")
    return button | {"sub_button": {"list": subs}} if subs else button


@endpoint("GET", "/cgi-bin/menu/delete", access=Access.SERVICE, doc="§13", day=1_000, rules="also the menus for some")  # fmt: skip
def delete(call: Call) -> None:
    """No menu."""
    menus.remove(call.sandbox)


@endpoint("POST", "/cgi-bin/menu/addconditional", access=Access.SERVICE, doc="§13", day=2_000, rules="needs a menu for all (46003); tag_id, client_platform_type, language")  # fmt: skip
def addconditional(call: Call) -> dict[str, Any]:
    """A menu for some."""
    body = call.body
    menuid = menus.add_conditional(call.sandbox, body.get("button"), body.get("matchrule"))
    return {"menuid": menuid}
