"""Who follows the service account: by search, card or scene code, and what they did last (wechat.md §9-§11)."""

import sqlite3
from typing import Any

from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import identities, pushes, scene_codes
from wecom_sandbox.wechat.accounts import SERVICE, settings_of
from wecom_sandbox.wechat.errors import WeChatError

SCENES = (
    "ADD_SCENE_SEARCH", "ADD_SCENE_ACCOUNT_MIGRATION", "ADD_SCENE_PROFILE_CARD", "ADD_SCENE_QR_CODE",
    "ADD_SCENE_PROFILE_LINK", "ADD_SCENE_PROFILE_ITEM", "ADD_SCENE_PAID",
    "ADD_SCENE_WECHAT_ADVERTISEMENT", "ADD_SCENE_OTHERS",
)  # fmt: skip


def find(sandbox: Sandbox, person: Person) -> sqlite3.Row | None:
    """What the account knows of a person who follows it or did once."""
    return sandbox.store.row("SELECT * FROM wechat_followers WHERE person_id = ?", person.id)


def following(sandbox: Sandbox, person: Person) -> bool:
    """Whether a person follows now."""
    row = find(sandbox, person)
    return row is not None and bool(row["subscribed"])


def need(sandbox: Sandbox, openid: str) -> sqlite3.Row:
    """The follower of an openid; 40003 nobody's, 43004 not following."""
    person = identities.need(sandbox, SERVICE, openid)
    row = find(sandbox, person)
    if row is None or not row["subscribed"]:
        raise WeChatError(43004)
    return row


def follow(
    sandbox: Sandbox, person: Person, *, scene: str = "ADD_SCENE_SEARCH", code: sqlite3.Row | None = None
) -> str:  # fmt: skip
    """A person follows; the openid. With a scene code the event tells which.

    Raises:
        NotPossibleError: follows already, or has no WeChat.
    """
    if person.type != 1:
        raise NotPossibleError("they have no WeChat")
    if scene not in SCENES:
        raise ValueError(f"scene must be one of {', '.join(SCENES)}")
    with sandbox.store.transaction():
        if following(sandbox, person):
            raise NotPossibleError("they follow already")
        openid = identities.openid(sandbox, SERVICE, person)
        serial = int(sandbox.store.value("SELECT COALESCE(MAX(serial), 0) FROM wechat_followers"))
        key = scene_codes.scene_of(code) if code is not None else ""
        before = find(sandbox, person)
        sandbox.store.run(
            "INSERT INTO wechat_followers (person_id, openid, subscribed, serial, subscribe_time, subscribe_scene, "
            "qr_scene, qr_scene_str, black, acted_at) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (person_id) DO UPDATE SET subscribed = 1, serial = excluded.serial, "
            "subscribe_time = excluded.subscribe_time, subscribe_scene = excluded.subscribe_scene, "
            "qr_scene = excluded.qr_scene, qr_scene_str = excluded.qr_scene_str, acted_at = excluded.acted_at, "
            "answers = 0, remark = ''",
            person.id, openid, serial + 1, sandbox.clock.seconds(),
            "ADD_SCENE_QR_CODE" if code is not None else scene,
            int(code["scene_id"]) if code is not None else 0,
            str(code["scene_str"]) if code is not None else "",
            int(before["black"]) if before is not None else 0, sandbox.clock.now(),
        )  # fmt: skip
        fields: dict[str, Any] = {"EventKey": f"qrscene_{key}" if key else ""}
        if code is not None:
            fields["Ticket"] = str(code["ticket"])
        pushes.publish(sandbox, SERVICE, openid, "subscribe", fields)
    return openid


def unfollow(sandbox: Sandbox, person: Person) -> None:
    """A person unfollows; NotPossibleError when they do not follow."""
    with sandbox.store.transaction():
        row = find(sandbox, person)
        if row is None or not row["subscribed"]:
            raise NotPossibleError("they do not follow")
        sandbox.store.run(
            "UPDATE wechat_followers SET subscribed = 0 WHERE person_id = ?", person.id
        )
        sandbox.store.run("DELETE FROM wechat_taggings WHERE openid = ?", row["openid"])
        pushes.publish(sandbox, SERVICE, row["openid"], "unsubscribe", {"EventKey": ""})


def scan(sandbox: Sandbox, person: Person, code: sqlite3.Row, *, follows: bool = True) -> str:
    """A person scans a scene code: a follower's SCAN, else the account's card and, if they like, following.

    Returns: ``SCAN``, ``subscribe`` or ``card``.
    Raises: NotPossibleError for an expired code.
    """
    if code["expires_at"] is not None and code["expires_at"] < sandbox.clock.now():
        raise NotPossibleError("the code has expired")
    if not following(sandbox, person):
        if not follows:
            return "card"
        follow(sandbox, person, code=code)
        return "subscribe"
    with sandbox.store.transaction():
        row = acted(sandbox, person)
        fields = {"EventKey": scene_codes.scene_of(code), "Ticket": str(code["ticket"])}
        pushes.publish(sandbox, SERVICE, row["openid"], "SCAN", fields)
    return "SCAN"


def acted(sandbox: Sandbox, person: Person) -> sqlite3.Row:
    """A follower did something: customer service may write again. NotPossibleError for others."""
    row = find(sandbox, person)
    if row is None or not row["subscribed"]:
        raise NotPossibleError("they do not follow")
    sandbox.store.run(
        "UPDATE wechat_followers SET acted_at = ?, answers = 0 WHERE person_id = ?",
        sandbox.clock.now(), person.id,
    )  # fmt: skip
    return row


def page(sandbox: Sandbox, after: str) -> dict[str, Any]:
    """A page of openids in the order of following; 40003 for an unknown ``next_openid``."""
    size = settings_of(sandbox, SERVICE).page_size
    begin = 0
    if after:
        known = sandbox.store.value("SELECT serial FROM wechat_followers WHERE openid = ?", after)
        if known is None:
            raise WeChatError(40003)
        begin = int(known)
    rows = sandbox.store.rows(
        "SELECT openid FROM wechat_followers WHERE subscribed AND serial > ? ORDER BY serial LIMIT ?",
        begin, size,
    )  # fmt: skip
    total = sandbox.store.value("SELECT COUNT(*) FROM wechat_followers WHERE subscribed")
    openids = [row["openid"] for row in rows]
    answer: dict[str, Any] = {"total": int(total), "count": len(openids)}
    if openids:
        answer["data"] = {"openid": openids}
    return answer | {"next_openid": openids[-1] if openids else ""}


def shown(sandbox: Sandbox, openid: str) -> dict[str, Any]:
    """A person as user/info shows them; only openid and 0 for who does not follow; 40003 for nobody."""
    person = identities.need(sandbox, SERVICE, openid)
    row = find(sandbox, person)
    if row is None or not row["subscribed"]:
        return {"subscribe": 0, "openid": openid}
    tags = sandbox.store.rows(
        "SELECT tag_id FROM wechat_taggings WHERE openid = ? ORDER BY serial", openid
    )
    return {
        "subscribe": 1, "openid": openid,
        # Empty since 2021: only a person's consent in web OAuth gives a profile.
        "nickname": "", "sex": 0, "language": "", "city": "", "province": "", "country": "", "headimgurl": "",
        "subscribe_time": row["subscribe_time"], **identities.unionid(sandbox, SERVICE, person),
        "remark": row["remark"], "groupid": 0, "tagid_list": [tag["tag_id"] for tag in tags],
        "subscribe_scene": row["subscribe_scene"], "qr_scene": row["qr_scene"], "qr_scene_str": row["qr_scene_str"],
    }  # fmt: skip
