"""获客链接: links that lead a customer to a member, whoever WeCom picks of the range (marketing.md §2)."""

import json
import secrets
import sqlite3
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.customers import follows
from wecom_sandbox.customers.people import Person
from wecom_sandbox.due import settles
from wecom_sandbox.errors import WeComError
from wecom_sandbox.marketing import member_ranges, ways
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

EVENT = "customer_acquisition"
MOST_MEMBERS = 500
MOST_CHANNEL_BYTES = 64
# Whom WeCom prefers: members of the whole corp who know the customer, or those that are listed.
WHOLE_CORP, LISTED = 1, 2
_WECOM_LINK = "https://work.weixin.qq.com/ca/"


def create(sandbox: Sandbox, data: dict[str, Any], app: str) -> sqlite3.Row:
    """Store a checked link; its row."""
    link_id = f"cawcde{secrets.token_hex(6)}"
    sandbox.store.insert(
        "acquisition_links", link_id=link_id, app=app, create_time=sandbox.clock.seconds(),
        data=json.dumps(data, ensure_ascii=False),
    )  # fmt: skip
    return need(sandbox.store, link_id)


def find(store: Store, link_id: str) -> sqlite3.Row | None:
    """A link that was not deleted, or None."""
    return store.row(
        "SELECT * FROM acquisition_links WHERE link_id = ? AND deleted_at IS NULL", link_id
    )


def need(store: Store, link_id: str) -> sqlite3.Row:
    """A link's row; 40058 when there is none."""
    row = find(store, link_id)
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid link_id")
    return row


def need_own(store: Store, link_id: str, app: str) -> sqlite3.Row:
    """A link the app made itself; 40058 for an unknown one, 301002 for another app's."""
    row = need(store, link_id)
    if row["app"] != app:
        raise WeComError(301002, "the link belongs to another app")
    return row


def write(store: Store, link_id: str, data: dict[str, Any]) -> None:
    """Replace what a link says."""
    store.run(
        "UPDATE acquisition_links SET data = ? WHERE link_id = ?",
        json.dumps(data, ensure_ascii=False), link_id,
    )  # fmt: skip


def delete(sandbox: Sandbox, link_id: str) -> None:
    """The link leads nowhere from now on; its customers stay."""
    sandbox.store.run(
        "UPDATE acquisition_links SET deleted_at = ? WHERE link_id = ?",
        sandbox.clock.seconds(), link_id,
    )  # fmt: skip


def url_of(row: sqlite3.Row, base_url: str, kind: str) -> str:
    """The address: a page of the sandbox (``local``) or as WeCom's (``wecom``)."""
    return (
        f"{_WECOM_LINK}{row['link_id']}" if kind == "wecom" else f"{base_url}/ca/{row['link_id']}"
    )


def parse(store: Store, address: str) -> tuple[sqlite3.Row, str] | None:
    """The link and the channel of an address (or a bare link_id), or None when it is no link."""
    parts = urlsplit(address.strip())
    row = find(store, parts.path.rstrip("/").rsplit("/", 1)[-1])
    if row is None:
        return None
    channel = parse_qs(parts.query).get("customer_channel", [""])[0]
    return row, cut_channel(channel)


def cut_channel(channel: str) -> str:
    """The first 64 bytes of a customer_channel, without half a character (doc 99482)."""
    return channel.encode()[:MOST_CHANNEL_BYTES].decode("utf-8", "ignore")


def eligible(store: Store, row: sqlite3.Row) -> list[str]:
    """Members of a link that can receive a customer now."""
    return member_ranges.able(
        store, member_ranges.expanded(store, json.loads(row["data"])["range"])
    )


def choose(sandbox: Sandbox, row: sqlite3.Row, person: Person) -> str | None:
    """Whom WeCom gives the customer: a preferred member who knows him already, else by turns; None for nobody."""
    data, store = json.loads(row["data"]), sandbox.store
    able = eligible(store, row)
    friends = [
        str(one["userid"])
        for one in follows.of_customer(store, person.external_userid, follows.OPEN)
    ]
    known = {one.lower() for one in friends}
    in_range = next((one for one in able if one.lower() in known), None)
    preferred = in_range or _preferred(data.get("priority_option"), friends)
    if preferred:
        return preferred
    candidates = ways.below_cap(sandbox, able)
    return candidates[int(row["robin"]) % len(candidates)] if candidates else None


def turn(store: Store, link_id: str) -> None:
    """The next customer goes to the next member."""
    store.run("UPDATE acquisition_links SET robin = robin + 1 WHERE link_id = ?", link_id)


@settles
def watch(sandbox: Sandbox) -> None:
    """Raise link_unavailable for links whose members have all lost the ability to receive customers."""
    with sandbox.store.transaction():
        for row in sandbox.store.rows("SELECT * FROM acquisition_links WHERE deleted_at IS NULL"):
            broken = not eligible(sandbox.store, row)
            if broken == bool(row["unavailable"]):
                continue
            sandbox.store.run(
                "UPDATE acquisition_links SET unavailable = ? WHERE link_id = ?",
                int(broken), row["link_id"],
            )  # fmt: skip
            if broken:
                sandbox.delivery.publish_customer(
                    EVENT, "link_unavailable", {"LinkId": row["link_id"]}
                )


def _preferred(option: dict[str, Any] | None, friends: list[str]) -> str | None:
    if not option:
        return None
    if option["priority_type"] == WHOLE_CORP:
        return friends[0] if friends else None
    listed = {one.lower() for one in option["priority_userid_list"]}
    return next((one for one in friends if one.lower() in listed), None)
