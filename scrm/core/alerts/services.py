"""Raise alerts once, tell every channel that wants them, keep the channels."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from scrm.core import gateway
from scrm.core.alerts.models import LEVEL_ORDER, Alert, AlertChannel, AlertLevel
from scrm.core.audit import services as audit
from scrm.core.exceptions import ExternalFailure, ValidationFailed
from scrm.core.outbox import services as outbox
from scrm.wecom.errors import WeComError
from scrm.wecom.robot import WebhookRobot

KIND = "alert.robot"
USELESS_AFTER = timedelta(hours=6)


def raise_alert(
    *,
    kind: str,
    key: str,
    level: str,
    title: str | Callable[[], str],
    text: str | Callable[[], str],
    dedupe: timedelta = timedelta(hours=1),
    said: str = "",
) -> Alert | None:
    """Raise an alert in the caller's transaction and hand it to every channel by the outbox.

    kind and key name what it is about. The same again within `dedupe` of the first only counts (None). Level
    is info, warning or critical; the text holds no customer's data. Title and text may be functions that say it
    in the language in force: then the page shows it in each reader's, and a robot in ours. `said`, if given, is all that a robot
    says: for alerts whose wording was agreed word by word.
    """
    level = AlertLevel(level)
    now = timezone.now()
    with transaction.atomic():
        _one_at_a_time(f"alert:{kind}:{key}")
        latest = (
            Alert.objects.filter(kind=kind, key=key, raised_at__gt=now - dedupe)
            .order_by("-raised_at")
            .first()
        )
        if latest is not None:
            Alert.objects.filter(pk=latest.pk).update(count=F("count") + 1, last_at=now)
            return None
        shown_title, shown_text = _in_our_language(title, text)
        alert = Alert.objects.create(
            kind=kind,
            key=key,
            level=level,
            title=shown_title[:200],
            text=shown_text,
            words=_by_language(title, text),
            raised_at=now,
            last_at=now,
        )
        for channel in AlertChannel.objects.filter(is_active=True):
            if LEVEL_ORDER[level] >= LEVEL_ORDER[AlertLevel(channel.level)]:
                outbox.put(
                    kind=KIND,
                    key=f"{KIND}:{alert.pk}:{channel.pk}",
                    payload={"channel_id": str(channel.pk), "text": said or words_of(alert)},
                    expires_at=now + USELESS_AFTER,
                )
    return alert


def _in_our_language(*texts: str | Callable[[], str]) -> list[str]:
    with override(settings.LANGUAGE_CODE):
        return [text() if callable(text) else text for text in texts]


def _by_language(
    title: str | Callable[[], str], text: str | Callable[[], str]
) -> dict[str, dict[str, str]]:
    """Return what can be said in every language we have; a plain text is said as it is."""
    found: dict[str, dict[str, str]] = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            said = {"title": title, "text": text}
            found[code] = {key: value() for key, value in said.items() if callable(value)}
    return found


def words_of(alert: Alert) -> str:
    """Return what a robot says."""
    clock = timezone.localtime(alert.raised_at).strftime("%m-%d %H:%M")
    return f"[{AlertLevel(alert.level).label}] {alert.title}\n{alert.text}\n{clock}"


def _one_at_a_time(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 2))", [name])


def robot_of(url: str) -> WebhookRobot:
    """Return the robot of an address; raises ValidationFailed when the address is not one of WeCom's."""
    try:
        return gateway.robot(url)
    except ValueError:
        raise ValidationFailed(
            _("A robot's address begins with %(base)s/cgi-bin/webhook/send?key=")
            % {"base": settings.WECOM_API_BASE},
            code="robot_address",
        ) from None


def tell(channel: AlertChannel, text: str) -> None:
    """Send text to a channel now; raises WeComError."""
    robot_of(channel.url).send_text(text)


def channel_save(
    *, actor: Any, channel: AlertChannel | None, name: str, url: str, level: str, is_active: bool
) -> AlertChannel:
    """Create or change a channel; an empty url keeps the stored one. Raises ValidationFailed."""
    if url or channel is None:
        robot_of(url)
    before = None if channel is None else _shown(channel)
    with transaction.atomic():
        row = channel or AlertChannel()
        row.name, row.level, row.is_active = name, level, is_active
        if url:
            row.url = url
        row.save()
        audit.record(
            actor=actor,
            action="alert_channel.save",
            target=f"alert_channel:{row.pk}",
            before=before,
            after={**_shown(row), "url_changed": bool(url)},
        )
    return row


def channel_delete(*, actor: Any, channel: AlertChannel) -> None:
    """Remove a channel; messages on their way to it fail with words."""
    with transaction.atomic():
        audit.record(
            actor=actor,
            action="alert_channel.delete",
            target=f"alert_channel:{channel.pk}",
            before=_shown(channel),
        )
        channel.delete()


def channel_test(*, actor: Any, channel: AlertChannel, language: str) -> None:
    """Say hello in the channel at once; raises ExternalFailure with WeCom's words."""
    audit.record(actor=actor, action="alert_channel.test", target=f"alert_channel:{channel.pk}")
    try:
        tell(channel, _("Test from the SCRM console: alerts arrive here."))
    except WeComError as error:
        raise ExternalFailure(error.words(language), code="robot_refused") from None


def _shown(channel: AlertChannel) -> dict[str, Any]:
    return {"name": channel.name, "level": channel.level, "is_active": channel.is_active}
