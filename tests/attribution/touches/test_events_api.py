"""Page events through the partner door: once by id, parameters judged, entries told, bad rows named."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from attribution.entries.figures import board
from attribution.entries.models import EntryVisit
from attribution.touches.models import Touch
from attribution.touches.partitions import kept_since
from contacts.parameters.services import issue
from scrm.accounts.services import partner_key_create
from scrm.core.scope import SYSTEM_SCOPE
from tests.factories.attribution import EntryFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/events/batch"
YESTERDAY = timezone.localdate() - timedelta(days=1)
WHEN = f"{YESTERDAY}T12:00:00+08:00"


def event(event_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": event_id, "kind": "product_view", "occurred_at": WHEN, "visitor_id": "v1",
    } | changes  # fmt: skip


def send(client: Client, rows: list[Any], *, scope: str = "events.write", key: str = "") -> Any:
    bearer = partner_key_create(name="mall", scopes=[scope], actor=None)[1]
    return client.post(
        URL,
        data={"events": rows},
        content_type="application/json",
        headers={"Authorization": f"Bearer {bearer}", "Idempotency-Key": key or str(uuid4())},
    )


def figures(answer: Any) -> tuple[int, ...]:
    assert answer.status_code == 200, answer.content
    body = answer.json()
    return tuple(body[name] for name in ("created", "updated", "unchanged", "failed"))


def test_events_are_kept_once_with_what_their_parameter_proves(client, guide_li, company):
    # given a good parameter, one that ended before the event, and one with a letter changed
    good = issue(kind="guide", member=guide_li, store=company.store_a, payload={})
    old = issue(kind="guide", member=guide_li, expires_at=timezone.now() - timedelta(days=400))
    bad = good[:5] + ("A" if good[5] != "A" else "B") + good[6:]
    rows = [
        event(
            "e1",
            parameter=good,
            unionid="u1",
            surface="mall.product",
            url="https://mall/p/1?u=secret",
        ),
        event("e2", parameter=old),
        event("e3", parameter=bad),
        event("e4", parameter="!"),
        event("e5"),
    ]

    # when they are sent, and sent again with another
    first = send(client, rows)
    again = send(client, [*rows, event("e6")])

    # then each stands once, with the guide or with the reason
    assert figures(first) == (5, 0, 0, 0)
    assert figures(again) == (1, 0, 5, 0)
    found = {t.event_id: (t.member_id, t.store_id, t.reason) for t in Touch.objects.all()}
    assert found == {
        "e1": (guide_li.pk, company.store_a.pk, ""),
        "e2": (None, None, "expired"),
        "e3": (None, None, "tampered"),
        "e4": (None, None, "tampered"),
        "e5": (None, None, "missing"),
        "e6": (None, None, "missing"),
    }
    # and only the path of an address is kept
    assert Touch.objects.get(event_id="e1").path == "/p/1"
    assert Touch.objects.get(event_id="e1").surface == "mall.product"
    assert Touch.objects.get(event_id="e5").surface == "product_view"


def test_a_parameter_without_a_store_counts_for_the_store_its_guide_serves(
    client, guide_li, company
):
    send(client, [event("e1", parameter=issue(kind="guide", member=guide_li))])
    assert Touch.objects.get().store_id == company.store_a.pk


def test_bad_events_are_named_by_index_and_stop_no_other(client):
    # given one usable event among many that are not
    future = (timezone.now() + timedelta(hours=1)).isoformat()
    answer = send(
        client,
        [
            event("e1"),
            event("e2", kind="order"),
            event("e3", occurred_at=future),
            event("e4", visitor_id=""),
            event("scrm:e5"),
            event("e6", guide="guide_li"),
            event("e1"),
            event("e7", details={"text": "x" * 3000}),
            event("e8", details={"text": "a\x00"}),
            event("e9", kind="entry_click", entry="nowhere"),
            event("e10", kind="add"),
        ],
    )

    # then only the first is kept
    assert figures(answer) == (1, 0, 0, 10)
    wrong = [(each["index"], sorted(each["fields"])) for each in answer.json()["errors"]]
    assert wrong == [
        (1, ["kind"]), (2, ["occurred_at"]), (3, ["visitor_id"]), (4, ["event_id"]), (5, ["guide"]),
        (6, ["event_id"]), (7, ["details"]), (8, ["details"]), (9, ["entry"]), (10, ["kind"]),
    ]  # fmt: skip
    assert [each.event_id for each in Touch.objects.all()] == ["e1"]
    assert EntryVisit.objects.count() == 0


def test_events_that_would_be_deleted_at_once_or_did_not_happen_yet_are_refused(client):
    # given events around the two ends of what is kept, some of them an entry's
    first, now = kept_since(), timezone.now()
    moments = [
        first,
        first - timedelta(seconds=1),
        datetime(2001, 5, 1, tzinfo=UTC),
        now,
        now + timedelta(days=1, seconds=1),
        datetime(9998, 1, 1, tzinfo=UTC),
    ]
    rows = [
        event(f"e{number}", kind="result_view", occurred_at=moment.isoformat())
        for number, moment in enumerate(moments)
    ]

    answer = send(client, rows)

    # then each of the others is named with its reason, and nothing of it is kept anywhere
    assert figures(answer) == (2, 0, 0, 4)
    errors = {each["index"]: each["fields"]["occurred_at"] for each in answer.json()["errors"]}
    assert sorted(errors) == [1, 2, 4, 5]
    assert "25" in errors[1][0]
    for rows_kept in (Touch.objects.values_list("event_id"), EntryVisit.objects.values_list("key")):
        assert sorted(key for (key,) in rows_kept) == ["e0", "e3"]


def test_events_around_an_entry_are_its_visits_too(client):
    # given an order result page without an entry
    answer = send(client, [event("e1", kind="result_view", order_no="O1"), event("e2")])

    # then the entries know the visitor, the touches know both
    assert figures(answer) == (2, 0, 0, 0)
    assert list(EntryVisit.objects.values_list("key", "kind", "visitor_id")) == [
        ("e1", "result_view", "v1")
    ]
    assert Touch.objects.count() == 2


def test_a_key_without_the_scope_records_nothing(client):
    assert send(client, [event("e1")], scope="orders.write").status_code == 403
    assert send(client, [event(f"e{n}") for n in range(1001)]).status_code == 400
    assert Touch.objects.count() == 0


def test_the_same_request_again_gets_the_same_answer(client):
    bearer = partner_key_create(name="mall", scopes=["events.write"], actor=None)[1]
    headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": "the-same-key"}
    post = {"data": {"events": [event("e1")]}, "content_type": "application/json"}
    first, second = (client.post(URL, headers=headers, **post) for _time in range(2))
    assert first.json() == second.json() == {
        "created": 1, "updated": 0, "unchanged": 0, "failed": 0, "errors": [],
    }  # fmt: skip


def test_a_page_view_that_names_an_entry_is_a_view_of_that_entrys_page(client, company):
    EntryFactory(code="on-product", place="product_page")

    rows = [
        event("a", entry="on-product", unionid="u1"),
        event("b", entry="on-product", unionid="u1", kind="page_view"),
        event("c", unionid="u2", kind="page_view"),
        event("d", entry="on-product", unionid="u1", kind="entry_click"),
        event("e", entry="nobody-knows", unionid="u1"),
    ]

    answer = send(client, rows)

    assert figures(answer) == (4, 0, 0, 1)
    kept = EntryVisit.objects.order_by("key").values_list("kind", "place", "entry__code")
    assert list(kept) == [
        ("result_view", "product_page", "on-product"),
        ("result_view", "product_page", "on-product"),
        ("entry_click", "product_page", "on-product"),
    ]
    total = board(SYSTEM_SCOPE, YESTERDAY, YESTERDAY).total
    assert (total.viewers, total.entry_clickers, total.entry_click_rate) == (1, 1, 100.0)
