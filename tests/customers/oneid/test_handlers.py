"""OneID by event and by the clock."""

import pytest
from django.db import connection

from customers.oneid.handlers import PERSON_CHANGED
from customers.oneid.models import PersonLink
from customers.oneid.tasks import oneid_reconcile
from customers.relations.models import RecordChange
from scrm.event_routes import EVENT_ROUTES
from scrm.inbox.handling import Event
from tests.factories.customers import ContactFactory, CrmMemberFactory, at

pytestmark = pytest.mark.django_db


def added(external_userid: str) -> Event:
    """Return an add event."""
    fields = {"UserID": "LiNa", "ExternalUserID": external_userid}
    return Event(1, "scrm", "change_external_contact", "add_external_contact", at(0), at(0), fields)


def test_an_add_event_finds_the_member_at_once_and_leaves_others_waiting() -> None:
    # given a member OneID knows, and two customers it does not
    member = CrmMemberFactory(unionid="ou1")
    oneid_reconcile()
    contact, other = ContactFactory(unionid="ou1"), ContactFactory()

    # when
    PERSON_CHANGED.apply(added(contact.external_userid), None)

    # then
    links = dict(PersonLink.objects.values_list("record_id", "person_id"))
    assert links[contact.pk] == links[member.pk]
    assert list(RecordChange.objects.values_list("record_id", flat=True)) == [other.pk]

    # and the clock does the rest
    oneid_reconcile()
    assert PersonLink.objects.count() == 3
    assert RecordChange.objects.count() == 0


def test_a_busy_oneid_lets_the_event_pass_and_loses_nothing() -> None:
    contact = ContactFactory()
    holder = connection.copy()
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended('customers.oneid', 7))")
            PERSON_CHANGED.apply(added(contact.external_userid), None)
            oneid_reconcile()
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('customers.oneid', 7))")
    finally:
        holder.close()

    assert (PersonLink.objects.count(), RecordChange.objects.count()) == (0, 1)
    oneid_reconcile()
    assert (PersonLink.objects.count(), RecordChange.objects.count()) == (1, 0)


def test_the_person_comes_after_the_relation_in_every_route() -> None:
    routes = [
        [handler.name for handler in handlers]
        for handlers in EVENT_ROUTES.values()
        if PERSON_CHANGED in handlers
    ]

    assert len(routes) == 3
    assert all(
        names.index("relations.changed") < names.index("oneid.person_changed") for names in routes
    )
