"""Reads of alerts."""

from django.db.models import QuerySet

from scrm.core.alerts.models import Alert, AlertChannel
from scrm.core.scope import Scope


def alerts_visible_to(scope: Scope) -> QuerySet[Alert]:
    """Return all alerts for whoever may see alerts, else none."""
    return Alert.objects.all() if scope.allows("alerts.view") else Alert.objects.none()


def channels_visible_to(scope: Scope) -> QuerySet[AlertChannel]:
    """Return the channels for whoever may see alerts, without their addresses."""
    channels = AlertChannel.objects.defer("url").order_by("name")
    return channels if scope.allows("alerts.view") else channels.none()


def channels_editable_by(scope: Scope) -> QuerySet[AlertChannel]:
    """Return the channels a person may change."""
    return (
        AlertChannel.objects.all() if scope.allows("alerts.edit") else AlertChannel.objects.none()
    )
