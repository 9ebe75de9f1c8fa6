"""Reads of adds; every list starts from what the scope may see."""

from django.db.models import Q, QuerySet

from attribution.adds.episodes import Fact
from attribution.adds.models import AddEpisode
from contacts.directory.selectors import members_visible_to
from customers.profile.counting import customers_only
from customers.relations.models import FollowRelation, RelationEvent
from customers.relations.ways import ASSIGNED
from scrm.core.scope import Scope


def adds_visible_to(scope: Scope) -> QuerySet[AddEpisode]:
    """Return the adds of the members in scope."""
    adds = AddEpisode.objects.select_related("live_code")
    if scope.everything:
        return adds
    return adds.filter(userid__in=members_visible_to(scope).values("userid"))


def new_customers(adds: QuerySet[AddEpisode]) -> QuerySet[AddEpisode]:
    """Leave out whom a colleague handed over (a new relation, no new customer), colleagues and test contacts."""
    return customers_only(adds.filter(taken_over=False), moment="started_at")


def lost_customers(adds: QuerySet[AddEpisode]) -> QuerySet[AddEpisode]:
    """Keep the adds that ended because one side deleted the other; not those of colleagues and test contacts."""
    return customers_only(adds.filter(ended_at__isnull=False, handed_on=False), moment="ended_at")


def handovers(adds: QuerySet[AddEpisode]) -> QuerySet[AddEpisode]:
    """Keep the adds a hand-over began or ended."""
    return adds.filter(Q(taken_over=True) | Q(handed_on=True))


def is_assigned(userid: str, external_userid: str) -> bool:
    """Tell whether WeCom says the living relation of a pair was given by the company."""
    return FollowRelation.objects.filter(
        member__userid__iexact=userid,
        contact__external_userid=external_userid,
        status=FollowRelation.Status.ACTIVE,
        add_way=ASSIGNED,
    ).exists()


def facts_of(userid: str, external_userid: str) -> list[Fact]:
    """Return what WeCom told about a pair; WeCom ignores the case of a userid, so do we."""
    events = RelationEvent.objects.filter(external_userid=external_userid, userid__iexact=userid)
    return [Fact(event.occurred_at, event.kind, event.state) for event in events]
