"""How callbacks travel: in bursts, out of order, twice, not at all; and what the ledger keeps of it."""

import time
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest
from wechatpy.work.crypto import WeChatCrypto

from tests.wecom_sandbox.client import Api, Receiver, code, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control


def idle(control: Control) -> None:
    """Wait until every callback is sent or given up."""
    assert control.post("wait_idle", {"timeout": 20}) == {"idle": True, "waiting": 0}


def scans(control: Control, config_id: str, numbers: range) -> None:
    """So many customers scan one after the other."""
    for number in numbers:
        control.post("scan", {"config_id": config_id, "person_id": f"p{number:06d}"})


def arrived(receiver: Receiver) -> list[str]:
    """Whose events came, in order."""
    return [event["ExternalUserID"] for event in receiver.events]


def test_a_burst_holds_callbacks_back_and_sends_them_at_once(
    app: Api, control: Control, receiver: Receiver
) -> None:
    config_id = code(app, shop(control))
    control.post("delivery", {"burst": 20, "burst_wait": 60.0})
    receiver.delay = 0.5

    scans(control, config_id, range(1, 20))
    time.sleep(0.2)
    assert (receiver.events, control.post("wait_idle", {"timeout": 0.1})["waiting"]) == ([], 19)
    scans(control, config_id, range(20, 21))
    idle(control)

    # More were under way at once than otherwise ever are.
    sent = control.get("ledger/sendings")
    first_end = min(row["at"] for row in sent)
    together = [row for row in sent if row["at"] - row["ms"] / 1000 < first_end]
    assert len(together) > control.get("delivery")["concurrency"]
    assert len(receiver.events) == 20
    scans(control, config_id, range(21, 22))
    time.sleep(0.2)
    assert len(receiver.events) == 20
    control.post("delivery", {"burst": 0})
    idle(control)
    assert len(receiver.events) == 21


def test_a_burst_that_does_not_fill_goes_after_a_while(
    app: Api, control: Control, receiver: Receiver
) -> None:
    config_id = code(app, shop(control))
    control.post("delivery", {"burst": 50, "burst_wait": 0.4})
    started = time.monotonic()
    scans(control, config_id, range(1, 4))
    idle(control)

    assert 0.4 <= time.monotonic() - started < 3
    assert len(receiver.events) == 3


def test_shuffling_changes_the_order_and_loses_nothing(
    app: Api, control: Control, receiver: Receiver
) -> None:
    config_id = code(app, shop(control))
    control.post("delivery", {"shuffle": True, "seed": 3, "concurrency": 1})
    scans(control, config_id, range(1, 31))
    idle(control)

    sent = [row["external_userid"] for row in control.get("ledger/relations")]
    assert arrived(receiver) != sent
    assert sorted(arrived(receiver)) == sorted(sent)


def test_the_same_seed_drops_the_same_callbacks(
    app: Api, control: Control, receiver: Receiver
) -> None:
    config_id = code(app, shop(control))

    def dropped(first: int, seed: int) -> list[bool]:
        control.post("delivery", {"drop_rate": 0.4, "seed": seed})
        scans(control, config_id, range(first, first + 25))
        idle(control)
        return [row["status"] == "dropped" for row in control.get("ledger/callbacks")[-25:]]

    first = dropped(1, 7)

    assert dropped(26, 7) == first
    assert dropped(51, 8) != first
    assert 3 <= sum(first) <= 20
    kept = Counter(row["status"] for row in control.get("ledger/callbacks"))
    assert len(receiver.events) == kept["delivered"]


@pytest.mark.parametrize("restamp", [True, False])
def test_the_ledger_keeps_what_went_over_the_wire_and_what_came_back(
    app: Api, control: Control, receiver: Receiver, *, restamp: bool
) -> None:
    control.post("delivery", {"retry_delay": 0.01, "restamp": restamp})
    receiver.answers = lambda number: 503 if number == 0 else 200
    scans(control, code(app, shop(control)), range(1, 2))
    idle(control)

    first, second = control.get("ledger/sendings")

    assert [(row["http_status"], row["outcome"], row["number"]) for row in (first, second)] == [
        (503, "refused", 1),
        (200, "ok", 2),
    ]
    assert [row["body"].encode() for row in (first, second)] == receiver.bodies
    assert (first["query"] != second["query"]) is restamp
    assert (first["change_type"], first["app"], second["answer"]) == (
        "add_external_contact", "scrm", "success",
    )  # fmt: skip
    query = {name: value[0] for name, value in parse_qs(second["query"]).items()}
    app_config = defaults.APPS[0]
    crypto = WeChatCrypto(app_config.token, app_config.aes_key, defaults.CORP_ID)
    plain = crypto.decrypt_message(
        second["body"], query["msg_signature"], query["timestamp"], query["nonce"]
    )
    stored = control.get("ledger/callbacks")[0]["xml"]
    assert (plain if isinstance(plain, str) else plain.decode()) == stored
    assert urlsplit(second["url"]).query == ""
