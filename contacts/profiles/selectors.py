"""Which template an account gets, and reads of templates and cards."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import BigIntegerField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from contacts.directory.models import Member
from contacts.directory.selectors import members_visible_to, path_filter
from contacts.org.models import OrgUnit
from contacts.org.selectors import home_bindings, org_units_visible_to, stores_of
from contacts.profiles.cards import Facts
from contacts.profiles.models import MemberProfile, ProfileTemplate
from scrm.core.jobs.models import ACTIVE_STATES, JobRun
from scrm.core.scope import Scope

Status = ProfileTemplate.Status
State = MemberProfile.State
PUSH_KIND = "profiles.push"
CHECK_KIND = "profiles.check"
PARAMETER_KIND = "profile"
# Nobody gets a card before she may work, or after.
SERVING = (Member.Status.ACTIVE, Member.Status.NOT_ACTIVATED)
BRANCHES = (OrgUnit.Kind.BRANCH, OrgUnit.Kind.DEALER)


def templates_visible_to(scope: Scope) -> QuerySet[ProfileTemplate]:
    """Return the templates whose cards a scope may see: the company's, those above its units and inside them."""
    templates = ProfileTemplate.objects.select_related("unit")
    if scope.everything:
        return templates
    if scope.own_only:
        return templates.none()
    above = [int(part) for path in scope.org_paths for part in path.strip("/").split("/") if part]
    return templates.filter(
        Q(unit=None) | Q(unit_id__in=above) | path_filter("unit__path", scope.org_paths)
    )


def templates_editable_by(scope: Scope) -> QuerySet[ProfileTemplate]:
    """Return the templates a scope may change: those that reach only accounts inside it."""
    templates = templates_visible_to(scope)
    if scope.everything:
        return templates
    return templates.filter(unit__in=org_units_visible_to(scope))


def profiles_visible_to(scope: Scope) -> QuerySet[MemberProfile]:
    """Return the cards of the members a scope may see."""
    members = members_visible_to(scope).exclude(status=Member.Status.LEFT)
    return MemberProfile.objects.filter(member__in=members).select_related("member", "template")


def state_counts(scope: Scope) -> dict[str, int]:
    """Return how many cards stand in which state, in one query."""
    rows = profiles_visible_to(scope).order_by().values_list("state").annotate(count=Count("pk"))
    return dict.fromkeys(State.values, 0) | dict(rows)


def active_job() -> JobRun | None:
    """Return the job that writes or reads cards now."""
    jobs = JobRun.objects.filter(kind__in=[PUSH_KIND, CHECK_KIND], state__in=ACTIVE_STATES)
    return jobs.order_by("created_at").first()


def templates_in_force(now: datetime) -> list[ProfileTemplate]:
    """Return the published templates whose time is now."""
    in_time = Q(ends_at=None) | Q(starts_at__lte=now, ends_at__gt=now)
    return list(
        ProfileTemplate.objects.filter(in_time, status=Status.PUBLISHED).select_related("unit")
    )


@dataclass(frozen=True)
class Templates:
    """The templates in force at one moment; `mark` changes with them and with the names cards may show."""

    ranked: tuple[ProfileTemplate, ...]
    mark: str

    def of(self, member: Member) -> ProfileTemplate | None:
        """Return a member's template: campaign, then the nearest unit, then by post, then the newest."""
        return next(iter(self.all_of(member)), None)

    def all_of(self, member: Member) -> tuple[ProfileTemplate, ...]:
        """Return the templates meant for a member, the one that goes first at the front."""
        posts = posts_of(member)
        return tuple(each for each in self.ranked if reaches(each, member.org_path, posts))

    def under(self, template: ProfileTemplate, member: Member) -> tuple[ProfileTemplate, ...]:
        """Return a template, in force or not, and those that go after it for a member, as if it were published."""
        here = _rank(template)
        rest = (each for each in self.all_of(member) if each.pk != template.pk)
        return (template, *(each for each in rest if _rank(each) < here))


def templates_now() -> Templates:
    """Return the templates in force now, the one that goes first at the front."""
    found = sorted(templates_in_force(timezone.now()), key=_rank, reverse=True)
    marked = hashlib.sha256(repr([(each.pk, each.revision) for each in found]).encode())
    if found:
        units = OrgUnit.objects.order_by("pk").values_list("pk", "name", "code", "kind")
        marked.update(repr(list(units)).encode())
    return Templates(tuple(found), marked.hexdigest())


def _rank(template: ProfileTemplate) -> tuple[bool, int, bool, datetime, int]:
    depth = template.unit.path.count("/") if template.unit is not None else 0
    published = template.status == Status.PUBLISHED and template.published_at
    # One that is not published yet will be the newest.
    since = published or timezone.now()
    return (template.is_campaign, depth, bool(template.posts), since, template.pk or 0)


def reaches(template: ProfileTemplate, org_path: str, posts: frozenset[str]) -> bool:
    """Return whether a template is meant for somebody at this place with these posts."""
    if template.unit is not None and not org_path.startswith(template.unit.path):
        return False
    return not template.posts or any(post.casefold() in posts for post in template.posts)


def posts_of(member: Member) -> frozenset[str]:
    """Return the posts a member has in WeCom and in the OA, without case."""
    oa = member.employee.post if member.employee is not None else ""
    return frozenset(post.casefold() for post in (member.position, oa) if post)


def meant_for(unit: OrgUnit | None, posts: Iterable[str]) -> Q:
    """Return the condition on members of a template for this part of the organisation and these posts."""
    place = Q(org_path__startswith=unit.path) if unit is not None else Q()
    by_post = Q()
    for post in posts:
        by_post |= Q(position__iexact=post) | Q(employee__post__iexact=post)
    return place & by_post


def reach_of(template: ProfileTemplate) -> QuerySet[Member]:
    """Return the serving members a template is meant for, whatever goes before it."""
    members = Member.objects.filter(meant_for(template.unit, template.posts), status__in=SERVING)
    return members.select_related("employee").order_by("pk")


def waiting_count(scope: Scope, template: ProfileTemplate | None = None) -> int:
    """Count the accounts in scope that are still to be written: all, or those a template is meant for."""
    templates = templates_now()
    if template is None:
        if not templates.ranked and not MemberProfile.objects.exists():
            return 0
    elif template not in templates.ranked:
        return 0
    stale = stale_members(templates.mark).filter(pk__in=members_visible_to(scope).values("pk"))
    if template is not None:
        stale = stale.filter(meant_for(template.unit, template.posts))
    return stale.count()


def touched_count(*targets: tuple[OrgUnit | None, Iterable[str]]) -> int:
    """Count the serving members whose card may change with templates for these units and posts."""
    anybody = reduce(or_, (meant_for(unit, posts) for unit, posts in targets))
    if any(unit is None and not posts for unit, posts in targets):
        anybody = Q()
    return Member.objects.filter(anybody, status__in=SERVING).count()


def templates_with_counts(scope: Scope) -> QuerySet[ProfileTemplate]:
    """Return the templates with how many accounts in scope show each (`cards`), were refused it, or changed it."""
    seen = Q() if scope.everything else Q(profiles__in=profiles_visible_to(scope))

    def counted(*states: str) -> Count:
        return Count("profiles", filter=seen & Q(profiles__state__in=states))

    return templates_visible_to(scope).annotate(
        cards=counted(State.WRITTEN),
        refused=counted(State.REFUSED),
        changed=counted(State.DRIFTED, State.ACCEPTED),
    )


def stale_members(mark: str) -> QuerySet[Member]:
    """Return the serving members whose card was made for other facts than today's, each with its `home` store."""
    home = home_bindings().filter(member=OuterRef("pk")).values("store_id")[:1]
    fresh = MemberProfile.objects.filter(
        member=OuterRef("pk"),
        for_templates=mark,
        for_name=OuterRef("name"),
        for_position=OuterRef("position"),
        for_post=Coalesce(OuterRef("employee__post"), Value("")),
        for_path=OuterRef("org_path"),
        for_store=OuterRef("home"),
    )
    members = Member.objects.annotate(
        home=Coalesce(Subquery(home, output_field=BigIntegerField()), Value(0))
    )
    return members.filter(~Exists(fresh), status__in=SERVING).order_by("pk")


def facts_of(members: Sequence[Member]) -> dict[int, Facts]:
    """Return what the variables stand for by member id, without parameters; two queries."""
    stores = stores_of(member.pk for member in members)
    branches = _branches(member.org_path for member in members)
    return {
        member.pk: Facts(
            guide=member.name,
            position=member.position or (member.employee.post if member.employee else ""),
            job_number=member.employee.job_number if member.employee else "",
            store=stores[member.pk].name if member.pk in stores else "",
            store_code=stores[member.pk].code if member.pk in stores else "",
            branch=_nearest_name(member.org_path, branches),
        )
        for member in members
    }


def _ids(path: str) -> list[int]:
    return [int(part) for part in path.strip("/").split("/") if part]


def _branches(paths: Iterable[str]) -> dict[int, str]:
    ids = {unit_id for path in paths for unit_id in _ids(path)}
    units = OrgUnit.objects.filter(pk__in=ids, kind__in=BRANCHES)
    return dict(units.values_list("pk", "name"))


def _nearest_name(path: str, names: dict[int, str]) -> str:
    return next((names[unit_id] for unit_id in reversed(_ids(path)) if unit_id in names), "")
