"""Six hundred callbacks that are not WeCom's, made from one seed: the same ones on every machine.

Each is wrong for certain, not by chance: a change is made where it must break the signature, the base64, the
blocks, the frame or the XML. Those of the inner parts are signed with the right token, as only an insider could.
"""

import base64
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from Crypto.Cipher import AES

from wecom_sandbox import crypto, defaults

SEED = 20261121
SIZE = 600
NONCE, TIMESTAMP = "1372623149", "1760000000"
KEY = base64.b64decode(defaults.CALLBACK_AES_KEY + "=")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
EVENT = (
    "<xml><ToUserName>ww</ToUserName><FromUserName>sys</FromUserName><CreateTime>1760000000</CreateTime>"
    "<MsgType>event</MsgType><Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType>"
    "<UserID>guide{0}</UserID><ExternalUserID>wm{0:030d}</ExternalUserID></xml>"
)
NAMES = b"<MsgType>event</MsgType><Event>change_external_contact</Event>"


@dataclass(frozen=True)
class Envelope:
    """One request: its family, query, body, method and extra headers."""

    family: str
    query: dict[str, str]
    body: bytes
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path with its query."""
        return f"/wecom/callback/scrm/?{urlencode(self.query, errors='surrogatepass')}"


class Maker:
    """Draws the cases of a corpus from one source of chance."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def xml(self) -> bytes:
        """An event that no other case has."""
        self.count += 1
        return EVENT.format(self.count).encode()

    def text(self, size: int) -> str:
        """Letters and digits."""
        return "".join(self.random.choices(LETTERS, k=size))

    def frame(
        self, xml: bytes, *, length: int | None = None, receiver: bytes | None = None
    ) -> bytes:
        """A plaintext without its padding."""
        size = len(xml) if length is None else length
        name = defaults.CORP_ID.encode() if receiver is None else receiver
        return self.random.randbytes(16) + struct.pack(">I", size) + xml + name

    def sealed(self, plain: bytes) -> bytes:
        """Whole blocks, encrypted by the right key."""
        return bytes(AES.new(KEY, AES.MODE_CBC, KEY[:16]).encrypt(plain))

    def good(self) -> str:
        """The `Encrypt` text of a good event."""
        return base64.b64encode(self.sealed(crypto.pad(self.frame(self.xml())))).decode()

    def signed(self, family: str, encrypted: str) -> Envelope:
        """A request with a right signature over any text."""
        token = defaults.CALLBACK_TOKEN
        body = crypto.envelope(defaults.CORP_ID, defaults.AGENT_ID, encrypted)
        return Envelope(family, self.query(encrypted, token), body)

    def query(self, encrypted: str, token: str) -> dict[str, str]:
        """The query of a delivery."""
        signature = crypto.signature(token, TIMESTAMP, NONCE, encrypted)
        return {"msg_signature": signature, "timestamp": TIMESTAMP, "nonce": NONCE}


def signature(make: Maker, number: int) -> Envelope:
    """Not signed by our token for these very bytes."""
    encrypted = make.good()
    ready = make.signed("signature", encrypted)
    right = ready.query["msg_signature"]
    at = make.random.randrange(40)
    changes: list[dict[str, str]] = [
        {"msg_signature": f"{make.random.getrandbits(160):040x}"},
        {"msg_signature": right[:at] + ("0" if right[at] != "0" else "1") + right[at + 1 :]},
        {"msg_signature": right[:at]},
        {"msg_signature": right + make.text(1 + at)},
        {"msg_signature": right[::-1] + "x"},
        {"msg_signature": " " * (at + 1) + right},
        {"msg_signature": make.text(make.random.randrange(100, 4000))},
        {"msg_signature": "签" * at},
        {"msg_signature": right + "\x00"},
        {"timestamp": str(1_760_000_001 + number)},
        {"timestamp": make.text(10)},
        {"timestamp": "1" * (21 + number)},
        {"timestamp": "١٧٦" * 3},
        {"nonce": make.text(10)},
        {"nonce": make.text(129 + number)},
        {"nonce": "\ud800" * (number + 1)},
        make.query(encrypted, make.text(16)),
        make.query(make.good(), defaults.CALLBACK_TOKEN),
        {"msg_signature": "", "timestamp": "", "nonce": ""},
        {"timestamp": ""},
    ]
    changed = changes[number % len(changes)]
    return Envelope("signature", {**ready.query, **changed}, ready.body)


def outer(make: Maker, number: int) -> Envelope:
    """No envelope with exactly one whole `Encrypt`."""
    ready = make.signed("outer", make.good())
    body, size = ready.body, make.random.randrange(1, 60_000)
    at = make.random.randrange(1, body.index(b"</Encrypt>"))
    bodies: list[bytes] = [
        b"",
        make.random.randbytes(size),
        body[:at],
        body.replace(b"Encrypt>", b"Encrypts>"),
        body.replace(b"<Encrypt>", b"<encrypt>"),
        body + body,
        body.replace(b"</xml>", b"<Encrypt>x</Encrypt></xml>"),
        b"<xml><Encrypt>" + b"<a>" * (size // 4) + b"</Encrypt></xml>",
        b"<xml><Encrypt>" + b" " * size,
        b"<xml><Encrypt>" + b" " * size + b"</Encrypt></xml>",
        b"<xml><Encrypt>A" + b" \n" * (size // 2) + b"</xml>",
        b"<Encrypt>" * (size // 9),
        b"<xml><Encrypt><![CDATA[" + b"]]>" * (size // 3) + b"</Encrypt></xml>",
        b"<xml><Encrypt>" + b"=" * size + b"</Encrypt></xml>",
        json.dumps({"encrypt": make.good()}).encode(),
        urlencode({"Encrypt": make.good()}).encode(),
        body.decode().encode("utf-16"),
        zlib.compress(body),
        b"\x00" * size,
        b'<!DOCTYPE a [<!ENTITY b "c">]><xml><Encrypt>&b;</Encrypt></xml>' + b" " * number,
    ]
    return Envelope("outer", ready.query, bodies[number % len(bodies)])


def encoding(make: Maker, number: int) -> Envelope:
    """Signed text that is no base64 of whole blocks."""
    good = make.good()
    at = make.random.randrange(len(good) - 4)
    texts = [
        good[:at] + make.random.choice("-_%#!.,;:é中") + good[at + 1 :],
        good[:at] + "=" + good[at + 1 :],
        good.rstrip("=") + "===",
        good[:at] + "\n" + good[at:],
        good + make.text(1),
        good + "A",
        base64.urlsafe_b64encode(b"\xff" * 64).decode(),
        base64.b64encode(make.random.randbytes(32 * make.random.randrange(1, 40) + 16)).decode(),
        base64.b64encode(make.random.randbytes(1 + 32 * number)).decode(),
        "=" * (number + 1),
        make.text(at * 4 + 1),
        base64.b32encode(make.random.randbytes(64)).decode().rstrip("=") + "=",
    ]
    return make.signed("encoding", texts[number % len(texts)])


def blocks(make: Maker, number: int) -> Envelope:
    """Signed blocks that hold no plaintext of ours: noise, another key, a bit turned."""
    plain = crypto.pad(make.frame(make.xml()))
    whole = bytearray(make.sealed(plain))
    match number % 5:
        case 0:
            content = make.random.randbytes(32 * make.random.randrange(1, 60))
        case 1:
            key = make.random.randbytes(32)
            content = AES.new(key, AES.MODE_CBC, key[:16]).encrypt(plain)
        case 2:  # a bit of the first block turns the same bit of the length in the second
            whole[make.random.randrange(4)] ^= 1 << make.random.randrange(8)
            content = bytes(whole)
        case 3:  # the last block's padding turns to noise
            whole[-1 - make.random.randrange(16)] ^= 1 << make.random.randrange(8)
            content = bytes(whole)
        case _:
            content = bytes(whole[32 * make.random.randrange(1, 4) :])
    return make.signed("blocks", base64.b64encode(content).decode())


def frame(make: Maker, number: int) -> Envelope:
    """A plaintext whose length, receiver or padding is not exactly right."""
    xml = make.xml()
    corp = defaults.CORP_ID
    wrong = make.random.choice([1, 2, 7, 500, 2**31, 2**32 - 1 - len(xml)])
    plain = crypto.pad(make.frame(xml))
    pad = plain[-1]
    made = {
        0: crypto.pad(make.frame(xml, length=len(xml) + wrong)),
        1: crypto.pad(make.frame(xml, length=make.random.randrange(len(xml)))),
        2: crypto.pad(make.frame(xml, receiver=f"ww{make.text(16)}".encode())),
        3: crypto.pad(make.frame(xml, receiver=corp[: make.random.randrange(len(corp))].encode())),
        4: crypto.pad(make.frame(xml, receiver=(corp + make.text(1 + number % 9)).encode())),
        5: crypto.pad(make.frame(xml, receiver=make.random.randbytes(1 + number % 30))),
        6: plain[:-1] + bytes([make.random.choice([0, *range(33, 256)])]),
        7: plain[:-pad] + bytes([pad % 32 + 1]) * pad,
        8: plain + bytes(32),
        9: b"\x20" * 32,
        10: crypto.pad(make.random.randbytes(16 + number % 4)),
    }
    return make.signed("frame", base64.b64encode(make.sealed(made[number % len(made)])).decode())


def inner(make: Maker, number: int) -> Envelope:
    """Signed and framed text that is no event."""
    xml = make.xml()
    at = make.random.randrange(5, len(xml) - 6)
    depth = make.random.randrange(17, 300)
    texts: list[Callable[[], bytes]] = [
        lambda: xml[:at],
        lambda: xml[:at] + b"\x00" + xml[at:],
        lambda: xml.replace(b"sys", b"\xff\xfe"),
        lambda: xml.replace(b"sys", b"&nothing;"),
        lambda: xml + xml,
        lambda: make.random.randbytes(number * 7 + 1),
        lambda: b"<xml>" + b"<a>" * depth + b"</a>" * depth + b"</xml>",
        lambda: b"<xml>" + b"<a/>" * (4001 + depth) + b"</xml>",
        lambda: b"<!DOCTYPE xml>" + xml,
        lambda: b'<!DOCTYPE xml [<!ENTITY a "' + b"a" * depth + b'">]>' + xml,
        lambda: b'<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + xml,
        lambda: xml.replace(b"<xml>", b"<xm>"),
        lambda: xml.replace(NAMES, b""),
        lambda: xml.replace(b"<Event>", b"<Event><b>").replace(b"</Event>", b"</b></Event>"),
        lambda: xml.replace(b"<Event>", b"<Event>a</Event><Event>"),
        lambda: xml.replace(b"change_external_contact", b"e" * (65 + number)),
        lambda: xml.replace(b"<CreateTime>1760000000</CreateTime>", b""),
        lambda: xml.replace(b"1760000000", make.text(10).encode() + b"x"),
        lambda: xml.replace(b"1760000000", b"-" + str(number).encode()),
        lambda: xml.replace(b"1760000000", b"9" * (11 + number)),
        lambda: b'<?xml version="1.0" encoding="utf-16"?>' + xml.replace(b"sys", b"\xd5\xc5"),
        lambda: json.dumps({"Event": make.text(9)}).encode(),
        lambda: b"<xml " + b" ".join(b'a%d=""' % n for n in range(depth)) + b"/>",
        lambda: b"<xml>" + make.text(number).encode() + b"</xml>",
        lambda: b"",
    ]
    content = texts[number % len(texts)]()
    sealed = make.sealed(crypto.pad(make.frame(content)))
    return make.signed("inner", base64.b64encode(sealed).decode())


def request(make: Maker, number: int) -> Envelope:
    """Wrong by method, by length, or as a verification of the address."""
    ready = make.signed("request", make.good())
    echo = make.good()
    verify = make.query(echo, defaults.CALLBACK_TOKEN)
    huge = str(65_537 + make.random.randrange(10**6))
    wrong_echo = {
        **make.query("ab!d", defaults.CALLBACK_TOKEN),
        "echostr": "ab!d",
    }
    made = [
        Envelope("request", ready.query, ready.body + b" " * (65_537 - len(ready.body) + number)),
        Envelope("request", ready.query, ready.body, headers={"CONTENT_LENGTH": huge}),
        Envelope("request", ready.query, ready.body, headers={"CONTENT_LENGTH": "1e3"}),
        Envelope("request", ready.query, ready.body, headers={"CONTENT_LENGTH": "-" + huge}),
        Envelope("request", ready.query, ready.body, headers={"CONTENT_LENGTH": "9" * 40}),
        Envelope("request", {**verify, "echostr": echo[:-4]}, b"", "GET"),
        Envelope("request", {**verify, "echostr": make.text(number * 40)}, b"", "GET"),
        Envelope("request", {**make.query(echo, make.text(9)), "echostr": echo}, b"", "GET"),
        Envelope("request", {"echostr": echo}, b"", "GET"),
        Envelope("request", wrong_echo, b"", "GET"),
        Envelope("request", ready.query, ready.body, "PUT"),
        Envelope("request", ready.query, b"", "DELETE"),
    ]
    return made[number % len(made)]


FAMILIES: tuple[tuple[Callable[[Maker, int], Envelope], int], ...] = (
    (signature, 120),
    (outer, 100),
    (encoding, 72),
    (blocks, 80),
    (frame, 88),
    (inner, 100),
    (request, 40),
)


def corpus(seed: int = SEED) -> Iterator[Envelope]:
    """Yield the whole corpus of a seed, family by family."""
    make = Maker(seed)
    for family, size in FAMILIES:
        for number in range(size):
            yield family(make, number)
