"""Welcomes go out once, and what became of each is said in words."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from attribution.welcome.handlers import WELCOME
from attribution.welcome.models import WelcomeDelivery
from attribution.welcome.selectors import delivery_counts
from attribution.welcome.senders import WELCOME_SENDER
from customers.relations.models import RelationEvent
from scrm.core.gateway import wecom
from scrm.core.outbox.claims import claim
from scrm.core.outbox.dispatch import deliver
from scrm.core.outbox.models import OutboxMessage
from scrm.core.outbox.sending import AlreadyUsed
from scrm.core.scope import SYSTEM_SCOPE
from scrm.wecom.errors import (
    WeComPermanent,
    WeComQuota,
    WeComRetryable,
    WeComUnknownOutcome,
)
from tests.factories.attribution import WelcomeTemplateFactory, add_event

pytestmark = pytest.mark.django_db
SEND = "externalcontact/send_welcome_msg"


@pytest.fixture
def scanned(wecom_sandbox_world: Any, staff: Any) -> Any:
    """Let one customer add one member; returns WeCom's answer with the welcome code."""
    staff("li")
    way = wecom().contact_way.add(["li"], state="s")
    person = wecom_sandbox_world.control.get("people", limit=1)[0]
    found = wecom_sandbox_world.control.post(
        "scan", {"config_id": way.config_id, "person_id": person["id"]}
    )
    WelcomeTemplateFactory(text="欢迎")
    return found


def queue(scanned: Any, *, seconds_ago: float = 0) -> WelcomeDelivery:
    """Let the add event reach the handler."""
    event = add_event(
        at=timezone.now() - timedelta(seconds=seconds_ago), UserID="li",
        ExternalUserID=scanned["external_userid"], WelcomeCode=scanned["welcome_code"],
    )  # fmt: skip
    WELCOME.apply(event, None)
    return WelcomeDelivery.objects.get()


def sent_by(world: Any) -> list[Any]:
    return list(world.control.get("ledger/welcomes", status="sent"))


def work() -> list[str]:
    """Do what the worker does with everything that is due."""
    OutboxMessage.objects.filter(status="pending").update(
        not_before=timezone.now() - timedelta(hours=1)
    )
    return [deliver(message) for message in claim("welcome", 10)]


def test_a_welcome_arrives_once(scanned: Any, wecom_sandbox_world: Any) -> None:
    delivery = queue(scanned)
    assert work() == ["sent"]
    assert work() == []

    delivery.refresh_from_db()
    assert delivery.sent_at is not None
    assert delivery.outcome == "sent"
    assert [row["external_userid"] for row in sent_by(wecom_sandbox_world)] == [
        delivery.external_userid
    ]


def test_a_used_code_is_told_apart_from_a_lost_answer(
    scanned: Any, wecom_sandbox_world: Any
) -> None:
    payload = {"welcome_code": scanned["welcome_code"], "text": "欢迎", "attachments": []}
    WELCOME_SENDER.send(payload)
    with pytest.raises(AlreadyUsed):
        WELCOME_SENDER.send(payload)
    assert len(sent_by(wecom_sandbox_world)) == 1


def test_a_lost_answer_is_asked_again_and_ends_as_sent(
    scanned: Any, wecom_sandbox_world: Any
) -> None:
    delivery = queue(scanned)
    wecom_sandbox_world.control.post(
        "faults", {"endpoint": SEND, "kind": "reset", "after": True, "count": 1}
    )

    first = work()
    second = work()

    assert (first, second) == (["pending"], ["sent"])
    delivery.refresh_from_db()
    assert delivery.outcome == "sent"
    assert len(sent_by(wecom_sandbox_world)) == 1


def test_a_welcome_that_was_too_late_is_shown_as_missed(
    scanned: Any, wecom_sandbox_world: Any
) -> None:
    delivery = queue(scanned, seconds_ago=21)
    assert work() == ["expired"]

    delivery.refresh_from_db()
    assert delivery.tone == "bad"
    assert delivery.words
    assert sent_by(wecom_sandbox_world) == []


@pytest.mark.parametrize(
    ("errcode", "error"),
    [
        (41050, WeComPermanent),
        (41096, WeComRetryable),
        (45009, WeComQuota),
        (-1, WeComUnknownOutcome),
    ],
)
def test_wecoms_refusals_have_their_class(
    scanned: Any, wecom_sandbox_world: Any, errcode: int, error: type[Exception]
) -> None:
    wecom_sandbox_world.control.post(
        "faults",
        {"endpoint": SEND, "kind": "errcode", "value": errcode, "count": 1},
    )
    with pytest.raises(error):
        WELCOME_SENDER.send(
            {"welcome_code": scanned["welcome_code"], "text": "欢迎", "attachments": []}
        )


def test_an_expired_code_is_said_in_words(scanned: Any, wecom_sandbox_world: Any) -> None:
    delivery = queue(scanned)
    wecom_sandbox_world.control.post(
        "faults", {"endpoint": SEND, "kind": "errcode", "value": 41050}
    )

    assert work() == ["failed"]

    delivery.refresh_from_db()
    assert "20秒" in delivery.words
    assert delivery.tone == "bad"


def test_the_sender_promises_what_the_outbox_needs_to_know() -> None:
    assert (WELCOME_SENDER.single_use, WELCOME_SENDER.repeatable) == (True, False)


def test_a_second_code_of_one_coming_together_is_not_somebody_elses_doing(
    scanned: Any, wecom_sandbox_world: Any
) -> None:
    # given: the half-add's welcome went out; WeCom refuses the code of the add that followed at once
    queue(scanned)
    assert work() == ["sent"]
    wecom_sandbox_world.control.post(
        "faults", {"endpoint": SEND, "kind": "errcode", "value": 41051}
    )
    WELCOME.apply(second_add(scanned), None)

    assert work() == ["sent"]

    second = WelcomeDelivery.objects.select_related("message").order_by("-pk")[0]
    assert (second.outcome, second.sent_at, second.tone) == ("before", None, "off")
    assert delivery_counts(SYSTEM_SCOPE, timezone.now() - timedelta(days=1)) == {
        "due": 2, "sent": 1, "missed": 0, "unset": 0,
    }  # fmt: skip


def test_while_the_first_welcome_is_on_its_way_the_second_waits(
    scanned: Any, wecom_sandbox_world: Any
) -> None:
    queue(scanned)
    assert len(claim("welcome", 1)) == 1
    wecom_sandbox_world.control.post(
        "faults", {"endpoint": SEND, "kind": "errcode", "value": 41051}
    )
    WELCOME.apply(second_add(scanned), None)

    assert work() == ["pending"]


def test_a_code_used_after_the_customer_had_left_is_still_somebody_elses(
    scanned: Any, wecom_sandbox_world: Any
) -> None:
    queue(scanned)
    assert work() == ["sent"]
    RelationEvent.objects.create(
        userid="li", external_userid=scanned["external_userid"], kind="del_by_customer",
        occurred_at=timezone.now() + timedelta(seconds=1),
    )  # fmt: skip
    wecom_sandbox_world.control.post(
        "faults", {"endpoint": SEND, "kind": "errcode", "value": 41051}
    )
    WELCOME.apply(second_add(scanned, seconds=2), None)

    assert work() == ["failed"]


def second_add(scanned: Any, *, seconds: float = 0.5) -> Any:
    """The event of the add that follows the half-add, with a code of its own."""
    return add_event(
        at=timezone.now() + timedelta(seconds=seconds), UserID="li",
        ExternalUserID=scanned["external_userid"], WelcomeCode="second-code",
    )  # fmt: skip
