"""The adapter around WeCom's SDK: the real SDK, driven by the stand-in for the client, from every entry to every end."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from scrm.home.assets import ROOT
from tests.browser.guides_phone import NORMAL, WECOM_UA

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CHATS = {"single_chat_tools", "group_chat_tools", "chat_attachment"}
ENTRIES = ["normal", "single_chat_tools", "group_chat_tools", "chat_attachment", "contact_profile"]
OUTCOMES = ["ok", "no_permission", "no_context", "cancel", "timeout"]
KIND = {
    "ok": "ok", "no_permission": "permission", "no_context": "context", "cancel": "cancel", "timeout": "timeout",
}  # fmt: skip
NEWS = {
    "msgtype": "news",
    "news": {"link": "https://x.example/m/1", "title": "t", "desc": "d", "imgUrl": ""},
}
BUDGET = 150 * 1024


def at(phone, entry: str, outcome: str = "ok", ext: str = "wm1") -> None:
    """Open the first page as if from this entry, with short limits."""
    assert phone.visit(f"/h5/?entry={entry}&outcome={outcome}&ext={ext}") == 200
    phone.page.evaluate("Object.assign(WeCom.limits, {read: 800, setup: 4000, send: 800})")


def ask(phone, script: str):
    return phone.page.evaluate(
        f"{script}.then((o) => ({{ok: o.ok, kind: o.kind, value: o.value}}))"
    )


def calls(phone) -> list[str]:
    return phone.page.evaluate("wecomDemo.log.map((call) => call[0])")


def own_calls(phone) -> list[str]:
    setup = {"agentConfig", "preVerifyJSAPI"}
    return [name for name in calls(phone) if name not in setup]


@pytest.mark.parametrize("agent", [NORMAL, WECOM_UA], ids=["browser", "wecom"])
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_entry_and_every_end_of_sending(phone, shop, agent, outcome):
    me = phone(agent)
    wrong = []

    for entry in ENTRIES:
        # Whoever chooses a chat may take as long as they like: that has no limit.
        if outcome == "timeout" and entry not in CHATS:
            continue
        at(me, entry, outcome)
        sent = ask(me, f"WeCom.send({json.dumps(NEWS)})")
        way = "sent" if entry in CHATS else "shared"
        asked = "sendChatMessage" if entry in CHATS else "shareAppMessage"
        kind = KIND[outcome]
        if sent["kind"] != kind or (sent["ok"] and sent["value"]["way"] != way):
            wrong.append((entry, sent))
        if own_calls(me)[-2:] != ["getContext", asked]:
            wrong.append((entry, own_calls(me)))

    assert wrong == []


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_entry_and_every_end_of_asking_whose_chat_it_is(phone, shop, outcome):
    me = phone(WECOM_UA)
    wrong = []

    for entry in ENTRIES:
        at(me, entry, outcome)
        found = ask(me, "WeCom.currentCustomer()")
        known = entry in {"single_chat_tools", "contact_profile"}
        kind = KIND[outcome] if outcome != "ok" else ("ok" if known else "context")
        if found["kind"] != kind or (kind == "ok" and found["value"]["userId"] != "wm1"):
            wrong.append((entry, found))

    assert wrong == []


def test_inside_of_wecom_the_app_is_registered_before_anything_is_asked(phone, shop):
    me = phone(WECOM_UA)
    at(me, "single_chat_tools")

    ask(me, "WeCom.currentCustomer()")
    ask(me, f"WeCom.send({json.dumps(NEWS)})")

    assert [name for name in calls(me) if name != "preVerifyJSAPI"] == [
        "agentConfig", "getCurExternalContact", "getContext", "sendChatMessage",
    ]  # fmt: skip


def test_a_customer_known_from_the_workbench_gets_an_open_chat(phone, shop):
    me = phone(WECOM_UA)
    at(me, "normal")

    sent = ask(me, f"WeCom.send({json.dumps(NEWS)}, 'wm1')")

    assert (sent["kind"], sent["value"]["way"]) == ("ok", "chat")
    assert own_calls(me)[-1] == "openEnterpriseChat"


def test_messages_go_one_after_the_other_and_stop_at_the_first_that_does_not(phone, shop):
    me = phone(WECOM_UA)
    at(me, "single_chat_tools", "cancel")

    got = me.page.evaluate(f"WeCom.sendAll([{json.dumps(NEWS)}, {json.dumps(NEWS)}])")

    assert [each["kind"] for each in got] == ["cancel"]
    assert own_calls(me).count("sendChatMessage") == 1


def test_a_refused_signature_is_named(phone, shop):
    me = phone(WECOM_UA)
    at(me, "single_chat_tools", "bad_signature")

    assert ask(me, "WeCom.currentCustomer()")["kind"] == "signature"


def test_a_client_that_never_answers_ends_too(phone, shop, settings):
    settings.DEMO_MODE = False
    me = phone(WECOM_UA)
    assert me.visit("/h5/") == 200
    me.page.evaluate("Object.assign(WeCom.limits, {read: 100, setup: 100, send: 100})")

    assert ask(me, "WeCom.currentCustomer()")["kind"] == "timeout"
    assert ask(me, "WeCom.scan()")["kind"] == "timeout"


def test_outside_of_wecom_every_call_says_so_at_once(phone, shop, settings):
    settings.DEMO_MODE = False
    me = phone(NORMAL)
    me.visit("/h5/")

    for script in [
        "context()",
        "currentCustomer()",
        f"send({json.dumps(NEWS)})",
        "scan()",
        "checks()",
    ]:
        assert ask(me, f"WeCom.{script}")["kind"] == "outside"
    assert me.page.evaluate("WeCom.words({kind: 'outside'})") != ""


def test_the_sdk_has_every_function_we_name(phone, shop):
    me = phone(NORMAL)
    me.visit("/h5/")

    assert me.page.evaluate("WeCom.APIS.filter((name) => typeof ww[name] !== 'function')") == []


def test_nothing_but_the_adapter_touches_the_sdk():
    offenders = []
    for path in [*(ROOT / "static/h5").rglob("*.js"), *(ROOT / "static").glob("*/*.js")]:
        if "vendor" in path.parts or path.name == "wecom.js":
            continue
        if re.search(r"\bww\.\w", path.read_text(encoding="utf-8")):
            offenders.append(path.name)

    assert offenders == []


def test_the_first_load_fits_into_150_kilobytes(phone, shop):
    me = phone(NORMAL)
    answers = []
    me.page.on("response", lambda answer: answers.append(answer))
    me.visit("/h5/")
    me.page.wait_for_load_state("networkidle")
    sizes = {}
    for answer in answers:
        body = answer.body()
        name = answer.url.split("?")[0]
        sizes[name] = len(body) if name.endswith((".png", ".jpg")) else len(gzip.compress(body, 9))

    assert any(name.endswith("weui.min.css") for name in sizes)
    assert any(name.endswith("vendor/wecom.js") for name in sizes)
    assert sum(sizes.values()) <= BUDGET, sizes


def test_the_served_files_are_the_pinned_ones():
    pinned = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]

    assert {"weui", "@wecom/jssdk"} <= pinned.keys()
    for name in ("weui.min.css", "wecom.js"):
        assert Path(str(finders.find(f"vendor/{name}"))).stat().st_size > 10_000
