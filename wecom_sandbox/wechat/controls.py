"""Control calls for what persons and the accounts' owner do by hand in WeChat, and the ledger of it."""

import json
from typing import Any

from wecom_sandbox import ledger
from wecom_sandbox.controls import Body, NotThereError, control, need_person
from wecom_sandbox.customers.people import Person
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import (
    codes,
    followers,
    identities,
    links,
    menus,
    messages,
    notices,
    programs,
    pushes,
    scene_codes,
    tokens,
)
from wecom_sandbox.wechat.accounts import (
    ACCOUNTS,
    MINI,
    SERVICE,
    Account,
    by_name,
    change_settings,
    settings_of,
)
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.pictures import signature_problem


def _account(body: Body) -> Account:
    account = by_name(str(body.get("account", "service")))
    if account is None:
        raise NotThereError("account must be service or mini")
    return account


def _person(sandbox: Sandbox, body: Body) -> Person:
    return need_person(sandbox, body["person_id"])


@control("GET", "wechat/accounts")
def accounts(sandbox: Sandbox, body: Body) -> Any:
    """Both accounts with their credentials and settings."""
    return [
        vars(account) | {"settings": vars(settings_of(sandbox, account))} for account in ACCOUNTS
    ]


@control("POST", "wechat/settings")
def set_settings(sandbox: Sandbox, body: Body) -> Any:
    """Settings of an account by name."""
    account = _account(body)
    return change_settings(sandbox, account, {k: v for k, v in body.items() if k != "account"})


@control("POST", "wechat/callback_urls")
def set_callback(sandbox: Sandbox, body: Body) -> Any:
    """Verify and keep an account's callback address; null removes it."""
    account, url = _account(body), body.get("url")
    if not url:
        sandbox.delivery.set_url(account.channel, None)
        return {"ok": True, "verified": False, "message": "removed"}
    verified, message = pushes.verify(account, str(url))
    if verified or body.get("verify") is False:
        sandbox.delivery.set_url(account.channel, str(url))
    return {"ok": verified, "verified": verified, "message": message}


@control("POST", "wechat/kill_tokens")
def kill_tokens(sandbox: Sandbox, body: Body) -> Any:
    """End an account's tokens: 40001, or another code that they answer from now on."""
    with sandbox.store.transaction():
        return {"killed": tokens.kill(sandbox, _account(body), int(body.get("errcode", 40001)))}


@control("GET", "wechat/identity")
def identity(sandbox: Sandbox, body: Body) -> Any:
    """What a person is called by both accounts."""
    person = _person(sandbox, body)
    openids = {account.name: identities.openid(sandbox, account, person) for account in ACCOUNTS}
    return {"person_id": person.id, "unionid": person.unionid, **openids}


@control("POST", "wechat/follow")
def follow(sandbox: Sandbox, body: Body) -> Any:
    """A person follows the service account."""
    scene = str(body.get("scene", "ADD_SCENE_SEARCH"))
    return {"openid": followers.follow(sandbox, _person(sandbox, body), scene=scene)}


@control("POST", "wechat/unfollow")
def unfollow(sandbox: Sandbox, body: Body) -> Any:
    """A person unfollows."""
    followers.unfollow(sandbox, _person(sandbox, body))
    return {"ok": True}


@control("POST", "wechat/scan")
def scan(sandbox: Sandbox, body: Body) -> Any:
    """A person scans a scene code, by ticket or by what it holds; ``follows`` false only looks."""
    if body.get("ticket"):
        code = scene_codes.by_ticket(sandbox, str(body["ticket"]))
    else:
        code = scene_codes.by_link(sandbox, str(body["link"]))
    if code is None:
        raise NotThereError("no such scene code")
    person, follows = _person(sandbox, body), bool(body.get("follows", True))
    return {"event": followers.scan(sandbox, person, code, follows=follows)}


@control("POST", "wechat/say")
def say(sandbox: Sandbox, body: Body) -> Any:
    """A person writes to an account: text, picture, or latitude, longitude and label."""
    wished = ("text", "picture", "latitude", "longitude", "label")
    message = {name: body[name] for name in wished if name in body}
    callback = messages.say(sandbox, _account(body), _person(sandbox, body), message)
    return {"callback_id": callback}


@control("POST", "wechat/place")
def place(sandbox: Sandbox, body: Body) -> Any:
    """A follower enters the chat and lets the account know where they are (LOCATION)."""
    person = _person(sandbox, body)
    with sandbox.store.transaction():
        openid = str(followers.acted(sandbox, person)["openid"])
        fields = {
            "Latitude": float(body["latitude"]), "Longitude": float(body["longitude"]),
            "Precision": float(body.get("precision", 30)),
        }  # fmt: skip
        return {"callback_id": pushes.publish(sandbox, SERVICE, openid, "LOCATION", fields)}


@control("POST", "wechat/tap")
def tap(sandbox: Sandbox, body: Body) -> Any:
    """A follower taps an entry of the menu."""
    return menus.tap(sandbox, _person(sandbox, body), str(body["name"]))


@control("POST", "wechat/mute")
def mute(sandbox: Sandbox, body: Body) -> Any:
    """A follower refuses template messages, or takes them again."""
    muted = int(bool(body.get("mute", True)))
    with sandbox.store.transaction():
        changed = sandbox.store.run(
            "UPDATE wechat_followers SET mute = ? WHERE person_id = ?", muted, _person(sandbox, body).id
        )  # fmt: skip
    return {"changed": changed}


@control("POST", "wechat/consent")
def consent(sandbox: Sandbox, body: Body) -> Any:
    """A person answers a page's question for messages: ``accept`` and ``reject`` list template ids."""
    answers = {str(one): True for one in body.get("accept", ())}
    answers |= {str(one): False for one in body.get("reject", ())}
    person, scene = _person(sandbox, body), int(body.get("scene", 1))
    try:
        return notices.consent(sandbox, _account(body).name, person, answers, scene=scene)
    except WeChatError as error:
        raise NotThereError(error.text()) from None


@control("POST", "wechat/refuse")
def refuse(sandbox: Sandbox, body: Body) -> Any:
    """A person takes consent for a template back."""
    person, template_id = _person(sandbox, body), str(body["template_id"])
    try:
        notices.refuse(sandbox, _account(body), person, template_id)
    except WeChatError as error:
        raise NotThereError(error.text()) from None
    return {"ok": True}


@control("POST", "wechat/oauth_code")
def oauth_code(sandbox: Sandbox, body: Body) -> Any:
    """The code a person would come back with from web OAuth."""
    data = {"scope": body.get("scope", "snsapi_base"), "snapshot": bool(body.get("snapshot"))}
    return {"code": codes.issue(sandbox, codes.OAUTH, SERVICE, _person(sandbox, body), data)}


@control("POST", "wechat/login_code")
def login_code(sandbox: Sandbox, body: Body) -> Any:
    """The code of wx.login."""
    return {"code": programs.login_code(sandbox, _person(sandbox, body))}


@control("POST", "wechat/phone_code")
def phone_code(sandbox: Sandbox, body: Body) -> Any:
    """The code of the button that gives the phone number; it costs one of the balance."""
    return {"code": programs.phone_code(sandbox, _person(sandbox, body))}


@control("POST", "wechat/open")
def open_page(sandbox: Sandbox, body: Body) -> Any:
    """A person opens the mini program: by link, scheme or code (``link``), or by path and scene."""
    person = _person(sandbox, body)
    if body.get("link"):
        row = links.find(sandbox, str(body["link"]))
        if row is None:
            raise NotThereError("no such link")
        return links.open_link(sandbox, person, row, links.own_parameter(str(body["link"])))
    scene = int(body.get("scene", 1001))
    return programs.open_page(sandbox, person, str(body.get("path", "")), "", scene=scene)


@control("POST", "wechat/enter")
def enter(sandbox: Sandbox, body: Body) -> Any:
    """A person opens the mini program's customer service."""
    session_from = str(body.get("session_from", ""))
    return {"callback_id": messages.enter(sandbox, _person(sandbox, body), session_from)}


@control("POST", "wechat/revoke")
def revoke(sandbox: Sandbox, body: Body) -> Any:
    """A person takes back what the mini program may know."""
    return {"callback_id": programs.revoke(sandbox, _person(sandbox, body), str(body["kind"]))}


@control("POST", "wechat/pay")
def pay(sandbox: Sandbox, body: Body) -> Any:
    """A person pays in the mini program."""
    mch_id, order = str(body.get("mch_id", "1900000109")), str(body["out_trade_no"])
    paid = programs.pay(sandbox, _person(sandbox, body), mch_id, order)
    return {
        "transaction_id": paid,
        "openid": identities.openid(sandbox, MINI, _person(sandbox, body)),
    }


@control("POST", "wechat/jssdk_check")
def jssdk_check(sandbox: Sandbox, body: Body) -> Any:
    """What wx.config would say to a signature."""
    problem = signature_problem(
        sandbox, str(body.get("appid", SERVICE.appid)), str(body["url"]), str(body["nonce"]),
        str(body["timestamp"]), str(body["signature"]),
    )  # fmt: skip
    return {"errMsg": problem or "config:ok"}


@ledger.reader("wechat_followers")
def _followers(sandbox: Sandbox) -> ledger.Rows:
    rows = sandbox.store.rows("SELECT * FROM wechat_followers ORDER BY serial")
    return [dict(row) for row in rows]


@ledger.reader("wechat_messages")
def _messages(sandbox: Sandbox) -> ledger.Rows:
    rows = sandbox.store.rows("SELECT * FROM wechat_messages ORDER BY id")
    return [messages.shown(row) for row in rows]


@ledger.reader("wechat_visits")
def _visits(sandbox: Sandbox) -> ledger.Rows:
    return [dict(row) for row in sandbox.store.rows("SELECT * FROM wechat_visits ORDER BY id")]


@ledger.reader("wechat_links")
def _links(sandbox: Sandbox) -> ledger.Rows:
    return [dict(row) for row in sandbox.store.rows("SELECT * FROM wechat_links ORDER BY rowid")]


@ledger.reader("wechat_templates")
def _templates(sandbox: Sandbox) -> ledger.Rows:
    rows = sandbox.store.rows("SELECT * FROM wechat_templates ORDER BY rowid")
    return [dict(row) | {"words": json.loads(row["words"])} for row in rows]
