"""Tags for many customers at once: first what would happen, then the job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.directory.selectors import gone
from customers.lists.selecting import count_of
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.selectors import relations_visible_to
from customers.tags.services import tags_check, tags_mark
from scrm.core.exceptions import Conflict
from scrm.core.jobs.models import JobRun
from scrm.core.scope import Scope

# WeCom takes at most so many corp tags on one relation (doc 92118).
MOST_TAGS = 3000


@dataclass(frozen=True)
class DryCount:
    """What tagging would do. Customers: all chosen = changed + unchanged + nobody + full."""

    customers: int
    changed: int
    relations: int
    nobody: int
    full: int

    @property
    def unchanged(self) -> int:
        """Return how many have it as wanted already."""
        return self.customers - self.changed - self.nobody - self.full


def dry_count(
    scope: Scope, contacts: QuerySet[ExternalContact], add: Sequence[str], remove: Sequence[str]
) -> DryCount:
    """Count what tagging the chosen customers would change, without changing anything.

    nobody: customers whom nobody in scope follows who can serve now, so there is no relation to tag; full: those
    whose every relation to be tagged would hold more than WeCom takes.
    """
    tags_check(add, remove)
    customers = count_of(contacts)
    here = OuterRef("pk")
    able = contacts.filter(Exists(_able(scope).filter(contact=here)))
    wanting = _wanting(_able(scope), add, remove)
    changed = contacts.filter(Exists(wanting.filter(_fits(add), contact=here))).count()
    wanted = contacts.filter(Exists(wanting.filter(contact=here))).count()
    relations = wanting.filter(_fits(add), contact__in=contacts.order_by().values("pk")).count()
    return DryCount(customers, changed, relations, customers - able.count(), wanted - changed)


def told_check(dry: DryCount, told: str) -> None:
    """Raise Conflict when not as many relations would change now as somebody was told before they confirmed."""
    if told and told != str(dry.relations):
        raise Conflict(
            _("%(now)d relations would change now, %(told)s when you looked. Confirm once more.")
            % {"now": dry.relations, "told": told[:9]}
        )


def tag_start(
    scope: Scope,
    contacts: QuerySet[ExternalContact],
    add: Sequence[str],
    remove: Sequence[str],
    *,
    actor: Any,
) -> JobRun:
    """Start tagging every relation in scope that would change; raises ValidationFailed when there is none."""
    tags_check(add, remove)
    count_of(contacts)
    relations = _wanting(_able(scope), add, remove).filter(
        _fits(add), contact__in=contacts.order_by().values("pk")
    )
    return tags_mark(_pairs(relations), add, remove, actor)


def _able(scope: Scope) -> QuerySet[FollowRelation]:
    """Return the living relations in scope whose member WeCom lets serve: of others it refuses the tag."""
    serving = Member.objects.filter(can_follow=True).exclude(gone())
    living = relations_visible_to(scope).filter(status=FollowRelation.Status.ACTIVE)
    return living.filter(member__in=serving.values("pk"))


def _wanting(
    relations: QuerySet[FollowRelation], add: Sequence[str], remove: Sequence[str]
) -> QuerySet[FollowRelation]:
    wants = Q(pk__in=[])
    if add:
        wants |= ~Q(tag_ids__contains=list(add))
    if remove:
        wants |= Q(tag_ids__overlap=list(remove))
    return relations.filter(wants)


def _fits(add: Sequence[str]) -> Q:
    return Q(tag_ids__len__lte=MOST_TAGS - len(add))


def _pairs(relations: QuerySet[FollowRelation]) -> Iterator[tuple[str, str]]:
    pairs = relations.order_by("pk").values_list("contact__external_userid", "member__userid")
    yield from pairs.iterator(chunk_size=2000)
