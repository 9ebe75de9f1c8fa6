"""WeChat's callbacks (wechat.md §9): address check, three modes, XML or JSON. One exception for all that is wrong."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from scrm.wecom.callbacks import MAX_BODY, BadCallback, BadSignature, CallbackCrypto, parse_event
from scrm.wecom.secret import Secret

_MOST_DEPTH = 16


class WeChatCallbacks:
    """Opens one account's callbacks.

    Args: `token` and the 43-character `aes_key` of the account's message settings; `appid` must stand at the end of
    every message. `plain` also takes unencrypted ones, whose signature does not cover the body: leave it off.
    Raises ValueError for a malformed key.
    """

    def __init__(self, token: str, aes_key: str, appid: str, *, plain: bool = False) -> None:
        self._token = Secret(token)
        self._crypto = CallbackCrypto(self._token, Secret(aes_key), appid)
        self._plain = plain

    def verify_url(self, query: Mapping[str, str]) -> str:
        """Return the echo text to answer WeChat's GET with, unchanged; raises BadSignature."""
        self._check(query)
        return query.get("echostr", "")

    def read(self, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Return the fields of an event or message; raises BadCallback."""
        if len(body) > MAX_BODY:
            raise BadCallback("the body is larger than 64 KiB")
        if query.get("encrypt_type") != "aes":
            if not self._plain:
                raise BadCallback("the message is not encrypted: set the account to safe mode")
            self._check(query)
            return _fields(body)
        signed = (
            query.get("msg_signature", ""),
            query.get("timestamp", ""),
            query.get("nonce", ""),
        )
        if body.lstrip().startswith(b"{"):
            sealed = _object(body).get("Encrypt")
            if not isinstance(sealed, str):
                raise BadCallback("the body has no Encrypt field")
            return _fields(self._crypto.verify_url(*signed, sealed).encode())
        return _fields(self._crypto.decrypt(*signed, body))

    def _check(self, query: Mapping[str, str]) -> None:
        parts = sorted((self._token, query.get("timestamp", ""), query.get("nonce", "")))
        # SHA-1 is WeChat's protocol.
        expected = hashlib.sha1(
            "".join(parts).encode("utf-8", "replace"), usedforsecurity=False
        ).hexdigest()
        given = query.get("signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(expected.encode(), given):
            raise BadSignature("the signature does not match")


def event_key(fields: Mapping[str, Any]) -> str:
    """Return what makes a callback the same one again: MsgId, else sender, second, event and its key or job."""
    if fields.get("MsgId"):
        return f"msg:{fields['MsgId']}"
    names = ("FromUserName", "CreateTime", "Event", "EventKey", "MsgID")
    return "event:" + ":".join(str(fields.get(name) or "") for name in names)


def event_items(fields: Mapping[str, Any], wrapper: str) -> tuple[Mapping[str, Any], ...]:
    """Return the entries of a `List`: WeChat's XML wraps it, its JSON does not, and one entry is no list in both."""
    inner = fields.get(wrapper)
    found = (inner if isinstance(inner, Mapping) else fields).get("List")
    entries = found if isinstance(found, list) else [found]
    return tuple(entry for entry in entries if isinstance(entry, Mapping))


def scene_of(fields: Mapping[str, Any]) -> str:
    """Return the scene of a subscribe or SCAN event, "" without one."""
    key = fields.get("EventKey")
    return key.removeprefix("qrscene_") if isinstance(key, str) else ""


def _fields(plain: bytes) -> dict[str, Any]:
    return _object(plain) if plain.lstrip().startswith(b"{") else parse_event(plain)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadCallback("the message is no JSON") from None
    if not isinstance(found, dict) or _depth(found) > _MOST_DEPTH:
        raise BadCallback("the message is no JSON object, or a deep one")
    return found


def _depth(value: object) -> int:
    """How deep a value nests, counted only as far as matters."""
    level, deepest = [value], 0
    while level and deepest <= _MOST_DEPTH:
        deepest += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return deepest
