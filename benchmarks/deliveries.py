"""Signed callbacks to deliver, made in advance so that making them is not measured."""

import time
from dataclasses import dataclass
from urllib.parse import urlencode

from wecom_sandbox import crypto, defaults

TIMESTAMP = str(int(time.time()))
NONCE = "1372623149"


@dataclass(frozen=True)
class Delivery:
    """One callback: the inner XML, the outer body and the signature's parts."""

    xml: bytes
    body: bytes
    signature: str

    def request(self, host: str) -> bytes:
        """Return the whole HTTP/1.1 request for a kept connection."""
        query = urlencode({"msg_signature": self.signature, "timestamp": TIMESTAMP, "nonce": NONCE})
        head = (
            f"POST /wecom/callback/scrm/?{query} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/4.0\r\n"
            f"Accept: */*\r\nContent-Type: text/xml\r\nContent-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


def event_xml(number: int, change_type: str = "add_external_contact") -> bytes:
    """Return an event of WeCom's size (about 540 bytes) that no other number has."""
    return (
        f"<xml><ToUserName><![CDATA[{defaults.CORP_ID}]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>"
        f"<CreateTime>{TIMESTAMP}</CreateTime><MsgType><![CDATA[event]]></MsgType>"
        f"<Event><![CDATA[change_external_contact]]></Event><ChangeType><![CDATA[{change_type}]]></ChangeType>"
        f"<UserID><![CDATA[guide{number % 500:04d}]]></UserID>"
        f"<ExternalUserID><![CDATA[wmAAAA{number:026d}]]></ExternalUserID>"
        f"<State><![CDATA[state{number % 40:022d}]]></State>"
        f"<WelcomeCode><![CDATA[WELCOME{number:036d}]]></WelcomeCode></xml>"
    ).encode()


def deliveries(count: int, first: int = 0) -> list[Delivery]:
    """Return `count` different deliveries, numbered from `first`."""
    return [_delivery(number) for number in range(first, first + count)]


def _delivery(number: int) -> Delivery:
    xml = event_xml(number)
    encrypted = crypto.encrypt(xml, defaults.CALLBACK_AES_KEY, defaults.CORP_ID)
    signature = crypto.signature(defaults.CALLBACK_TOKEN, TIMESTAMP, NONCE, encrypted)
    return Delivery(xml, crypto.envelope(defaults.CORP_ID, defaults.AGENT_ID, encrypted), signature)
