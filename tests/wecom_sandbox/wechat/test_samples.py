"""The recorded samples of WeChat, held against the sandbox; part of a run when WECHAT_SAMPLES names their folder."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.wecom_sandbox.wechat_client import Listener, WeChat
from wecom_sandbox.conformance.shapes import differences, json_shape, xml_shape
from wecom_sandbox.testing import Control
from wecom_sandbox.wechat.accounts import MINI, SERVICE

FOLDER = os.environ.get("WECHAT_SAMPLES", "")
PERSON = {"person_id": "p000001"}
Show = Callable[[WeChat, WeChat, Control], Any]


def _oauth(service: WeChat, control: Control, **more: Any) -> Any:
    wish = {**PERSON, "scope": "snsapi_userinfo", **more}
    code = control.post("wechat/oauth_code", wish)["code"]
    query = {
        "appid": SERVICE.appid,
        "secret": SERVICE.secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    return service.raw("/sns/oauth2/access_token", **query)


def _profile(service: WeChat, mini: WeChat, control: Control) -> Any:
    grant = _oauth(service, control)
    return service.raw("/sns/userinfo", access_token=grant["access_token"], openid=grant["openid"])


def _session(service: WeChat, mini: WeChat, control: Control) -> Any:
    code = control.post("wechat/login_code", PERSON)["code"]
    query = {
        "appid": MINI.appid,
        "secret": MINI.secret,
        "js_code": code,
        "grant_type": "authorization_code",
    }
    return mini.raw("/sns/jscode2session", **query)


def _phone(service: WeChat, mini: WeChat, control: Control) -> Any:
    code = control.post("wechat/phone_code", PERSON)["code"]
    return mini.post("/wxa/business/getuserphonenumber", {"code": code})


def _people(service: WeChat, mini: WeChat, control: Control) -> Any:
    openid = control.post("wechat/follow", PERSON)["openid"]
    tag = service.post("/cgi-bin/tags/create", {"tag": {"name": "会员"}})["tag"]["id"]
    service.post("/cgi-bin/tags/members/batchtagging", {"openid_list": [openid], "tagid": tag})
    other = control.get("wechat/identity", person_id="p000002")["service"]
    wish = {"user_list": [{"openid": openid}, {"openid": other}]}
    return service.post("/cgi-bin/user/info/batchget", wish)


def _scene_code(service: WeChat, mini: WeChat, control: Control) -> Any:
    scene = {"scene": {"scene_str": "g_1024_c7"}}
    wish = {"action_name": "QR_STR_SCENE", "expire_seconds": 2_592_000, "action_info": scene}
    return service.post("/cgi-bin/qrcode/create", wish)


def _listed_address(service: WeChat, mini: WeChat, control: Control) -> Any:
    control.post("wechat/settings", {"account": "service", "ips": ["203.0.113.7"]})
    return service.plain()


def _without_consent(service: WeChat, mini: WeChat, control: Control) -> Any:
    openid = control.get("wechat/identity", **PERSON)["mini"]
    data = {"thing1": {"value": "a"}, "phrase2": {"value": "待取货"}, "time3": {"value": "10:00"}}
    message = {"touser": openid, "template_id": "SIMTMPL_sub_0001", "data": data}
    return mini.post("/cgi-bin/message/subscribe/send", message)


RESPONSES: dict[str, Show] = {
    "cgi-bin.qrcode.create.response.json": _scene_code,
    "cgi-bin.stable_token.response.json": lambda service, mini, control: service.stable(),
    "cgi-bin.user.info.batchget.response.json": _people,
    "error.40164.response.json": _listed_address,
    "error.43101.response.json": _without_consent,
    "sns.jscode2session.response.json": _session,
    "sns.oauth2.access_token.response.json": lambda service, mini, control: _oauth(
        service, control
    ),
    "sns.oauth2.access_token.snapshot.response.json": lambda service, mini, control: _oauth(
        service, control, snapshot=True
    ),
    "sns.userinfo.response.json": _profile,
    "wxa.business.getuserphonenumber.response.json": _phone,
}
REQUESTS = {
    "cgi-bin.message.subscribe.send.request.json": "/cgi-bin/message/subscribe/send",
    "cgi-bin.message.template.send.request.json": "/cgi-bin/message/template/send",
    "wxa.generate_urllink.request.json": "/wxa/generate_urllink",
    "wxa.getwxacodeunlimit.request.json": "/wxa/getwxacodeunlimit",
}
EVENTS = {
    "event.subscribe_qrscene.xml": "subscribe",
    "event.scan.xml": "SCAN",
    "event.templatesendjobfinish.xml": "TEMPLATESENDJOBFINISH",
    "event.subscribe_msg_sent.xml": "subscribe_msg_sent_event",
}

if FOLDER:

    @pytest.mark.parametrize("file", sorted(RESPONSES))
    def test_a_response_has_the_samples_keys_and_types(
        service: WeChat, mini: WeChat, control: Control, file: str
    ) -> None:
        sample = json.loads((Path(FOLDER) / file).read_text(encoding="utf-8"))

        answer = RESPONSES[file](service, mini, control)

        assert differences(json_shape(sample), json_shape(answer)) == []
        assert set(answer) == set(sample)
        if "errmsg" in sample and answer["errcode"]:
            assert answer["errcode"] == sample["errcode"]

    @pytest.mark.parametrize("file", sorted(REQUESTS))
    def test_a_request_is_accepted(
        service: WeChat, mini: WeChat, control: Control, file: str
    ) -> None:
        body = json.loads((Path(FOLDER) / file).read_text(encoding="utf-8"))
        account = service if "template" in file else mini
        control.post("wechat/follow", PERSON)
        control.post(
            "wechat/consent", {**PERSON, "account": "mini", "accept": ["SIMTMPL_sub_0001"]}
        )
        if "touser" in body:
            body["touser"] = control.get("wechat/identity", **PERSON)[account.account.name]
        if "expire_time" in body:
            body["expire_time"] = int(control.get("clock")["now"]) + 86_400

        kind, content = account.fetch(REQUESTS[file], body, access_token=account.token)

        assert kind == "image/png" or json.loads(content)["errcode"] == 0

    @pytest.mark.parametrize("file", sorted(EVENTS))
    def test_an_event_has_the_samples_elements(
        service: WeChat, mini: WeChat, control: Control, listener: Listener, file: str
    ) -> None:
        ticket = _scene_code(service, mini, control)["ticket"]
        for _ in range(2):
            control.post("wechat/scan", {**PERSON, "ticket": ticket})
        openid = control.get("wechat/identity", **PERSON)["service"]
        order = {"character_string1": "SO1", "thing2": "a", "amount3": "¥1", "time4": "15:01"}
        data = {key: {"value": value} for key, value in order.items()}
        message = {"touser": openid, "template_id": "SIMTMPL_order_0001", "data": data}
        service.post("/cgi-bin/message/template/send", message)
        control.post("wechat/consent", {**PERSON, "accept": ["SIMTMPL_subscribe_0001"]})
        visit = {"thing1": {"value": "徐汇店"}, "time2": {"value": "10:00"}}
        notice = {"touser": openid, "template_id": "SIMTMPL_subscribe_0001", "data": visit}
        service.post("/cgi-bin/message/subscribe/bizsend", notice)
        sample = (Path(FOLDER) / file).read_text(encoding="utf-8")

        rows = control.get("ledger/callbacks", app="wechat.service", event=EVENTS[file])

        assert differences(xml_shape(sample), xml_shape(rows[0]["xml"])) == []
        assert differences(xml_shape(rows[0]["xml"]), xml_shape(sample)) == []
