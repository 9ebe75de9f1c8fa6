"""Every event of WeCom's documentation is raised by something a person does, or has a reason not to be."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from wechatpy.work.crypto import WeChatCrypto

from wecom_sandbox import crypto, defaults
from wecom_sandbox.conformance import world as worlds
from wecom_sandbox.conformance.world import World
from wecom_sandbox.defaults import AppConfig
from wecom_sandbox.known_events import KnownEvent, known_events
from wecom_sandbox.testing import Running

worlds.load_worlds()
RAISED = [event for event in known_events() if not event.excluded]
COMMON = ("ToUserName", "FromUserName", "CreateTime", "MsgType")


def raised(running: Running, event: KnownEvent) -> list[tuple[AppConfig, str]]:
    """The app and XML of what the action for the event raised, newest first."""
    act, world = worlds.RAISES[event.name], World(running)
    build = worlds.SETTINGS.get(act.__module__)
    if build is not None:
        build(world)
    store = running.world.store
    last = store.value("SELECT COALESCE(MAX(id), 0) FROM callbacks")
    act(world)
    found = []
    for row in store.rows("SELECT app, xml FROM callbacks WHERE id > ? ORDER BY id DESC", last):
        app = defaults.app_named(row["app"])
        assert app is not None
        found.append((app, str(row["xml"])))
    return found


def paths(element: ET.Element, above: str = "") -> Iterator[str]:
    """The paths of all elements without children."""
    for child in element:
        here = f"{above}{child.tag}"
        if len(child):
            yield from paths(child, f"{here}.")
        else:
            yield here


def is_it(event: KnownEvent, xml: str) -> bool:
    """Whether the XML is of that event."""
    root = ET.fromstring(xml)
    kind = event.name.split(".")
    if event.event == "message":
        return root.findtext("MsgType") == kind[1]
    detail = root.findtext("UpdateDetail") == kind[2] if len(kind) > 2 else True
    named = (root.findtext("Event"), root.findtext("ChangeType") or "")
    return named == (event.event, event.change_type) and detail


def test_every_event_is_raised_or_excluded_with_a_reason() -> None:
    excluded = [event for event in known_events() if event.excluded]

    assert [event.name for event in RAISED if event.name not in worlds.RAISES] == []
    assert [event.name for event in excluded if event.name in worlds.RAISES] == []
    assert all(len(event.excluded) > 20 for event in excluded)


@pytest.mark.parametrize("event", RAISED, ids=lambda event: event.name)
def test_it_is_raised_with_its_elements_and_wechatpy_opens_it(
    running: Running, event: KnownEvent
) -> None:
    # when people do what raises it
    found = [(app, xml) for app, xml in raised(running, event) if is_it(event, xml)]

    # then it is there with the documented elements
    assert found
    app, xml = found[0]
    root = ET.fromstring(xml)
    there = set(paths(root))
    heads = [*COMMON, "Event"]
    if event.event == "message":
        heads.remove("Event")
    # customer service's event comes from nobody (doc 94699)
    if event.name == "kf_msg_or_event":
        heads.remove("FromUserName")
    assert [name for name in heads if root.find(name) is None] == []
    assert root.findtext("ToUserName") == defaults.CORP_ID
    assert [name for name in event.fields if name not in there | event.optional] == []
    # and nothing else
    known = {*heads, "ChangeType", *event.fields}
    assert sorted(there - known) == []
    # and wechatpy opens it as the sandbox locks it
    locked = crypto.encrypt(xml.encode(), app.aes_key, defaults.CORP_ID)
    stamp, nonce = "1700000000", "42"
    signed = crypto.signature(app.token, stamp, nonce, locked)
    body = crypto.envelope(defaults.CORP_ID, app.agent_id, locked)
    theirs = WeChatCrypto(app.token, app.aes_key, defaults.CORP_ID)
    assert theirs.decrypt_message(body, signed, stamp, nonce) == xml
