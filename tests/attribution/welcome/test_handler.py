"""A welcome code becomes one queued welcome, of the right text, whatever brought it how often."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from attribution.welcome.handlers import WELCOME
from attribution.welcome.models import WelcomeDelivery, WelcomeTemplate
from contacts.directory.models import Member
from scrm import event_routes
from scrm.core.outbox.models import OutboxMessage
from tests.cast import Company
from tests.factories.attribution import LiveCodeFactory, WelcomeTemplateFactory, add_event

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def added(code: str = "CODE", change_type: str = "add_external_contact", **fields: str) -> None:
    """Let an add reach the handler."""
    extra = {"WelcomeCode": code} if code else {}
    WELCOME.apply(add_event(change_type, at=NOON, **extra, **fields), None)


def texts() -> list[str]:
    return [message.payload["text"] for message in OutboxMessage.objects.order_by("id")]


def test_the_welcome_is_the_first_handler_and_reads_nothing_from_wecom() -> None:
    for change_type in ("add_external_contact", "add_half_external_contact"):
        assert event_routes.EVENT_ROUTES["change_external_contact", change_type][0] is WELCOME
    assert WELCOME.fetch is None


def test_a_code_is_queued_once_with_twenty_seconds_to_live(guide_li: Member) -> None:
    WelcomeTemplateFactory()
    for _time in range(3):
        added()
    added(change_type="add_half_external_contact")

    message = OutboxMessage.objects.get()
    assert (message.kind, message.lane) == ("welcome.send", "welcome")
    assert message.expires_at == NOON + timedelta(seconds=20)
    assert "CODE" not in message.key
    assert message.payload["welcome_code"] == "CODE"
    delivery = WelcomeDelivery.objects.get()
    assert (delivery.source, delivery.message_id, delivery.sent_at) == ("default", message.pk, None)


def test_two_customers_in_one_second_are_two_welcomes(guide_li: Member) -> None:
    WelcomeTemplateFactory()
    added("A")
    added("B", ExternalUserID="wm2")

    assert OutboxMessage.objects.count() == 2


def test_the_live_code_comes_before_the_store_and_the_store_before_the_default(
    guide_li: Member, guide_wang: Member, company: Company
) -> None:
    code = LiveCodeFactory(welcome_text="活码")
    silent = LiveCodeFactory(welcome_text="")
    WelcomeTemplateFactory(text="默认")
    store = WelcomeTemplateFactory(text="门店", store=company.store_a)

    added("1", State=code.state)
    added("2", State=silent.state)
    added("3", State="somebody-elses")
    added("4")
    added("5", UserID="guide_wang")
    added("6", UserID="nobody_we_know")
    assert texts() == ["活码", "门店", "门店", "门店", "默认", "默认"]
    sources = list(WelcomeDelivery.objects.order_by("id").values_list("source", flat=True))
    assert sources == ["live_code", "store", "store", "store", "default", "default"]

    WelcomeTemplate.objects.filter(pk=store.pk).update(is_active=False)
    added("7")
    assert texts()[-1] == "默认"


def test_variables_are_filled_and_a_name_with_braces_is_left_alone(
    guide_li: Member, settings: Any
) -> None:
    Member.objects.filter(pk=guide_li.pk).update(name="李{store}")
    WelcomeTemplateFactory(text="{nickname},我是{store}的{guide}。{其他}")
    added()

    assert texts() == ["%NICKNAME%,我是人民路店的李{store}。{其他}"]


def test_without_a_code_or_a_text_nothing_is_sent(guide_li: Member) -> None:
    added("")
    assert WelcomeDelivery.objects.count() == 0

    added("CODE")
    assert OutboxMessage.objects.count() == 0
    delivery = WelcomeDelivery.objects.get()
    assert (delivery.source, delivery.outcome) == ("none", "none")
