"""Page events as partners send them; unknown fields are refused."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from attribution.touches.models import OWN_PREFIX, Touch
from attribution.touches.partitions import MONTHS_KEPT, kept_since
from customers.batch_fields import IdField, MomentField, optional_id, optional_text
from customers.batches import envelope
from scrm.core.api import StrictSerializer
from scrm.core.phone import phones_masked

# Clocks of partners may be ahead of ours by this much.
AHEAD = timedelta(minutes=5)
MOST_DETAILS = 2048
# PostgreSQL keeps no null characters; this is how JSON spells them.
NULL = b"\\u0000"
OWN_KINDS = frozenset({Touch.Kind.MATERIAL.value, Touch.Kind.ADD.value})
KINDS = [(code, label) for code, label in Touch.Kind.choices if code not in OWN_KINDS]


class EventSerializer(StrictSerializer):
    """One thing a customer did on a page. `parameter` is the token the page was opened with.

    At least one of `unionid`, `external_userid` and `visitor_id` says who. `entry`, `place`, `store_code` and
    `order_no` are for the kinds around an entry; a page_view or product_view with `entry` counts as a view of
    the page the entry stands on.
    """

    event_id = IdField(max_length=80)
    kind = serializers.ChoiceField(choices=KINDS)
    occurred_at = MomentField()
    surface = optional_text(64)
    parameter = serializers.CharField(max_length=64, required=False, allow_blank=True)
    unionid = optional_id(64)
    external_userid = optional_id(64)
    visitor_id = optional_id(64)
    url = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    entry = optional_id(32)
    place = optional_id(20)
    store_code = optional_id(64)
    order_no = optional_id(64)
    details = serializers.DictField(required=False)

    def validate_event_id(self, value: str) -> str:
        """Keep our own ids apart."""
        if value.startswith(OWN_PREFIX):
            raise serializers.ValidationError(
                _('Ids that begin with "%(prefix)s" are ours.') % {"prefix": OWN_PREFIX}
            )
        return value

    def validate_occurred_at(self, value: Any) -> Any:
        """Refuse what has not happened yet, and what we would delete at once."""
        if value > timezone.now() + AHEAD:
            raise serializers.ValidationError(_("The moment lies in the future."))
        if value < kept_since():
            raise serializers.ValidationError(
                _("Older than %(months)d months; such events are not kept.")
                % {"months": MONTHS_KEPT}
            )
        return value

    def validate_url(self, value: str) -> str:
        """Keep the path alone, phones masked: queries carry tokens and names."""
        try:
            path: str = phones_masked(urlsplit(value).path)
            return path[:200]
        except ValueError as error:
            raise serializers.ValidationError(_("Not an address.")) from error

    def validate_details(self, value: dict[str, Any]) -> dict[str, Any]:
        """Details are small and plain JSON; they are kept unencrypted, so phones in them are masked."""
        try:
            packed = orjson.dumps(value)
        except orjson.JSONEncodeError as error:
            raise serializers.ValidationError(_("Not usable as JSON.")) from error
        if len(packed) > MOST_DETAILS:
            raise serializers.ValidationError(
                _("At most %(count)d bytes.") % {"count": MOST_DETAILS}
            )
        if NULL in packed:
            raise serializers.ValidationError(_("Null characters cannot be kept."))
        kept: dict[str, Any] = phones_masked(orjson.loads(packed))
        return kept

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Somebody did it."""
        if not any(attrs.get(name) for name in ("unionid", "external_userid", "visitor_id")):
            raise serializers.ValidationError(
                {"visitor_id": [_("Say who: unionid, external_userid or visitor_id.")]}
            )
        return attrs


EventsEnvelope = envelope("events", "EventsBatch", EventSerializer)
