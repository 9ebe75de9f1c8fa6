"""How alerts leave the house."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scrm.core.alerts import services
from scrm.core.alerts.models import AlertChannel
from scrm.core.exceptions import ValidationFailed
from scrm.core.outbox.sending import Sender


def _send(payload: dict[str, Any]) -> dict[str, Any]:
    channel = AlertChannel.objects.filter(pk=payload["channel_id"], is_active=True).first()
    if channel is None:
        raise ValidationFailed(
            _("The alert channel was removed or switched off."), code="channel_gone"
        )
    services.tell(channel, payload["text"])
    return {}


# An alert that arrives twice does no harm; one that does not arrive does.
ROBOT_SENDER = Sender(
    kind=services.KIND,
    send=_send,
    settle=None,
    repeatable=True,
    label=gettext_lazy("Tell the alert channel"),
)
