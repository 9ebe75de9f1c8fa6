"""Which welcome a customer gets, and reads of what was sent."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from attribution.live_codes.models import LiveCode
from attribution.live_codes.selectors import live_code_by_state
from attribution.welcome.models import WelcomeDelivery, WelcomeTemplate
from contacts.directory.models import Member
from contacts.directory.selectors import member_by_userid, members_visible_to
from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to, store_of
from customers.relations.selectors import deletions_of
from scrm.core.scope import Scope

Source = WelcomeDelivery.Source
MISSED = Q(sent_at=None) & Q(message__status__in=["failed", "expired", "uncertain"])


@dataclass(frozen=True)
class Choice:
    """A chosen welcome with what its variables stand for."""

    source: WelcomeDelivery.Source
    text: str
    attachments: list[dict[str, Any]]
    live_code: LiveCode | None
    member: Member | None
    store: OrgUnit | None


def welcome_for(userid: str, state: str) -> Choice:
    """Choose live code > store > default; the source `none` with an empty text where nothing is set up."""
    member = member_by_userid(userid)
    store = store_of(member) if member is not None else None
    code = live_code_by_state(state)
    if code is not None and code.welcome_text:
        return Choice(Source.LIVE_CODE, code.welcome_text, [], code, member, store)
    template = _template(store)
    if template is None:
        return Choice(Source.NONE, "", [], code, member, store)
    source = Source.STORE if template.store_id else Source.DEFAULT
    return Choice(source, template.text, template.attachments, code, member, store)


def _template(store: OrgUnit | None) -> WelcomeTemplate | None:
    """Return the store's template, else the default one, in one query."""
    wanted = Q(store=None) if store is None else Q(store=None) | Q(store=store)
    found = {
        template.store_id: template
        for template in WelcomeTemplate.objects.filter(wanted, is_active=True)
    }
    return (found.get(store.pk) if store is not None else None) or found.get(None)


def other_welcome(code_hash: str) -> WelcomeDelivery | None:
    """Return another welcome of the same coming together that was sent or may still be; None without one.

    A customer who is confirmed while the half-add's welcome is on its way gets a second code, which WeCom
    then refuses as used: by ourselves.
    """
    mine = WelcomeDelivery.objects.filter(code_hash=code_hash).first()
    if mine is None:
        return None
    lost = deletions_of([mine.external_userid]).get((mine.external_userid, mine.userid.lower()), {})
    others = WelcomeDelivery.objects.filter(
        Q(sent_at__isnull=False) | Q(message__status__in=["pending", "sending"]),
        userid__iexact=mine.userid,
        external_userid=mine.external_userid,
    ).exclude(pk=mine.pk)
    for other in others.order_by("-sent_at", "-pk"):
        first, last = sorted((mine.occurred_at, other.occurred_at))
        if not any(first <= moment < last for moment in lost.values()):
            return other
    return None


def templates_visible_to(scope: Scope) -> QuerySet[WelcomeTemplate]:
    """Return the welcomes of the stores in scope, and the default for everybody."""
    templates = WelcomeTemplate.objects.select_related("store")
    if scope.everything:
        return templates
    return templates.filter(Q(store=None) | Q(store__in=org_units_visible_to(scope)))


def templates_editable_by(scope: Scope) -> QuerySet[WelcomeTemplate]:
    """Return the welcomes a scope may change: the default one only with the whole company in scope."""
    templates = templates_visible_to(scope)
    return templates if scope.everything else templates.exclude(store=None)


def deliveries_visible_to(scope: Scope) -> QuerySet[WelcomeDelivery]:
    """Return the welcomes of the members in scope, with their messages."""
    deliveries = WelcomeDelivery.objects.select_related("message", "live_code")
    if scope.everything:
        return deliveries
    return deliveries.filter(userid__in=members_visible_to(scope).values("userid"))


def delivery_counts(scope: Scope, since: datetime) -> dict[str, int]:
    """Return how many welcomes were due, sent, missed and not set up since a moment, in one query."""
    counted = (
        deliveries_visible_to(scope)
        .filter(occurred_at__gte=since)
        .aggregate(
            due=Count("pk"),
            sent=Count("pk", filter=Q(sent_at__isnull=False)),
            missed=Count("pk", filter=MISSED),
            unset=Count("pk", filter=Q(source=Source.NONE)),
        )
    )
    return {name: int(value) for name, value in counted.items()}
