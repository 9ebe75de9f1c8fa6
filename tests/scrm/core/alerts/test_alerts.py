"""Alerts: once a window, to every channel that wants them, by the outbox."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django.utils.translation import override
from pytest_django import Settings

from scrm.core.alerts import services
from scrm.core.alerts.models import Alert, AlertChannel, AlertLevel
from scrm.core.alerts.senders import ROBOT_SENDER
from scrm.core.alerts.services import channel_delete, channel_save, raise_alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import ExternalFailure, ValidationFailed
from scrm.core.outbox.models import OutboxMessage
from scrm.wecom.errors import WeComPermanent
from tests.factories.accounts import UserFactory
from tests.factories.core import AlertChannelFactory

pytestmark = pytest.mark.django_db


def capacity(level: str = "warning", key: str = "li") -> Alert | None:
    return raise_alert(
        kind="capacity", key=key, level=level, title="Account almost full", text="li is at 85%."
    )


def test_the_same_alert_only_counts_within_its_window() -> None:
    with time_machine.travel("2026-11-21 02:00Z", tick=False) as clock:
        first = capacity()
        clock.shift(timedelta(minutes=59))
        assert capacity() is None
        assert capacity(key="wang") is not None
        clock.shift(timedelta(minutes=1))
        second = capacity()
        last = timezone.now()

    assert first is not None
    assert second is not None
    assert list(
        Alert.objects.filter(key="li").order_by("raised_at").values_list("count", flat=True)
    ) == [2, 1]
    first.refresh_from_db()
    assert first.last_at == last - timedelta(minutes=1)


def test_channels_get_it_from_their_level_up() -> None:
    everything = AlertChannelFactory.create(level="info")
    warnings = AlertChannelFactory.create(level="warning")
    AlertChannelFactory.create(level="critical")
    AlertChannelFactory.create(level="info", is_active=False)

    with time_machine.travel("2026-11-21 02:00Z", tick=False), override("en"):
        alert = capacity()

    assert alert is not None
    messages = OutboxMessage.objects.order_by("key")
    assert {message.key for message in messages} == {
        f"alert.robot:{alert.pk}:{everything.pk}",
        f"alert.robot:{alert.pk}:{warnings.pk}",
    }
    assert {(message.kind, message.lane) for message in messages} == {("alert.robot", "event")}
    assert (
        messages[0].payload["text"] == "[Warning] Account almost full\nli is at 85%.\n11-21 10:00"
    )


def test_the_sender_tells_the_channel_and_refuses_one_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(services, "tell", lambda channel, text: told.append((channel.name, text)))
    channel = AlertChannelFactory.create(name="ops")

    assert ROBOT_SENDER.send({"channel_id": str(channel.pk), "text": "hello"}) == {}
    AlertChannel.objects.update(is_active=False)
    with pytest.raises(ValidationFailed):
        ROBOT_SENDER.send({"channel_id": str(channel.pk), "text": "hello"})

    assert told == [("ops", "hello")]
    assert (ROBOT_SENDER.kind, ROBOT_SENDER.repeatable, ROBOT_SENDER.settle) == (
        "alert.robot",
        True,
        None,
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a",
        "https://evil.example/cgi-bin/webhook/send?key=a",
        "https://qyapi.weixin.qq.com@evil.example/cgi-bin/webhook/send?key=a",
        "https://qyapi.weixin.qq.com/cgi-bin/message/send?key=a",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
    ],
)
def test_only_addresses_of_wecom_robots_are_kept(url: str) -> None:
    with pytest.raises(ValidationFailed):
        channel_save(
            actor=UserFactory.create(),
            channel=None,
            name="x",
            url=url,
            level="warning",
            is_active=True,
        )

    assert AlertChannel.objects.count() == 0
    assert AuditEntry.objects.count() == 0


def test_changes_of_a_channel_are_audited_without_its_address() -> None:
    actor = UserFactory.create()
    url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a1b2c3d"

    channel = channel_save(
        actor=actor, channel=None, name="ops", url=url, level="warning", is_active=True
    )
    channel_save(actor=actor, channel=channel, name="ops", url="", level="info", is_active=False)
    channel_delete(actor=actor, channel=channel)

    assert [
        (entry.action, entry.before, entry.after) for entry in AuditEntry.objects.order_by("id")
    ] == [
        (
            "alert_channel.save",
            None,
            {"name": "ops", "level": "warning", "is_active": True, "url_changed": True},
        ),
        (
            "alert_channel.save",
            {"name": "ops", "level": "warning", "is_active": True},
            {"name": "ops", "level": "info", "is_active": False, "url_changed": False},
        ),
        ("alert_channel.delete", {"name": "ops", "level": "info", "is_active": False}, None),
    ]


def test_an_empty_address_keeps_the_stored_one() -> None:
    channel = AlertChannelFactory.create()
    url = channel.url

    channel_save(
        actor=UserFactory.create(),
        channel=channel,
        name="new name",
        url="",
        level="info",
        is_active=True,
    )

    stored = AlertChannel.objects.get()
    assert (stored.name, stored.url) == ("new name", url)


def test_a_test_message_that_wecom_refuses_says_why(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def refuse(channel: Any, text: str) -> None:
        raise WeComPermanent(93000, "invalid webhook url", "webhook/send")

    monkeypatch.setattr(services, "tell", refuse)

    with pytest.raises(ExternalFailure) as caught:
        services.channel_test(
            actor=UserFactory.create(), channel=AlertChannelFactory.create(), language="en"
        )

    assert caught.value.message.endswith("[93000]")


def test_an_alert_is_kept_in_every_language_and_told_in_ours(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "zh-hans"

    def loud() -> str:
        return str(AlertLevel.CRITICAL.label)

    alert = raise_alert(kind="x", key="y", level="warning", title=loud, text="as it is")

    assert alert is not None
    alert.refresh_from_db()
    for language in ("en", "zh-hans"):
        with override(language):
            assert (alert.said_title, alert.said_text) == (loud(), "as it is")
    with override("zh-hans"):
        assert alert.title == loud()
    with override("en"):
        assert alert.said_title == "Critical"
