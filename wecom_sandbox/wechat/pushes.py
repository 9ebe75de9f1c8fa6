"""Callbacks of the two accounts: three modes, XML or JSON, and what the answer may say (wechat.md §9)."""

import base64
import binascii
import hashlib
import json
import re
import secrets
import struct
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from Crypto.Cipher import AES

from wecom_sandbox import crypto
from wecom_sandbox.events import Fields, event_xml
from wecom_sandbox.http_client import DeadlinePassedError, exchange
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat.accounts import ACCOUNTS, Account, settings_of

# What takes a message in an answer: account, openid, the message.
Reply = Callable[[Sandbox, Account, str, ET.Element], None]
# Three tries in all, five seconds each.
RETRIES = 2
_CHECK_SECONDS = 5.0


class WeChatChannel:
    """Signs, wraps and reads back the callbacks of one account."""

    retries = RETRIES

    def __init__(self, sandbox: Sandbox, account: Account, reply: Reply) -> None:
        self._sandbox, self._account, self._reply = sandbox, account, reply

    def stamped(self, plain: str, at: int) -> tuple[str, str]:
        """Body and query by the account's mode: plain, compatible (both) or safe (encrypted only)."""
        account, mode = self._account, settings_of(self._sandbox, self._account).mode
        timestamp, nonce = str(at), str(secrets.randbelow(2**31))
        query = {
            "signature": signature(account.token, timestamp, nonce),
            "timestamp": timestamp, "nonce": nonce, "openid": _field(plain, "FromUserName"),
        }  # fmt: skip
        if mode == "plain":
            return plain, urlencode(query)
        sealed = crypto.encrypt(plain.encode(), account.aes_key, account.appid)
        signed = crypto.signature(account.token, timestamp, nonce, sealed)
        query |= {"encrypt_type": "aes", "msg_signature": signed}
        return _body(plain, account, sealed, whole=mode == "compatible"), urlencode(query)

    def answered(self, callback_id: int, answer: str) -> None:
        """A message in the answer is shown to the person who acted; anything else says nothing."""
        if not answer.strip() or answer.strip() == "success":
            return
        plain = self._opened(answer)
        row = self._sandbox.store.row("SELECT xml FROM callbacks WHERE id = ?", callback_id)
        if plain is None or row is None:
            return
        openid = _field(str(row["xml"]), "FromUserName")
        if _child(plain, "ToUserName") != openid:
            return
        with self._sandbox.store.transaction():
            self._reply(self._sandbox, self._account, openid, plain)

    def _opened(self, answer: str) -> ET.Element | None:
        root = _parsed(answer)
        sealed = _child(root, "Encrypt") if root is not None else ""
        if not sealed:
            return root
        stamp = (_child(root, "TimeStamp"), _child(root, "Nonce"), sealed)
        if crypto.signature(self._account.token, *stamp) != _child(root, "MsgSignature"):
            return None
        return _parsed(opened(self._account, sealed))


def install(sandbox: Sandbox, reply: Reply) -> None:
    """Let the sandbox's sender carry the callbacks of both accounts; ``reply`` takes messages in answers."""
    for account in ACCOUNTS:
        sandbox.delivery.channels[account.channel] = WeChatChannel(sandbox, account, reply)


def publish(
    sandbox: Sandbox, account: Account, openid: str, event: str, fields: Fields, *, delay: float = 0.0
) -> int:  # fmt: skip
    """Send an event (or, with ``MsgType`` among the fields, a message) of a person; its callback id."""
    head: Fields = {"ToUserName": account.original_id, "FromUserName": openid}
    xml = event_xml(event, "", sandbox.clock.seconds(), {**head, **fields})
    kind = str(fields.get("MsgType", "event"))
    if settings_of(sandbox, account).format == "json":
        xml = json.dumps(_json_event(xml), ensure_ascii=False)
    return sandbox.delivery.publish_text(
        account.channel, event if kind == "event" else kind, "", xml, delay=delay
    )


def verify(account: Account, url: str) -> tuple[bool, str]:
    """WeChat's check of an address: a signed GET whose echostr comes back as it was."""
    echo, timestamp, nonce = str(secrets.randbelow(10**19)), "1700000000", secrets.token_hex(5)
    query = urlencode(
        {
            "signature": signature(account.token, timestamp, nonce),
            "timestamp": timestamp, "nonce": nonce, "echostr": echo,
        }
    )  # fmt: skip
    try:
        reply = exchange("GET", f"{url}{'&' if '?' in url else '?'}{query}", None, _CHECK_SECONDS)
    except DeadlinePassedError:
        return False, "no answer within the deadline"
    except (OSError, HTTPException) as error:
        return False, f"no HTTP answer: {error}"
    if reply.status != 200:
        return False, f"HTTP {reply.status}"
    return (True, "ok") if reply.body == echo.encode() else (False, "the answer is not the echostr")


def signature(token: str, timestamp: str, nonce: str) -> str:
    """``signature``: SHA-1 of the three parts in lexicographic order."""
    joined = "".join(sorted((token, timestamp, nonce)))
    return hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()


def _body(plain: str, account: Account, sealed: str, *, whole: bool) -> str:
    if plain.startswith("{"):
        envelope = json.loads(plain) if whole else {"ToUserName": account.original_id}
        return json.dumps({**envelope, "Encrypt": sealed}, ensure_ascii=False)
    inner = f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    if whole:
        return plain.removesuffix("</xml>") + inner
    return f"<xml><ToUserName><![CDATA[{account.original_id}]]></ToUserName>{inner}"


def opened(account: Account, sealed: str) -> str:
    """The plain text of an encrypted answer; empty when it is not for this account."""
    try:
        key = base64.b64decode(account.aes_key + "=")
        data = AES.new(key, AES.MODE_CBC, key[:16]).decrypt(base64.b64decode(sealed, validate=True))
    except (ValueError, binascii.Error):
        return ""
    data = data[: -data[-1]] if data else b""
    if len(data) < 20:
        return ""
    end = 20 + int(struct.unpack(">I", data[16:20])[0])
    return data[20:end].decode("utf-8", "replace") if data[end:] == account.appid.encode() else ""


def _json_event(xml: str) -> dict[str, Any]:
    found: dict[str, Any] = _plain_value(ET.fromstring(xml))  # noqa: S314 - our own
    for name in [name for name in found if name.startswith("SubscribeMsg")]:
        found["List"] = found.pop(name)["List"]
    return found


def _plain_value(element: ET.Element) -> Any:
    """An element as the JSON of callbacks: numbers are text there too, one entry stands without a list."""
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        value = _plain_value(child)
        if child.tag in found:
            before = found[child.tag]
            found[child.tag] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[child.tag] = value
    return found


def _field(plain: str, name: str) -> str:
    if plain.startswith("{"):
        return str(json.loads(plain).get(name, ""))
    found = re.search(rf"<{name}><!\[CDATA\[(.*?)\]\]></{name}>", plain)
    return found.group(1) if found else ""


def _parsed(text: str) -> ET.Element | None:
    try:
        root = ET.fromstring(text)  # noqa: S314 - the answer of the receiver under test
    except ET.ParseError:
        return None
    return root if root.tag == "xml" else None


def _child(root: ET.Element | None, name: str) -> str:
    return "" if root is None else (root.findtext(name) or "").strip()
