"""An administrator renews an app's secret, or its callback pair."""

from typing import Any

import pytest
from wechatpy.work.crypto import WeChatCrypto

from tests.wecom_sandbox.client import Api, Receiver, code, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, Running

PAIR = {"token": "anotherToken01", "aes_key": "another0AesKey0123456789abcdefghijklmnopqr0"}


def test_a_new_secret_ends_the_former_one_and_its_tokens(
    running: Running, control: Control, app: Api
) -> None:
    assert app.code("externalcontact/get_follow_user_list") == 0

    secret = control.post("renew", {"app": "scrm", "secret": True})["secret"]

    assert app.code("externalcontact/get_follow_user_list") == 40014
    gone = app.raw("gettoken", corpid=defaults.CORP_ID, corpsecret=defaults.APP_SECRET)
    assert gone["errcode"] == 40001
    assert Api(running, secret).code("externalcontact/get_follow_user_list") == 0
    # and the other apps' are as they were; a reset brings the known one back
    assert Api(running, defaults.CONTACT_SECRET).code("department/simplelist") == 0
    control.post("reset", {"seed": 1, "people": 300})
    assert Api(running).code("externalcontact/get_follow_user_list") == 0


def test_a_new_pair_is_saved_only_when_the_address_opens_it(
    control: Control, app: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an address that opens the former pair only
    receiver.echo = False
    refused = control.post("renew", {"app": "scrm", **PAIR})
    assert refused["ok"] is False
    receiver.echo = True
    control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})
    control.post("wait_idle", {"timeout": 20})
    assert receiver.changes() == ["add_external_contact"]

    # when it opens the new one
    def with_pair(_self: Receiver, _path: str) -> Any:
        return WeChatCrypto(PAIR["token"], PAIR["aes_key"], defaults.CORP_ID)

    monkeypatch.setattr(Receiver, "crypto", with_pair)
    assert control.post("renew", {"app": "scrm", **PAIR}) == {"ok": True}

    # then events are signed with it
    control.post("delete", {"userid": "guide0001", "person_id": "p000001", "by": "customer"})
    control.post("wait_idle", {"timeout": 20})
    assert receiver.changes()[1:] == ["del_follow_user"]
