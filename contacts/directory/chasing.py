"""Who has to do something before she may serve customers, and what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Department, Member
from contacts.directory.selectors import members_visible_to
from scrm.core.scope import Scope

NOT_ACTIVATED, NO_CONTACT, REFUSED = "not_activated", "no_contact", "refused"
REASONS = [
    (NOT_ACTIVATED, _("not activated")),
    (NO_CONTACT, _("out of the customer-contact range")),
    (REFUSED, _("refused by WeCom, mostly for the real name")),
]


def refusals() -> dict[int, str]:
    """Return what WeCom said of members it did not take, by member.

    WeCom tells nobody who confirmed her real name; it shows when a member is used (40098). Live codes lie above
    the address book: settings.MEMBER_REFUSALS names who knows.
    """
    found: dict[int, str] = import_string(settings.MEMBER_REFUSALS)()
    return found


def members_to_chase(scope: Scope) -> QuerySet[Member]:
    """Return visible accounts that cannot serve yet, with `chase` (why) and `waits_since`.

    Customer contact is missed only of those who serve a store or stand in one's department.
    """
    store = Department.objects.filter(
        department_id=OuterRef("main_department_id"), oa_kind=Department.Kind.STORE
    )
    serves = ~Q(store_path="") | Q(Exists(store))
    why = Case(
        When(status=Member.Status.NOT_ACTIVATED, then=Value(NOT_ACTIVATED)),
        When(Q(status=Member.Status.ACTIVE, can_follow=False) & serves, then=Value(NO_CONTACT)),
        When(
            Q(status=Member.Status.ACTIVE, can_follow=True, pk__in=list(refusals())),
            then=Value(REFUSED),
        ),
        default=Value(""),
        output_field=CharField(),
    )
    since = Coalesce(F("written__switched_at"), F("created_at"), output_field=DateTimeField())
    return members_visible_to(scope).annotate(chase=why, waits_since=since).exclude(chase="")


def chase_counts(scope: Scope) -> dict[str, int]:
    """Return how many wait, by reason, in one query."""
    counted = dict.fromkeys((reason for reason, _words in REASONS), 0)
    for member in members_to_chase(scope).only("pk").iterator(chunk_size=5000):
        counted[member.chase] += 1  # type: ignore[attr-defined]
    return counted


def not_activated(scope: Scope) -> QuerySet[Member]:
    """Return those who never logged in, the longest waiting first."""
    waiting = members_to_chase(scope).filter(status=Member.Status.NOT_ACTIVATED)
    return waiting.order_by("written__switched_at", "created_at", "pk")


@dataclass(frozen=True)
class Chased:
    """What a row says: why, what to do, and for how many days it has waited."""

    reason: str
    words: str
    days: int


def chased(member: Member, refused: dict[int, str]) -> Chased:
    """Return what keeps a member of `members_to_chase`, in words a person can act on."""
    reason: str = member.chase  # type: ignore[attr-defined]
    words = refused.get(member.pk, "") if reason == REFUSED else member.waiting_reason
    since: datetime = member.waits_since  # type: ignore[attr-defined]
    return Chased(reason, words, (timezone.now() - since).days)


def chase_headers() -> list[tuple[str, str]]:
    """Return the columns of the download."""
    return [
        ("name", gettext("Full name")),
        ("userid", gettext("Account")),
        ("departments", gettext("Departments")),
        ("store", gettext("Store")),
        ("words", gettext("What has to be done")),
        ("days", gettext("Days waiting")),
    ]


def chase_rows(members: Iterable[Member], refused: dict[int, str]) -> Iterator[dict[str, object]]:
    """Yield the rows of the download."""
    for member in members:
        found = chased(member, refused)
        stores = [each.store.name for each in member.bindings.all() if each.state != "retired"]
        yield {
            "name": member.name,
            "userid": member.userid,
            "departments": member.department_names,  # type: ignore[attr-defined]
            "store": ", ".join(stores),
            "words": found.words,
            "days": found.days,
        }
