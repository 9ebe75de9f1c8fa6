"""Capacity and incidents for tests."""

from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from contacts.directory.models import Member
from customers.relations.models import ExternalContact, FollowRelation
from risk.anomalies.models import Incident
from risk.capacity.models import Capacity
from tests.factories.contacts import MemberFactory


class CapacityFactory(DjangoModelFactory[Capacity]):
    """An account at 10 % of 100."""

    class Meta:
        model = Capacity

    member = factory.SubFactory(MemberFactory)
    used = 10
    limit = 100
    permille = factory.LazyAttribute(lambda row: row.used * 1000 // row.limit)


class IncidentFactory(DjangoModelFactory[Incident]):
    """An open incident of too many adds, without any step."""

    class Meta:
        model = Incident

    member = factory.SubFactory(MemberFactory)
    level = "critical"
    rules = factory.LazyFunction(lambda: ["adds_minute"])
    count = 60
    first_at = factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=1))
    last_at = factory.LazyFunction(timezone.now)


def customers_of(member: Member, count: int, *, days_ago: float = 100) -> list[FollowRelation]:
    """Give a member this many more customers, added so long ago."""
    known = ExternalContact.objects.count()
    contacts = ExternalContact.objects.bulk_create(
        ExternalContact(external_userid=f"wmrisk{known + number:026d}") for number in range(count)
    )
    added = timezone.now() - timedelta(days=days_ago)
    return FollowRelation.objects.bulk_create(
        FollowRelation(member=member, contact=contact, created_time=added) for contact in contacts
    )


def lose(relations: list[FollowRelation]) -> None:
    """End these relations."""
    FollowRelation.objects.filter(pk__in=[each.pk for each in relations]).update(
        status=FollowRelation.Status.LOST, lost_at=timezone.now()
    )
