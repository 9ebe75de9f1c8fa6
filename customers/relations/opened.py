"""Who has opened the chat: what WeCom tells of acquisition links, and what a person marks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.copying import rows_upsert
from customers.relations.models import FollowRelation
from customers.relations.opened_models import OpenedChat
from customers.relations.selectors import relations_visible_to
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict
from scrm.core.scope import Scope

State, Source = OpenedChat.State, OpenedChat.Source
# What nothing was told of; a choice of the filter, never stored.
UNKNOWN = "unknown"
OPENED = State.OPENED.value
Pair = tuple[str, str]


@dataclass(frozen=True)
class Told:
    """One thing told of a pair: `at` is the time of the message, of the read or of the mark, aware UTC."""

    userid: str
    external_userid: str
    state: str
    source: str
    at: datetime


def opened_chat(state: str) -> Q:
    """Return the condition on FollowRelation that a customer has written, not yet written, or nobody knows.

    state: "opened", "silent" or "unknown". Works on any queryset of relations, also below a tag rule or a
    segment (`Exists(FollowRelation.objects.filter(opened_chat("opened"), contact=OuterRef("pk")))`). What was
    told of an earlier time, before the customer was added again, does not count: that is unknown.
    """
    told = OpenedChat.objects.filter(relation=OuterRef("pk"), at__gte=OuterRef("created_time"))
    if state == UNKNOWN:
        return Q(~Exists(told))
    return Q(Exists(told.filter(state=state)))


@transaction.atomic
def opened_told(told: Iterable[Told]) -> int:
    """Keep what was told, in batches; return how many relations know more than before.

    Who has once written has written: "not yet" never takes that back within one add, a later "opened" never
    moves its time. A pair we do not hold is left out: the next telling finds it.
    """
    news = {(each.userid.lower(), each.external_userid): each for each in _best(told)}
    if not news:
        return 0
    relations = _relations_of(news)
    held = OpenedChat.objects.select_for_update().in_bulk([each.pk for each in relations.values()])
    rows = []
    for pair, relation in sorted(relations.items()):
        each, known = news[pair], held.get(relation.pk)
        if each.at >= relation.created_time and _is_more(each, known, relation.created_time):
            rows.append(
                OpenedChat(relation=relation, state=each.state, source=each.source, at=each.at)
            )
    rows_upsert(OpenedChat, rows)
    return len(rows)


def _best(told: Iterable[Told]) -> list[Told]:
    """Return tellings so that the best of a pair comes last: opened before silent, the earlier opening."""
    return sorted(
        told,
        key=lambda each: (each.state == State.OPENED, -each.at.timestamp()),
    )


def _is_more(each: Told, known: OpenedChat | None, created_time: datetime) -> bool:
    if known is None or known.at < created_time:
        return True
    if each.state == State.OPENED:
        return known.state != State.OPENED or each.at < known.at
    return known.state != State.OPENED and each.at > known.at


def _relations_of(pairs: Mapping[Pair, Any]) -> dict[Pair, FollowRelation]:
    rows = FollowRelation.objects.filter(
        contact__external_userid__in={external for _userid, external in pairs}
    ).select_related("member", "contact")
    found = {(row.member.userid.lower(), row.contact.external_userid): row for row in rows}
    return {pair: row for pair, row in found.items() if pair in pairs}


@transaction.atomic
def opened_mark(scope: Scope, relation_id: UUID, *, actor: Any) -> OpenedChat:
    """Let a person who sees the relation say that the customer has written; kept with their name.

    Raises FollowRelation.DoesNotExist out of scope, Conflict when WeCom or somebody has told so already.
    """
    relation = relations_visible_to(scope).select_for_update(of=("self",)).get(pk=relation_id)
    known = OpenedChat.objects.filter(relation=relation, at__gte=relation.created_time).first()
    if known is not None and known.state == State.OPENED:
        raise Conflict(
            _("It is known already that this customer has written."), code="opened_known"
        )
    row, _made = OpenedChat.objects.update_or_create(
        relation=relation,
        defaults={
            "state": State.OPENED,
            "source": Source.GUIDE,
            "at": timezone.now(),
            "marked_by": actor,
        },
    )
    audit.record(actor=actor, action="relations.opened", target=f"contact:{relation.contact_id}")
    return row
