"""A customer event goes to every app that may read customers and has an address, in the same words."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.wecom_sandbox.client import Api, Receiver, code, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control


@pytest.fixture
def second(control: Control) -> Iterator[Receiver]:
    """A receiver of the second app."""
    receiver = Receiver()
    url = f"{receiver.url}?app=second"
    assert control.post("callback_urls", {"app": "second", "url": url})["verified"]
    yield receiver
    control.post("callback_urls", {"app": "second", "url": None})
    receiver.close()


def idle(control: Control) -> None:
    """Wait until every callback is sent or given up."""
    assert control.post("wait_idle", {"timeout": 20})["idle"]


def test_both_apps_get_the_same_words_under_their_own_keys(
    app: Api, control: Control, receiver: Receiver, second: Receiver
) -> None:
    scan: dict[str, Any] = {"config_id": code(app, shop(control)), "person_id": "p000001"}
    added = control.post("scan", scan)
    control.post("delete", {"userid": added["userid"], "person_id": "p000001", "by": "customer"})
    idle(control)

    def by_type(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        return {event["ChangeType"]: event for event in events}

    assert by_type(receiver.events) == by_type(second.events)
    assert sorted(second.changes()) == ["add_external_contact", "del_follow_user"]
    rows = control.get("ledger/callbacks")
    assert sorted((row["app"], row["change_type"]) for row in rows) == [
        ("scrm", "add_external_contact"),
        ("scrm", "del_follow_user"),
        ("second", "add_external_contact"),
        ("second", "del_follow_user"),
    ]


def test_without_an_address_the_second_app_has_no_callbacks(
    app: Api, control: Control, receiver: Receiver
) -> None:
    control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})
    idle(control)

    assert [row["app"] for row in control.get("ledger/callbacks")] == ["scrm"]


def test_the_address_book_is_told_to_its_own_secret_only(
    control: Control, receiver: Receiver, second: Receiver
) -> None:
    shop(control)
    control.post("console_member", {"userid": "guide0001", "name": "another"})
    idle(control)

    assert (receiver.events, second.events) == ([], [])


def test_the_second_app_reads_customers_with_its_own_secret(
    running: Any, app: Api, control: Control
) -> None:
    added = control.post("scan", {"config_id": code(app, shop(control)), "person_id": "p000001"})
    other = Api(running, defaults.SECOND_SECRET)

    answer = other.get("externalcontact/get", external_userid=added["external_userid"])

    assert answer["external_contact"]["external_userid"] == added["external_userid"]
