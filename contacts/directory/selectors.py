"""Reads of the address book; every list starts from what the scope may see."""

import hashlib
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from contacts.directory.grams import search_grams
from contacts.directory.models import Department, Employee, Member
from scrm.core.scope import Scope

CLOSED_STATES = frozenset({Member.Status.DISABLED.value, Member.Status.LEFT.value})


def gone() -> Q:
    """Return the condition "this member is with the company no more": deleted in WeCom, or left as the OA dates it.

    What the OA says holds from its day on, whatever WeCom answers when we disable the account.
    """
    today = timezone.localdate()
    said = Q(employee__state=Employee.State.LEFT) | Q(employee__leaves_on__lte=today)
    return Q(status=Member.Status.LEFT) | said


def closed() -> Q:
    """Return the condition "this member may not work here": gone, or disabled for a while."""
    return Q(status__in=CLOSED_STATES) | gone()


def is_closed(member: Member) -> bool:
    """Return whether a member may not work here."""
    return Member.objects.filter(closed(), pk=member.pk).exists()


def path_filter(field: str, org_paths: Iterable[str]) -> Q:
    """Return the condition "lies under one of these organisation paths"; none matches nothing."""
    condition = Q(pk__in=[])
    for path in org_paths:
        condition |= Q(**{f"{field}__startswith": path})
    return condition


def members_visible_to(scope: Scope) -> QuerySet[Member]:
    """Return the members a scope may see: all, those of its branches and stores, or oneself."""
    if scope.everything:
        return Member.objects.all()
    if scope.own_only:
        return Member.objects.filter(userid=scope.userid) if scope.userid else Member.objects.none()
    return Member.objects.filter(path_filter("org_path", scope.org_paths))


def restrictions_among(scope: Scope, member_ids: Iterable[int]) -> dict[int, int | None]:
    """Return whom of these we keep from customers, with the incident if the scope may open it; two queries.

    Incidents lie above the address book: settings.MEMBER_RESTRICTIONS names who knows.
    """
    found: dict[int, int | None] = import_string(settings.MEMBER_RESTRICTIONS)(scope, member_ids)
    return found


def restrictions_put(scope: Scope, members: Sequence[Member]) -> None:
    """Put on the members of a page whether we keep them from customers."""
    held = restrictions_among(scope, [member.pk for member in members])
    for member in members:
        member.is_restricted = member.pk in held


def departments_put(rows: Sequence[Member]) -> None:
    """Put on the members of a page the names of their departments; one query."""
    wanted = {department_id for member in rows for department_id in member.department_ids}
    named = Department.objects.filter(department_id__in=wanted).values_list("department_id", "name")
    names = dict(named)
    for member in rows:
        shown = [names.get(each) or str(each) for each in member.department_ids]
        member.department_names = _(", ").join(shown)  # type: ignore[attr-defined]


def departments_visible_to(scope: Scope) -> QuerySet[Department]:
    """Return the living departments a scope may see."""
    departments = Department.objects.filter(deleted_at=None)
    if scope.everything:
        return departments
    if scope.own_only:
        return departments.none()
    return departments.filter(path_filter("org_path", scope.org_paths))


def member_by_userid(userid: str) -> Member | None:
    """Return the member with this userid; WeCom ignores case, so do we."""
    return Member.objects.filter(Q(userid=userid)).first() or (
        Member.objects.alias(folded=Lower("userid")).filter(folded=userid.lower()).first()
    )


def members_by_userids(userids: Iterable[str]) -> dict[str, Member]:
    """Return members by lower-cased userid, in one query."""
    folded = {userid.lower() for userid in userids}
    found = Member.objects.alias(folded=Lower("userid")).filter(folded__in=folded)
    return {member.userid.lower(): member for member in found}


def members_called(
    members: QuerySet[Member], names: Iterable[str]
) -> tuple[dict[str, Member], frozenset[str]]:
    """Return members by lower-cased userid and job number, in one query, and the names that mean two of them."""
    folded = {name.lower() for name in names}
    keyed = members.alias(key=Lower("userid"), job=Lower("employee__job_number"))
    named = keyed.filter(Q(key__in=folded) | Q(job__in=folded)).select_related("employee")
    found: dict[str, Member] = {}
    twice: set[str] = set()
    for member in named.order_by("pk"):
        job_number = member.employee.job_number if member.employee is not None else ""
        for name in {member.userid.lower(), job_number.lower()} - {""}:
            other = found.setdefault(name, member)
            if other.pk != member.pk and name in folded:
                twice.add(name)
    return {name: found[name] for name in found.keys() - twice}, frozenset(twice)


def members_search(members: QuerySet[Member], text: str) -> QuerySet[Member]:
    """Narrow members to a name part, a userid or a job number."""
    text = text.strip()
    if not text:
        return members
    by_key = Q(userid__iexact=text) | Q(employee__job_number__iexact=text)
    return members.filter(by_key | Q(name_grams__contains=search_grams(text)))


def members_ready() -> QuerySet[Member]:
    """Return the members a live code may name: active, customer contact on."""
    return Member.objects.filter(status=Member.Status.ACTIVE, can_follow=True)


def mirror_mark() -> str:
    """Return a hash of the mirror as a plan depends on it; it changes when the mirror moves on."""
    with connection.cursor() as cursor:
        cursor.execute(MIRROR_MARK_SQL)
        (mark,) = cursor.fetchone()
    return hashlib.sha256(str(mark).encode()).hexdigest()


# One pass over both tables: 20,000 members take about 60 ms.
MIRROR_MARK_SQL = """
select coalesce((
  select string_agg(md5(concat_ws('|', lower(m.userid), m.name, m.status = 5, m.status = 2,
           m.department_ids::text, coalesce(m.employee_id::text, ''), w.enabled, encode(w.phone_index, 'hex'), w.gender, w.position,
           w.leader_userid)), '' order by m.userid)
    from contacts_member m left join contacts_memberwritten w on w.member_id = m.id), '')
 || '#' || coalesce((
  select string_agg(concat_ws('|', d.department_id, d.name, d.parent_department_id, d.oa_code),
           ';' order by d.department_id)
    from contacts_department d where d.deleted_at is null), '')
"""
