"""Leases: one worker per event and per customer pair, lapse, renewal, return."""

from typing import Any

import pytest
from django.db.models import F

from scrm.inbox import claims
from scrm.inbox.models import InboxEvent
from tests.factories.inbox import stored

pytestmark = pytest.mark.django_db


def lapse() -> None:
    InboxEvent.objects.update(due_at=F("received_at"))


def test_leased_event_is_not_claimed_again() -> None:
    event = stored()

    assert [each.id for each in claims.claim("event", 10)] == [event.pk]
    assert claims.claim("event", 10) == []


def test_lapsed_lease_is_claimed_by_another() -> None:
    # given
    stored()
    (first,) = claims.claim("event", 10)
    lapse()

    # when
    (second,) = claims.claim("event", 10)

    # then
    assert (second.id, second.claims) == (first.id, 2)
    assert second.token != first.token
    with pytest.raises(claims.LeaseLost):
        claims.hold(first)


def test_renewed_lease_lasts() -> None:
    # given
    stored()
    (event,) = claims.claim("event", 10)
    lapse()

    # when
    assert claims.renew([event.token]) == 1

    # then
    assert claims.claim("event", 10) == []


def test_released_events_are_due_at_once_and_count_no_claim() -> None:
    # given
    stored()
    (event,) = claims.claim("event", 10)

    # when
    claims.release(event.token, [event.id])

    # then
    (again,) = claims.claim("event", 10)
    assert again.claims == 1


def test_two_claims_never_hold_the_same_pair() -> None:
    # given: two events of one customer with one guide, in two lanes, and one of another customer
    first = stored(UserID="li", ExternalUserID="wm1", WelcomeCode="C")
    second = stored("edit_external_contact", UserID="LI", ExternalUserID="wm1")
    other = stored("edit_external_contact", UserID="li", ExternalUserID="wm2")

    # when
    held = claims.claim("welcome", 10)
    free = claims.claim("event", 10)

    # then
    assert [each.id for each in held] == [first.pk]
    assert [each.id for each in free] == [other.pk]

    # when the first is done
    InboxEvent.objects.filter(pk=first.pk).update(state="done", lease_token=None)

    # then
    assert [each.id for each in claims.claim("event", 10)] == [second.pk]


def test_lanes_are_apart_and_oldest_comes_first() -> None:
    # given
    events = [stored() for _ in range(5)]
    stored(event="change_contact", UserID="x")

    # when, then
    assert [each.id for each in claims.claim("event", 3)] == [each.pk for each in events[:3]]
    assert len(claims.claim("sync", 10)) == 1


def test_claim_reads_the_small_index_only(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        claims.claim("event", 10)
