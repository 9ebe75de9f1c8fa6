"""Sends template and subscription messages: consent, once per key, and the result as an event (wechat.md §12)."""

import random
import sqlite3
from typing import Any

from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.events import Fields
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import followers, identities, messages, pushes, templates
from wecom_sandbox.wechat.accounts import MINI, SERVICE, Account, by_name, settings_of
from wecom_sandbox.wechat.errors import WeChatError

# The same client_msg_id to the same person is one message for this long.
ONCE_SECONDS = 600
MOST_ASKED = 3
ONE_TIME = "one-time"
_FIRST_MSGID = 3_557_254_367_000_000_000


def send_template(sandbox: Sandbox, body: dict[str, Any]) -> int:
    """A service notice to a follower; its msgid. 40003, 43004, 43019, 40037, 40013, 47003."""
    row = followers.need(sandbox, _receiver(body))
    if row["black"]:
        raise WeChatError(43019)
    template = templates.need(sandbox, SERVICE, templates.NOTICE, _template_id(body))
    words = templates.checked(template, body.get("data"))
    target = _target(sandbox, SERVICE, body)
    client_id = str(body.get("client_msg_id") or "")
    known = _sent_before(sandbox, row["openid"], client_id)
    if known:
        return known
    msgid = _FIRST_MSGID + sandbox.serial()
    status = _template_status(sandbox, row)
    person = identities.need(sandbox, SERVICE, row["openid"])
    content = {"title": template["title"], "words": words, **target}
    messages.keep(
        sandbox, SERVICE, person, "template", content, template_id=template["template_id"], msgid=msgid,
        client_msg_id=client_id, status=status,
    )  # fmt: skip
    fields: Fields = {"MsgID": msgid, "Status": status}
    pushes.publish(
        sandbox, SERVICE, row["openid"], "TEMPLATESENDJOBFINISH", fields, delay=_delay(msgid)
    )
    return msgid


def _receiver(body: dict[str, Any]) -> str:
    openid = body.get("touser")
    if not isinstance(openid, str) or not openid:
        raise WeChatError(40003)
    return openid


def _template_id(body: dict[str, Any]) -> str:
    value = body.get("template_id")
    return value if isinstance(value, str) else ""


def _target(sandbox: Sandbox, account: Account, body: dict[str, Any]) -> dict[str, Any]:
    """Where a tap leads: the mini program wins over the address."""
    program = body.get("miniprogram")
    if isinstance(program, dict) and program.get("appid"):
        linked = settings_of(sandbox, MINI).linked
        if program["appid"] != MINI.appid or not linked:
            raise WeChatError(40013)
        return {"page": str(program.get("pagepath") or "")}
    url = body.get("url") or (body.get("page") if account is SERVICE else "")
    return {"url": str(url)} if url else {}


def _sent_before(sandbox: Sandbox, openid: str, client_id: str) -> int:
    if not client_id:
        return 0
    found = sandbox.store.value(
        "SELECT msgid FROM wechat_messages WHERE openid = ? AND client_msg_id = ? AND at > ?",
        openid, client_id, sandbox.clock.now() - ONCE_SECONDS,
    )  # fmt: skip
    return int(found or 0)


def _template_status(sandbox: Sandbox, row: sqlite3.Row) -> str:
    if row["mute"]:
        return "failed:user block"
    return "failed: system failed" if settings_of(sandbox, SERVICE).system_failure else "success"


def _delay(msgid: int) -> float:
    return random.Random(msgid).uniform(0.2, 3.0)  # noqa: S311 - repeatable on purpose


def send_consented(sandbox: Sandbox, account: Account, body: dict[str, Any]) -> int:
    """A subscription message; its msgid. 40003, 40037, 41030, 47003, 43101 without consent."""
    person = identities.need(sandbox, account, _receiver(body))
    template = templates.need(sandbox, account, templates.CONSENTED, _template_id(body))
    words = templates.checked(template, body.get("data"))
    target = _target(sandbox, account, body)
    if account is MINI:
        target = _mini_target(sandbox, body)
    openid = identities.openid(sandbox, account, person)
    _spend(sandbox, openid, template["template_id"])
    msgid = _FIRST_MSGID + sandbox.serial()
    content = {"title": template["title"], "words": words, **target}
    messages.keep(
        sandbox, account, person, "subscribe", content, template_id=template["template_id"], msgid=msgid,
        status="success",
    )  # fmt: skip
    entry = {
        "TemplateId": template["template_id"], "MsgID": msgid, "ErrorCode": 0, "ErrorStatus": "success",
    }  # fmt: skip
    fields = {"SubscribeMsgSentEvent": {"List": [entry]}}
    pushes.publish(
        sandbox, account, openid, "subscribe_msg_sent_event", fields, delay=_delay(msgid)
    )
    return msgid


def _mini_target(sandbox: Sandbox, body: dict[str, Any]) -> dict[str, Any]:
    page = str(body.get("page") or "")
    state = body.get("miniprogram_state", "formal")
    if state not in ("developer", "trial", "formal"):
        raise WeChatError(40097)
    if (
        page
        and state == "formal"
        and not settings_of(sandbox, MINI).has_page(page.partition("?")[0])
    ):
        raise WeChatError(41030)
    return {"page": page} if page else {}


def _spend(sandbox: Sandbox, openid: str, template_id: str) -> None:
    left = sandbox.store.run(
        "UPDATE wechat_consents SET credit = credit - 1 WHERE openid = ? AND template_id = ? AND credit > 0",
        openid, template_id,
    )  # fmt: skip
    if not left:
        raise WeChatError(43101)


def send_one_time(sandbox: Sandbox, body: dict[str, Any]) -> None:
    """The message a person consented to on the one-time page, for one scene; 43101 without."""
    person = identities.need(sandbox, SERVICE, _receiver(body))
    scene, title, data = str(body.get("scene", "")), body.get("title"), body.get("data")
    inner = data.get("content") if isinstance(data, dict) else None
    if not isinstance(inner, dict) or not inner.get("value"):
        raise WeChatError(47003, "data.content.value is empty")
    if not isinstance(title, str) or not title or len(title) > 15:
        raise WeChatError(47001)
    if not scene.isdigit() or int(scene) > 10_000:
        raise WeChatError(40097)
    _spend(sandbox, str(body["touser"]), f"{ONE_TIME}:{scene}")
    content = {
        "title": title,
        "words": {"": str(inner["value"])},
        **_target(sandbox, SERVICE, body),
    }
    messages.keep(sandbox, SERVICE, person, "subscribe", content, template_id=_template_id(body))


def consent(
    sandbox: Sandbox, account_name: str, person: Person, answers: dict[str, bool], *, scene: int = 1
) -> dict[str, int]:  # fmt: skip
    """A person answers a page's question for messages, three templates at most; the credit of each.

    Args:
        sandbox: the sandbox.
        account_name: ``service`` or ``mini``.
        person: who.
        answers: template id -> yes or no.
        scene: where it was asked, 1 a page, 2 an article.
    """
    account = by_name(account_name)
    if account is None or not 1 <= len(answers) <= MOST_ASKED:
        raise NotPossibleError("one to three templates of the service account or the mini program")
    with sandbox.store.transaction():
        openid = identities.openid(sandbox, account, person)
        for template_id, accepted in answers.items():
            templates.need(sandbox, account, templates.CONSENTED, template_id)
            if accepted:
                credit(sandbox, openid, template_id)
        entries = [
            {
                "TemplateId": template_id,
                "SubscribeStatusString": "accept" if accepted else "reject",
                "PopupScene": scene,
            }
            for template_id, accepted in answers.items()
        ]
        fields = {"SubscribeMsgPopupEvent": {"List": entries}}
        pushes.publish(sandbox, account, openid, "subscribe_msg_popup_event", fields)
    return {template_id: left(sandbox, openid, template_id) for template_id in answers}


def refuse(sandbox: Sandbox, account: Account, person: Person, template_id: str) -> None:
    """A person takes all consent for a template back in the settings."""
    with sandbox.store.transaction():
        templates.need(sandbox, account, templates.CONSENTED, template_id)
        openid = identities.openid(sandbox, account, person)
        sandbox.store.run(
            "DELETE FROM wechat_consents WHERE openid = ? AND template_id = ?", openid, template_id
        )
        entry = {"TemplateId": template_id, "SubscribeStatusString": "reject"}
        fields = {"SubscribeMsgChangeEvent": {"List": [entry]}}
        pushes.publish(sandbox, account, openid, "subscribe_msg_change_event", fields)


def credit(sandbox: Sandbox, openid: str, template_id: str) -> None:
    """One more message may be sent."""
    sandbox.store.run(
        "INSERT INTO wechat_consents VALUES (?, ?, 1) ON CONFLICT (openid, template_id) "
        "DO UPDATE SET credit = credit + 1",
        openid, template_id,
    )  # fmt: skip


def left(sandbox: Sandbox, openid: str, template_id: str) -> int:
    """How many messages of a template may still be sent to a person."""
    sql = "SELECT credit FROM wechat_consents WHERE openid = ? AND template_id = ?"
    return int(sandbox.store.value(sql, openid, template_id) or 0)
