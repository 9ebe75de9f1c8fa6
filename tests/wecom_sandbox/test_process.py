import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from Crypto.PublicKey import RSA

from tests.wecom_sandbox.client import Api, Receiver, code, shop
from wecom_sandbox import defaults, testing
from wecom_sandbox.testing import Control

ROOT = Path(__file__).parents[2]


def command(data: Path, port: int) -> list[str]:
    """How a person starts the sandbox."""
    return [
        sys.executable, "-m", "wecom_sandbox", "--port", str(port), "--people", "50",
        "--state-file", str(data / "sandbox.sqlite3"),
    ]  # fmt: skip


@contextmanager
def process(data: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox of its own process and the line it prints."""
    line = [*command(data, 0), *more]
    started = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    try:
        yield started, started.stdout.readline()
    finally:
        started.kill()
        started.wait()


def test_it_says_where_it_is_and_stops_on_request(tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with process(tmp_path) as (running, line):
            base_url = line.split()[3]
            assert line.startswith("WeCom sandbox at http://127.0.0.1:")
            assert Control(base_url).get("status")["people"] == 50
            running.send_signal(number)
            assert running.wait(timeout=10) == 0


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            command(tmp_path, port),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert done.returncode == 2
    assert done.stderr.startswith(f"The sandbox cannot start on 127.0.0.1:{port}: ")
    assert "Traceback" not in done.stderr


def test_two_sandboxes_do_not_share_a_folder(tmp_path: Path) -> None:
    with process(tmp_path):
        done = subprocess.run(
            command(tmp_path, 0), cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
        )

    assert done.returncode == 2
    assert f"another sandbox uses {tmp_path}" in done.stderr


def test_a_restart_keeps_the_world_and_the_ledger(tmp_path: Path) -> None:
    with testing.run(tmp_path, people=50) as first:
        app = Api(first)
        config_id = code(app, shop(first.control))
        first.control.post("scan", {"config_id": config_id, "person_id": "p000001"})
        first.control.post("people", {"id": "p000002", "name": "改名"})
        token = app.token
        before = {
            name: first.control.get(f"ledger/{name}")
            for name in ("relations", "callbacks", "welcomes", "calls", "members", "contact_ways")
        }

    with testing.run(tmp_path, people=50) as second:
        for name, rows in before.items():
            assert second.control.get(f"ledger/{name}") == rows
        assert Api(second).token == token
        assert second.control.get("people", offset=1, limit=1)[0]["name"] == "改名"
        again = second.control.post("scan", {"config_id": config_id, "person_id": "p000001"})
        assert again["already"] is True


def test_a_kill_loses_nothing_and_what_was_queued_is_sent(tmp_path: Path) -> None:
    receiver = Receiver()
    with process(tmp_path) as (running, line):
        control = Control(line.split()[3])
        control.post("callback_urls", {"app": "scrm", "url": receiver.url})
        control.post("delivery", {"paused": True})
        control.post("seed_org", {"members": 1})
        for number in range(1, 11):
            control.post("add", {"userid": "guide0001", "person_id": f"p{number:06d}"})
        running.kill()
        running.wait()

    with testing.run(tmp_path, people=50) as second:
        assert second.control.post("wait_idle", {"timeout": 20})["idle"] is True
        assert len(second.control.get("ledger/relations")) == 10
        statuses = [one["status"] for one in second.control.get("ledger/callbacks")]
        assert statuses == ["delivered"] * 10
    assert len({event["ExternalUserID"] for event in receiver.events}) == 10
    receiver.close()


def test_the_clock_never_runs_back_over_a_restart(tmp_path: Path) -> None:
    with testing.run(tmp_path, people=5) as first:
        later = first.control.post("clock", {"advance": 5000})["now"]

    with testing.run(tmp_path, people=5, speed=60) as second:
        clock = second.control.get("clock")
        assert clock["now"] >= later
        assert clock["speed"] == 60


CORP = """
id = "ww1234567890abcdef"
name = "别家公司"

[[app]]
name = "shop"
secret = "a-secret-of-another-corp"
agent_id = 1000042
token = "token0fAn0ther"
aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

[[app]]
name = "contacts"
kind = "contacts"
secret = "an-address-book-secret"
token = "token0fTheB00k"
aes_key = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
"""


def test_another_corp_by_a_file(tmp_path: Path) -> None:
    # given a file with another corp
    file = tmp_path / "corp.toml"
    file.write_text(CORP, encoding="utf-8")

    with process(tmp_path, "--corp", str(file)) as (_, line):
        # then it is that corp, with its apps and no others
        base_url = line.split()[3]
        assert "corp ww1234567890abcdef" in line

        def errcode(corpid: str, secret: str) -> int:
            query = urlencode({"corpid": corpid, "corpsecret": secret})
            with urllib.request.urlopen(
                f"{base_url}/cgi-bin/gettoken?{query}", timeout=10
            ) as reply:
                return int(json.loads(reply.read())["errcode"])

        assert errcode("ww1234567890abcdef", "a-secret-of-another-corp") == 0
        assert errcode("ww1234567890abcdef", defaults.APP_SECRET) == 40001
        assert errcode(defaults.CORP_ID, defaults.APP_SECRET) == 40013
        control = Control(base_url)
        assert control.get("ledger/departments")[0]["name"] == "别家公司"
        # and its callbacks carry its id and keys
        control.post("seed_org", {"members": 1})
        control.post("add", {"userid": "guide0001", "person_id": "p000001"})
        callback = control.get("ledger/callbacks", change_type="add_external_contact")[0]
        assert callback["app"] == "shop"
        assert "<ToUserName><![CDATA[ww1234567890abcdef]]></ToUserName>" in callback["xml"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("id =", "x ="), "id must be a text"),
        (('= "contacts"\nsecret', '= "spy"\nsecret'), "kind is one of"),
        (("0123456789ABCDEFG", "0123"), "43 letters and digits"),
        (("an-address-book-secret", "a-secret-of-another-corp"), "share a name or a secret"),
        (("[[app]]", "[[application]]"), "needs an [[app]]"),
        (("\n", "\n="), "Invalid"),
    ],
)
def test_a_wrong_corp_file_is_a_sentence(
    tmp_path: Path, change: tuple[str, str], word: str
) -> None:
    file = tmp_path / "corp.toml"
    file.write_text(CORP.replace(*change), encoding="utf-8")

    done = subprocess.run(
        [*command(tmp_path, 0), "--corp", str(file)],
        cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr.startswith(f"The sandbox cannot be the corp of {file}: ")
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_due_things_happen_by_themselves(tmp_path: Path) -> None:
    # given a running program whose clock is a hundred times as fast
    with process(tmp_path, "--speed", "100") as (_, line):
        control = Control(line.split()[3])
        userid = control.post("seed_org", {"members": 1})["userids"][0]
        public = RSA.generate(2048).public_key().export_key().decode()
        control.post("archive", {"members": {userid: 1}, "public_key": public})
        control.post("add", {"userid": userid, "person_id": "p000001"})
        body = {"userid": userid, "person_id": "p000001"}
        control.post("archive_consent", body | {"agree": True})
        control.post("archive_consent", body | {"agree": False})

        # then the second notice comes after 15 of its seconds, though nobody asks for anything
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            notices = control.get("ledger/callbacks", event="msgaudit_notify")
            if len(notices) == 2:
                break
            time.sleep(0.2)
        assert notices[1]["created_at"] - notices[0]["created_at"] >= 15
