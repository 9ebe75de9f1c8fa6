"""Everything that is not WeCom's: 400 or 413, and nothing stored."""

import base64
import secrets
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from Crypto.Cipher import AES
from django.test import Client

from scrm.inbox import callback
from scrm.inbox.abuse import Refusals
from scrm.inbox.models import InboxEvent
from tests.factories.inbox import Delivery, delivery, event_xml, signed
from wecom_sandbox import crypto, defaults

pytestmark = pytest.mark.django_db

KEY = base64.b64decode(defaults.CALLBACK_AES_KEY + "=")


def sealed(plain: bytes) -> str:
    """Encrypt a hand-made plaintext (with its padding) under the right key."""
    return base64.b64encode(AES.new(KEY, AES.MODE_CBC, KEY[:16]).encrypt(plain)).decode()


def framed(
    xml: bytes, *, length: int | None = None, receive_id: bytes = defaults.CORP_ID.encode()
) -> bytes:
    return (
        secrets.token_bytes(16)
        + struct.pack(">I", len(xml) if length is None else length)
        + xml
        + receive_id
    )


def with_query(**changes: str) -> Delivery:
    ready = delivery()
    return replace(
        ready, query={name: value for name, value in {**ready.query, **changes}.items() if value}
    )


def with_body(change: Callable[[bytes], bytes]) -> Delivery:
    ready = delivery()
    return replace(ready, body=change(ready.body))


def event(xml: bytes) -> Delivery:
    return delivery(xml)


def nested(depth: int) -> bytes:
    return b"<xml>" + b"<a>" * depth + b"</a>" * depth + b"</xml>"


GOOD = event_xml()
BODY_START = GOOD.index(b"<Event>")
BILLION = b"""<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Event>&c;</Event><CreateTime>1760000000</CreateTime></xml>"""
FILE_ENTITY = (
    b"""<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Event>&f;</Event></xml>"""
)

CASES: dict[str, Callable[[], Delivery]] = {
    # signature
    "unsigned": lambda: with_query(msg_signature=""),
    "no query at all": lambda: with_query(msg_signature="", timestamp="", nonce=""),
    "wrong signature": lambda: with_query(msg_signature="0" * 40),
    "truncated signature": lambda: with_query(msg_signature=delivery().query["msg_signature"][:39]),
    "upper-case signature": lambda: (
        lambda d: replace(d, query={**d.query, "msg_signature": d.query["msg_signature"].upper()})
    )(delivery()),
    "signature with a space": lambda: (
        lambda d: replace(d, query={**d.query, "msg_signature": d.query["msg_signature"] + " "})
    )(delivery()),
    "signature in another script": lambda: with_query(msg_signature="签" * 40),
    "other timestamp": lambda: with_query(timestamp="1"),
    "other nonce": lambda: with_query(nonce="1"),
    "signature of another body": lambda: replace(delivery(), query=delivery().query),
    "other app's token and key": lambda: delivery(key_of="contacts"),
    "other app's address": lambda: replace(delivery(app="contacts", key_of="scrm")),
    "very long nonce": lambda: with_query(nonce="n" * 3000),
    # outer envelope
    "empty body": lambda: with_body(lambda body: b""),
    "missing Encrypt": lambda: with_body(lambda body: b"<xml><ToUserName>x</ToUserName></xml>"),
    "empty Encrypt": lambda: with_body(lambda body: b"<xml><Encrypt></Encrypt></xml>"),
    "duplicate Encrypt": lambda: with_body(lambda body: body.replace(b"</xml>", body[5:])),
    "Encrypt with a child": lambda: with_body(lambda body: b"<xml><Encrypt><a/></Encrypt></xml>"),
    "truncated body": lambda: with_body(lambda body: body[: len(body) // 2]),
    "truncated base64": lambda: with_body(lambda body: body.replace(b"]]></Encrypt>", b"]]>")),
    "json": lambda: with_body(lambda body: b'{"encrypt": "x"}'),
    "form": lambda: with_body(lambda body: b"Encrypt=abc"),
    "nul bytes": lambda: with_body(lambda body: b"\0" * 500),
    "utf-16": lambda: with_body(lambda body: body.decode().encode("utf-16")),
    "gzip": lambda: with_body(lambda body: b"\x1f\x8b\x08" + secrets.token_bytes(100)),
    "entity in the envelope": lambda: with_body(lambda body: FILE_ENTITY),
    # base64 and blocks, rightly signed
    "garbage base64": lambda: signed("%%%not-base64%%%"),
    "base64 with a hole": lambda: signed("QUJD=QUJD"),
    "base64 url alphabet": lambda: signed("ab-_" * 16),
    "base64 of nothing": lambda: signed("===="),
    "one block": lambda: signed(sealed(b"x" * 16)),
    "half a block": lambda: signed(base64.b64encode(b"12345678").decode()),
    "no whole blocks": lambda: signed(base64.b64encode(secrets.token_bytes(33)).decode()),
    "random blocks": lambda: signed(base64.b64encode(secrets.token_bytes(320)).decode()),
    # plaintext
    "wrong receiveid": lambda: delivery(receive_id="ww0another0corp0"),
    "empty receiveid": lambda: delivery(receive_id=""),
    "longer receiveid": lambda: delivery(receive_id=defaults.CORP_ID + "x"),
    "shorter receiveid": lambda: delivery(receive_id=defaults.CORP_ID[:-1]),
    "length too large": lambda: signed(sealed(crypto.pad(framed(GOOD, length=2**32 - 1)))),
    "length one too large": lambda: signed(sealed(crypto.pad(framed(GOOD, length=len(GOOD) + 1)))),
    "length one too small": lambda: signed(sealed(crypto.pad(framed(GOOD, length=len(GOOD) - 1)))),
    "length nought": lambda: signed(sealed(crypto.pad(framed(GOOD, length=0)))),
    "only the frame": lambda: signed(sealed(crypto.pad(framed(b"")))),
    "padding longer than the text": lambda: signed(sealed(b"\x20" * 16)),
    # inner XML
    "no XML": lambda: event(b"hello"),
    "empty XML": lambda: event(b"<xml></xml>"),
    "json inside": lambda: event(b'{"Event": "x"}'),
    "other root": lambda: event(GOOD.replace(b"<xml>", b"<abc>").replace(b"</xml>", b"</abc>")),
    "two roots": lambda: event(GOOD + GOOD),
    "cut XML": lambda: event(GOOD[: len(GOOD) // 2]),
    "not UTF-8": lambda: event(GOOD.replace(b"sys", b"\xff\xfe")),
    "nul in XML": lambda: event(GOOD.replace(b"sys", b"s\0s")),
    "GBK declared": lambda: event(
        '<?xml version="1.0" encoding="GBK"?><xml><Event>中</Event></xml>'.encode("gbk")
    ),
    "document type": lambda: event(b"<!DOCTYPE xml>" + GOOD),
    "internal entities": lambda: event(BILLION),
    "file entity": lambda: event(FILE_ENTITY),
    "parameter entity": lambda: event(
        b'<!DOCTYPE xml [<!ENTITY % p SYSTEM "http://127.0.0.1/x">%p;]>' + GOOD
    ),
    "200 nested tags": lambda: event(nested(200)),
    "5,000 elements": lambda: event(b"<xml>" + b"<a/>" * 5000 + b"</xml>"),
    "no event": lambda: event(b"<xml><CreateTime>1760000000</CreateTime></xml>"),
    "event with children": lambda: event(
        b"<xml><Event><a>1</a></Event><CreateTime>1760000000</CreateTime></xml>"
    ),
    "event twice": lambda: event(GOOD.replace(b"<Event>", b"<Event>a</Event><Event>")),
    "event name of 65": lambda: event(
        b"<xml><Event>" + b"e" * 65 + b"</Event><CreateTime>1760000000</CreateTime></xml>"
    ),
    "no time": lambda: event(b"<xml><Event>a</Event></xml>"),
    "time of 11 digits": lambda: event(
        b"<xml><Event>a</Event><CreateTime>17600000000</CreateTime></xml>"
    ),
    "negative time": lambda: event(b"<xml><Event>a</Event><CreateTime>-1</CreateTime></xml>"),
    "time in full-width digits": lambda: event(
        "<xml><Event>a</Event><CreateTime>１７６０００００００</CreateTime></xml>".encode()
    ),
    "time nought": lambda: event(b"<xml><Event>a</Event><CreateTime>0</CreateTime></xml>"),
}


@pytest.mark.parametrize("case", CASES)
def test_refused_and_nothing_stored(client: Client, case: str) -> None:
    answer = CASES[case]().post(client)

    assert (answer.status_code, answer.content) == (400, b"refused")
    assert InboxEvent.objects.count() == 0


def test_only_right_padding_values_are_accepted(client: Client, settings: Any) -> None:
    """The last byte 0..255 over a text that fills whole blocks but one of 32."""
    # given
    callback.refusals = Refusals(allowed=1000)
    xml = GOOD + b"<!--" + b"." * ((-len(framed(GOOD)) - 7) % 32) + b"-->"
    body = framed(xml)
    assert len(body) % 32 == 0

    # when
    statuses = {}
    for value in range(256):
        plain = body + bytes([value]) * 32
        statuses[value] = signed(sealed(plain)).post(client).status_code

    # then
    assert {value for value, status in statuses.items() if status == 200} == {32}
    assert {status for value, status in statuses.items() if value != 32} == {400}
    assert InboxEvent.objects.count() == 1


@pytest.mark.parametrize("pad", [1, 5, 16, 31, 32])
def test_each_bit_of_the_padding_counts(client: Client, pad: int) -> None:
    # given: right padding with its first byte changed
    xml = GOOD + b"<!--" + b"." * ((32 - pad - len(framed(GOOD)) - 7) % 32) + b"-->"
    right = framed(xml) + bytes([pad]) * pad
    assert len(right) % 32 == 0
    wrong = right[:-pad] + bytes([right[-pad] ^ 1]) + right[len(right) - pad + 1 :]

    # when, then
    assert signed(sealed(wrong)).post(client).status_code == 400
    assert InboxEvent.objects.count() == 0
    assert signed(sealed(right)).post(client).status_code == 200


def test_flipped_ciphertext_bits_need_a_new_signature(client: Client) -> None:
    """CBC bit flips: unsigned ones are refused without decryption."""
    # given
    callback.refusals = Refusals(allowed=1000)
    encrypted = base64.b64decode(crypto.encrypt(GOOD, defaults.CALLBACK_AES_KEY, defaults.CORP_ID))
    ready = signed(base64.b64encode(encrypted).decode())

    # when
    statuses = set()
    for index in range(0, len(encrypted), 7):
        flipped = bytearray(encrypted)
        flipped[index] ^= 1 << (index % 8)
        body = crypto.envelope(defaults.CORP_ID, 1, base64.b64encode(bytes(flipped)).decode())
        statuses.add(replace(ready, body=body).post(client).status_code)

    # then
    assert statuses == {400}
    assert InboxEvent.objects.count() == 0


def test_200k_nested_tags_are_too_large(client: Client) -> None:
    answer = delivery(nested(200_000)).post(client)

    assert (answer.status_code, answer.content) == (413, b"refused")
    assert InboxEvent.objects.count() == 0


def test_64_kib_of_nested_tags_are_refused_quickly(client: Client) -> None:
    answer = delivery(nested(5_000)).post(client)

    assert answer.status_code == 400
    assert InboxEvent.objects.count() == 0


def test_size_is_known_before_the_body_is_read(client: Client) -> None:
    # given: a right delivery that claims to be large
    ready = delivery()

    # when
    answer = replace(ready, headers={"CONTENT_LENGTH": str(64 * 1024 + 1)}).post(client)

    # then
    assert answer.status_code == 413
    assert InboxEvent.objects.count() == 0


@pytest.mark.parametrize("length", ["abc", "-1", "１２"])
def test_length_that_is_no_number_is_refused(client: Client, length: str) -> None:
    answer = replace(delivery(), headers={"CONTENT_LENGTH": length}).post(client)

    assert answer.status_code == 400
    assert InboxEvent.objects.count() == 0


def test_refusals_of_one_address_stop_being_logged_but_signed_ones_pass(client: Client) -> None:
    # given
    callback.refusals = Refusals(allowed=3)

    # when
    statuses = [with_query(msg_signature="x").post(client).status_code for _ in range(5)]

    # then
    assert statuses == [400, 400, 400, 429, 429]
    assert delivery().post(client).status_code == 200
    assert InboxEvent.objects.count() == 1
