"""A WeCom SDK of another language: node-easywechat, as it comes from npm, with the host overridden.

Opt-in: collected after ``npm ci`` in the folder ``node`` beside this file (conftest.py).
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import xmltodict

from tests.wecom_sandbox.client import Receiver
from wecom_sandbox import defaults
from wecom_sandbox.testing import Running

FOLDER = Path(__file__).with_name("node")


def act(running: Running, receiver: Receiver, asked: dict[str, Any]) -> Any:
    """What people do while the client runs."""
    if asked["act"] != "last_callback":
        return running.control.post(asked["act"], asked["body"])
    running.control.post("wait_idle", {"timeout": 20})
    found = re.search(rb"<Encrypt><!\[CDATA\[(.+?)\]\]>", receiver.bodies[-1])
    assert found is not None
    return receiver.queries[-1] | {"encrypt": found.group(1).decode()}


def scenario(running: Running, receiver: Receiver) -> dict[str, Any]:
    """Run scenario.js against the sandbox; what it saw."""
    settings = {
        "base_url": running.base_url, "corp_id": defaults.CORP_ID, "agent_id": defaults.AGENT_ID,
        "app_secret": defaults.APP_SECRET, "contact_secret": defaults.CONTACT_SECRET,
        "token": defaults.CALLBACK_TOKEN, "aes_key": defaults.CALLBACK_AES_KEY,
    }  # fmt: skip
    with subprocess.Popen(
        ["node", "scenario.js"], cwd=FOLDER, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as node:  # fmt: skip
        assert node.stdin is not None
        assert node.stdout is not None
        assert node.stderr is not None
        answer: Any = settings
        while True:
            node.stdin.write(json.dumps(answer) + "\n")
            node.stdin.flush()
            line = node.stdout.readline()
            assert line, node.stderr.read()
            told = json.loads(line)
            if "seen" in told:
                seen: dict[str, Any] = told["seen"]
                return seen
            answer = act(running, receiver, told)


def test_a_node_sdk_runs_token_user_customer_and_message(
    running: Running, receiver: Receiver
) -> None:
    # when node-easywechat does a day's work
    seen = scenario(running, receiver)

    # then its token is kept and stays the same
    assert seen["token"] == seen["token_again"]
    # and the member is there, an unknown one an error with WeCom's code
    assert seen["created"]["errcode"] == 0
    assert (seen["user"]["userid"], seen["user"]["name"]) == ("wangwu", "王五")
    assert seen["unknown"]["errcode"] == 60111
    # and the customer who scanned its code is welcomed, listed, read and tagged
    external_userid = seen["added"]["external_userid"]
    assert seen["welcome"]["errcode"] == 0
    assert seen["list"]["external_userid"] == [external_userid]
    follow = seen["detail"]["follow_user"][0]
    assert (follow["userid"], follow["state"]) == ("wangwu", "s1")
    tag_id = seen["tags"]["tag_group"]["tag"][0]["id"]
    assert seen["marked"]["errcode"] == 0
    assert running.control.get("ledger/relations")[0]["tags"] == [tag_id]
    # and its message arrived
    message = running.control.get("ledger/messages")[0]
    assert message["msgid"] == seen["message"]["msgid"]
    assert [one["userid"] for one in message["receivers"]] == ["wangwu"]
    assert re.fullmatch("[0-9a-f]{40}", seen["page"]["signature"])
    # and its own decryption opens the sandbox's callback
    event = xmltodict.parse(seen["callback"])["xml"]
    assert event["ChangeType"] == "add_external_contact"
    assert event["ExternalUserID"] == external_userid
