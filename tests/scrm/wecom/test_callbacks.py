"""Callback envelopes: only what our WeCom app signed opens, and every other thing is one BadCallback."""

import base64
import hashlib
import secrets

import pytest
from Crypto.Cipher import AES
from hypothesis import given, settings
from hypothesis import strategies as st

from scrm.wecom.callbacks import (
    MAX_BODY,
    BadCallback,
    BadSignature,
    CallbackCrypto,
    OtherCorp,
    parse_event,
)

AES_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
CRYPTO = CallbackCrypto("token", AES_KEY, "ww0corp")
XML = (
    "<xml><ToUserName><![CDATA[ww0corp]]></ToUserName><CreateTime>1403610513</CreateTime>"
    "<Event><![CDATA[change_external_contact]]></Event><Name><![CDATA[张三 & <b>]]></Name></xml>"
).encode()


def sealed(xml: bytes, receive_id: str = "ww0corp", *, padding: bytes | None = None) -> str:
    """Encrypt as WeCom does, by a library of its own."""
    plain = secrets.token_bytes(16) + len(xml).to_bytes(4, "big") + xml + receive_id.encode()
    count = 32 - len(plain) % 32
    plain += bytes([count]) * count if padding is None else padding
    key = bytes(range(32))
    return base64.b64encode(AES.new(key, AES.MODE_CBC, key[:16]).encrypt(plain)).decode()


def signature(encrypted: str, timestamp: str = "1", nonce: str = "n", token: str = "token") -> str:
    """Sign as WeCom does."""
    return hashlib.sha1("".join(sorted([token, timestamp, nonce, encrypted])).encode()).hexdigest()


def envelope(encrypted: str) -> bytes:
    """Wrap as WeCom does."""
    return f"<xml><ToUserName><![CDATA[ww0corp]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


def opened(encrypted: str) -> bytes:
    """Decrypt a well-signed message."""
    return CRYPTO.decrypt(signature(encrypted), "1", "n", envelope(encrypted))


@given(st.binary(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_every_length_opens_again(content: bytes) -> None:
    assert opened(sealed(content)) == content


def test_the_event_of_an_envelope_is_read() -> None:
    assert parse_event(opened(sealed(XML))) == {
        "ToUserName": "ww0corp",
        "CreateTime": "1403610513",
        "Event": "change_external_contact",
        "Name": "张三 & <b>",
    }


def test_the_address_is_verified_by_echoing() -> None:
    encrypted = sealed(b"1234567890")

    assert CRYPTO.verify_url(signature(encrypted), "1", "n", encrypted) == "1234567890"
    assert (
        CRYPTO.verify_url(signature(encrypted), "1", "n", encrypted.replace("+", " "))
        == "1234567890"
    )


GOOD = sealed(XML)
BAD = {
    "wrong signature": ("0" * 40, envelope(GOOD)),
    "empty signature": ("", envelope(GOOD)),
    "signature with other characters": ("é" * 40, envelope(GOOD)),
    "other token": (signature(GOOD, token="other"), envelope(GOOD)),
    "other time": (signature(GOOD, timestamp="2"), envelope(GOOD)),
    "no envelope": (signature(""), b""),
    "no Encrypt": (signature(""), b"<xml><A/></xml>"),
    "garbage": (signature(""), b"\xff\xfe\x00"),
    "too large": (signature(GOOD), envelope(GOOD) + b" " * MAX_BODY),
}
SIGNED_BAD = {
    "empty": "",
    "not base64": "a===",
    "half a block": base64.b64encode(b"x" * 15).decode(),
    "random blocks": base64.b64encode(b"x" * 64).decode(),
    "other corp": sealed(XML, "ww0other"),
    "corp id cut off": sealed(XML, "ww0cor"),
    "padding of zero": sealed(b"x" * 5, padding=b"\x00" * 32),
    "uneven padding": sealed(b"x" * 5, padding=b"\x01" * 31 + b"\x20"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_envelope_is_one_exception(case: str) -> None:
    given_signature, body = BAD[case]
    with pytest.raises(BadCallback):
        CRYPTO.decrypt(given_signature, "1", "n", body)


@pytest.mark.parametrize("case", SIGNED_BAD)
def test_a_well_signed_bad_message_is_one_exception(case: str) -> None:
    encrypted = SIGNED_BAD[case]
    with pytest.raises(BadCallback):
        CRYPTO.verify_url(signature(encrypted), "1", "n", encrypted)


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise_anything_else(noise: bytes) -> None:
    encrypted = base64.b64encode(noise).decode()
    for attempt in (
        lambda: CRYPTO.decrypt(signature(encrypted), "1", "n", envelope(encrypted)),
        lambda: CRYPTO.decrypt("x", "1", "n", noise),
        lambda: parse_event(noise),
    ):
        with pytest.raises(BadCallback):
            attempt()


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE xml [<!ENTITY a "b">]><xml><A>&a;</A></xml>',
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1/x"><xml><A/></xml>',
        b"<xml>" + b"<A>" * 40 + b"</A>" * 40 + b"</xml>",
        b"<xml>" + b"<A/>" * 5000 + b"</xml>",
        b"<xml><A>&undefined;</A></xml>",
        b"<xml><A></xml>",
        b"<xml>only text</xml>",
        b"<other><A>1</A></other>",
        b'<?xml version="1.0" encoding="gbk"?><xml><A>\xd5\xc5</A></xml>',
    ],
)
def test_hostile_or_broken_xml_is_refused(xml: bytes) -> None:
    with pytest.raises(BadCallback):
        parse_event(xml)


def test_nested_and_repeated_elements_keep_their_shape() -> None:
    fields = parse_event(
        b"<xml><Event>x</Event><ExtAttr><Item><Name>a</Name></Item><Item><Name>b</Name></Item></ExtAttr><Empty/></xml>"
    )

    assert fields == {
        "Event": "x",
        "ExtAttr": {"Item": [{"Name": "a"}, {"Name": "b"}]},
        "Empty": "",
    }


@pytest.mark.parametrize("key", ["", "short", "x" * 44, "!" * 43])
def test_a_malformed_key_is_refused_at_once(key: str) -> None:
    with pytest.raises(ValueError, match="43 characters"):
        CallbackCrypto("token", key, "ww0corp")


def test_the_billion_laughs_are_refused() -> None:
    laughs = b'<!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY a%d "%s">' % (level, b"&a;" * 10) for level in range(10)
    )
    with pytest.raises(BadCallback):
        parse_event(laughs + b"]><xml><A>&a9;</A></xml>")


def test_our_own_verification_is_what_wecom_would_send() -> None:
    # given a verification we make, and one by another token or for another corp
    ours = CallbackCrypto("token", "a" * 43, "ww1")
    query = ours.verification("1234567890", timestamp="1", nonce="n")

    # then we answer our own, and refuse the others by kind
    assert ours.verify_url(**query) == "1234567890"
    with pytest.raises(BadSignature):
        CallbackCrypto("other", "a" * 43, "ww1").verify_url(**query)
    with pytest.raises(OtherCorp):
        CallbackCrypto("token", "a" * 43, "ww2").verify_url(**query)
