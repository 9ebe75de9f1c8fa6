"""Reads of the roster; every list starts from what the scope may see."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from contacts.directory.models import (
    ROOT_DEPARTMENT_ID,
    Department,
    Employee,
    Employment,
    Member,
)
from contacts.directory.selectors import members_called, path_filter
from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_visible_to
from contacts.roster.checks import Known
from contacts.roster.models import RosterExtension, RosterFile, RosterPerson
from contacts.roster.rules import same_name
from scrm.core.scope import Scope

State = RosterPerson.State
# An account WeCom would not disable is tried again after this long.
TRY_AGAIN = timedelta(minutes=30)


def people_visible_to(scope: Scope) -> QuerySet[RosterPerson]:
    """Return the people a scope may see: all, or those of its own stores."""
    people = RosterPerson.objects.select_related("store", "sponsor", "member")
    if scope.everything:
        return people
    if scope.own_only:
        return people.none()
    return people.filter(path_filter("store__path", scope.org_paths))


def files_visible_to(scope: Scope) -> QuerySet[RosterFile]:
    """Return the files a scope may see: those its own user uploaded; all for who sees everything."""
    files = RosterFile.objects.select_related("created_by")
    return files if scope.everything else files.filter(created_by_id=scope.user_id)


def extensions_waiting(scope: Scope) -> QuerySet[RosterExtension]:
    """Return the extensions headquarters has to decide on, longest waiting first."""
    waiting = RosterExtension.objects.filter(
        person__in=people_visible_to(scope).values("pk"), state=RosterExtension.State.WAITING
    )
    return waiting.select_related("person__store", "person__sponsor", "asked_by").order_by("asked_at", "pk")  # fmt: skip


def rostered_members() -> set[int]:
    """Return the members whose account the roster holds today; the OA's plan leaves these alone."""
    held = people_held().filter(expires_on__gte=timezone.localdate())
    return set(held.values_list("member_id", flat=True))


def people_held() -> QuerySet[RosterPerson]:
    """Return the people whose account the roster speaks for.

    Whoever the OA employs belongs to the OA, also while the roster still names them; who was approved here before the
    OA employed them leaves with the OA.
    """
    held = RosterPerson.objects.filter(state=State.ACTIVE, member__isnull=False)
    later = Employment.objects.filter(employee=OuterRef("member__employee"))
    later = later.filter(Q(ended_on=None) | Q(ended_on__gt=OuterRef("decided_at__date")))
    employed = Q(member__employee__state=Employee.State.ACTIVE)
    # Not exclude(): people whose account is no employee's stay.
    return held.filter(~Exists(later)).filter(~employed | Q(member__employee=None))


def ended_members() -> QuerySet[Member]:
    """Return the members whose time on the roster is over, and who are not on it again."""
    ends = (RosterPerson.Ending.EXPIRED, RosterPerson.Ending.BY_HAND)
    ended = Member.objects.filter(roster__state=State.ENDED, roster__ending__in=ends)
    again = RosterPerson.objects.filter(state__in=RosterPerson.LIVING, member__isnull=False)
    return ended.exclude(pk__in=again.values("member"))


def accounts_to_make() -> QuerySet[RosterPerson]:
    """Return the approved people whose account is still to be made, in order of approval."""
    return RosterPerson.objects.filter(state=State.MAKING).order_by("decided_at", "pk")


def accounts_to_end(today: date) -> QuerySet[RosterPerson]:
    """Return the people whose last day is over and whose account still works, but for what WeCom just refused."""
    over = RosterPerson.objects.filter(state=State.ACTIVE, expires_on__lt=today)
    refused = Q(tried_at__gt=timezone.now() - TRY_AGAIN)
    return over.exclude(refused).order_by("expires_on", "pk")


def expiring(today: date, days: int) -> QuerySet[RosterPerson]:
    """Return the people with an account whose last day is at most so many days away."""
    return RosterPerson.objects.filter(
        state=State.ACTIVE, expires_on__gte=today, expires_on__lte=today + timedelta(days=days)
    )


def department_of(store: OrgUnit) -> int:
    """Return the WeCom department of a store: its own, else that of the nearest unit above, else the root."""
    ids = [*store.ancestor_ids, store.pk]
    found = dict(
        Department.objects.filter(org_unit__in=ids, deleted_at=None).values_list(
            "org_unit__pk", "department_id"
        )
    )
    return next((found[pk] for pk in reversed(ids) if pk in found), ROOT_DEPARTMENT_ID)


def known_for(scope: Scope, sent: Iterable[dict[str, str]], phones: Iterable[bytes]) -> Known:
    """Load everything these cells name, in a constant number of queries; stores out of reach do not exist.

    `phones` are the blind indexes of the phones that can be read.
    """
    rows = list(sent)
    codes = {row.get("store_code", "").strip() for row in rows} - {""}
    accounts = {row.get("sponsor", "").strip().lower() for row in rows} - {""}
    wishes = {row.get("userid", "").strip().lower() for row in rows} - {""}
    sponsors, ambiguous = members_called(Member.objects.all(), accounts)
    return Known(
        stores=_stores(scope, codes),
        sponsors=sponsors,
        phones=_phones_taken(list(phones)),
        userids=frozenset(userids_taken(wishes)),
        today=timezone.localdate(),
        rostered=frozenset(rostered_members()),
        ambiguous=ambiguous,
    )


def _stores(scope: Scope, codes: set[str]) -> dict[str, OrgUnit]:
    named = stores_visible_to(scope).filter(Q(code__in=codes) | Q(crm_store_id__in=codes))
    found = list(named)
    by_code = {store.crm_store_id: store for store in found if store.crm_store_id}
    return by_code | {store.code: store for store in found}


def _phones_taken(phones: list[bytes]) -> dict[bytes, str]:
    employed = Employee.objects.filter(phone_index__in=phones, state=Employee.State.ACTIVE)
    living = RosterPerson.objects.filter(phone_index__in=phones, state__in=RosterPerson.LIVING)
    taken = {bytes(index): "phone_in_oa" for index in employed.values_list("phone_index", flat=True) if index}  # fmt: skip
    return taken | {bytes(index): "phone_known" for index in living.values_list("phone_index", flat=True) if index}  # fmt: skip


def userids_taken(wanted: Iterable[str]) -> set[str]:
    """Return which of these lower-cased userids are an account, a job number or promised to somebody."""
    folded = {each.lower() for each in wanted}
    members = Member.objects.alias(folded=Lower("userid")).filter(folded__in=folded)
    staff = Employee.objects.alias(folded=Lower("job_number")).filter(folded__in=folded)
    promised = RosterPerson.objects.alias(folded=Lower("userid")).filter(
        folded__in=folded, state__in=RosterPerson.LIVING
    )
    return {
        each.lower()
        for each in (
            *members.values_list("userid", flat=True),
            *staff.values_list("job_number", flat=True),
            *promised.values_list("userid", flat=True),
        )
    }


def userids_like(beginning: str) -> set[str]:
    """Return the userids, job numbers and promised accounts that begin so, lower-cased."""
    return {
        each.lower()
        for each in (
            *Member.objects.filter(userid__istartswith=beginning).values_list("userid", flat=True),
            *Employee.objects.filter(job_number__istartswith=beginning).values_list(
                "job_number", flat=True
            ),
            *RosterPerson.objects.filter(
                userid__istartswith=beginning, state__in=RosterPerson.LIVING
            ).values_list("userid", flat=True),
        )
    }


def accounts_known(phones: Iterable[bytes]) -> dict[bytes, Member]:
    """Return the account we know each phone by: an earlier time on the roster, else what we last wrote."""
    wanted = list(phones)
    living = Member.objects.exclude(status=Member.Status.LEFT).select_related("employee", "written")
    found = {
        bytes(each.written.phone_index or b""): each
        for each in living.filter(written__phone_index__in=wanted).order_by("-pk")
    }
    earlier = (
        RosterPerson.objects.filter(phone_index__in=wanted, state=State.ENDED, member__in=living)
        .select_related("member__employee", "member__written")
        .order_by("ended_at")
    )
    for person in earlier:
        if person.member is not None:
            found[bytes(person.phone_index or b"")] = person.member
    return found


def takeovers(people: Sequence[RosterPerson]) -> dict[UUID, Member]:
    """Return the account approval would take over for each of these people instead of making one."""
    indexes = {person.pk: bytes(person.phone_index or b"") for person in people}
    known, found = accounts_known(set(indexes.values()) - {b""}), {}
    for person in people:
        member = known.get(indexes[person.pk])
        if member is not None and not employed(member) and same_name(member.name, person.name):
            found[person.pk] = member
    return found


def employed(member: Member) -> bool:
    """Return whether the OA employs who has this account."""
    return member.employee is not None and member.employee.state == Employee.State.ACTIVE
