"""Page events of the mall and of other surfaces, in batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from attribution.entries.services import visits_record
from attribution.entries.visiting import VisitRow, step_of
from attribution.touches.serializers import EventsEnvelope, EventSerializer
from attribution.touches.services import EventRow, events_record
from customers.batches import BatchResultSerializer, answer_of, by_serializer, checked
from scrm.core.api import IdempotentMixin


@dataclass(frozen=True)
class Counts:
    """What a batch did; events are never changed."""

    created: int
    unchanged: int
    updated: int = 0


class EventsBatchView(IdempotentMixin, APIView):
    """Page events."""

    api_scope = "events.write"

    @extend_schema(
        operation_id="events_batch", request=EventsEnvelope, responses=BatchResultSerializer
    )
    def post(self, request: Request) -> Response:
        """Record the usable events, each once by its id; a bad one is named and stops no other.

        A parameter that is missing, tampered with or expired is no error: the event is kept and is nobody's.
        """
        batch = EventsEnvelope(data=request.data)
        batch.is_valid(raise_exception=True)
        found = checked(
            batch.validated_data["events"],
            key=("event_id",),
            read=by_serializer(EventSerializer, dict),
        )
        refused = _visits(found.rows)
        sent = batch.validated_data["events"]
        errors = found.errors + _refusals(sent, refused)
        usable = [_event(row) for row in found.rows if row["event_id"] not in refused]
        counts = events_record(usable)
        errors.sort(key=lambda error: int(error["index"]))
        answer = answer_of(Counts(counts.recorded, counts.repeated), errors)
        return Response(BatchResultSerializer(answer).data)


def _event(row: Mapping[str, Any]) -> EventRow:
    return EventRow(
        event_id=row["event_id"],
        kind=row["kind"],
        occurred_at=row["occurred_at"],
        surface=row.get("surface") or row.get("place") or "",
        parameter=row.get("parameter", ""),
        unionid=row.get("unionid", ""),
        external_userid=row.get("external_userid", ""),
        visitor_id=row.get("visitor_id", ""),
        path=row.get("url", ""),
        payload=row.get("details", {}),
    )


def _visits(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Hand the events around entries on to them; returns the reason by refused event."""
    visits = [
        VisitRow(
            key=row["event_id"],
            kind=step,
            occurred_at=row["occurred_at"],
            entry_code=row.get("entry", ""),
            store_code=row.get("store_code", ""),
            token=row.get("parameter", ""),
            place=row.get("place", ""),
            unionid=row.get("unionid", ""),
            external_userid=row.get("external_userid", ""),
            visitor_id=row.get("visitor_id", ""),
            order_no=row.get("order_no", ""),
        )
        for row in rows
        if (step := step_of(row["kind"], row.get("entry", "")))
    ]
    return dict(visits_record(visits).refused) if visits else {}


def _refusals(
    sent: Sequence[Mapping[str, Any]], refused: Mapping[str, str]
) -> list[dict[str, Any]]:
    words = {
        "visitor_missing": ("visitor_id", _("Say who: unionid, external_userid or visitor_id.")),
        "entry_unknown": ("entry", _("There is no such entry.")),
        "kind_unknown": ("kind", _("This kind is not known.")),
    }
    errors = []
    first: set[str] = set()
    for index, item in enumerate(sent):
        key = str(item.get("event_id", ""))
        if key in refused and key not in first:
            first.add(key)
            field, text = words[refused[key]]
            errors.append({"index": index, "key": key, "fields": {field: [text]}})
    return errors
