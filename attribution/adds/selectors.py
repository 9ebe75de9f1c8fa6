"""Reads of adds; every list starts from what the scope may see."""

from django.db.models import QuerySet

from attribution.adds.episodes import Fact
from attribution.adds.models import AddEpisode
from contacts.directory.selectors import members_visible_to
from customers.relations.models import RelationEvent
from scrm.core.scope import Scope


def adds_visible_to(scope: Scope) -> QuerySet[AddEpisode]:
    """Return the adds of the members in scope."""
    adds = AddEpisode.objects.select_related("live_code")
    if scope.everything:
        return adds
    return adds.filter(userid__in=members_visible_to(scope).values("userid"))


def facts_of(userid: str, external_userid: str) -> list[Fact]:
    """Return what WeCom told about a pair; WeCom ignores the case of a userid, so do we."""
    events = RelationEvent.objects.filter(external_userid=external_userid, userid__iexact=userid)
    return [Fact(event.occurred_at, event.kind, event.state) for event in events]
