"""Reads of live codes; every list starts from what the scope may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from attribution.live_codes.models import LiveCode, LiveCodeMember
from contacts.directory.models import Member
from contacts.directory.selectors import members_search, members_visible_to
from risk.anomalies.selectors import restricted_members
from risk.capacity.selectors import full_members
from scrm.core.scope import Scope

# WeCom takes at most 100 members behind one code (doc 92228).
MOST_MEMBERS = 100
# A member WeCom refused is offered again after this long: she may have confirmed her name meanwhile.
REFUSAL_HOLDS = timedelta(hours=1)
PICKER_ROWS = 30


def live_codes_visible_to(scope: Scope) -> QuerySet[LiveCode]:
    """Return the codes with at least one member the scope may see; all of them for the whole company."""
    if scope.everything:
        return LiveCode.objects.all()
    seen = LiveCodeMember.objects.filter(
        live_code=OuterRef("pk"), member__in=members_visible_to(scope)
    )
    return LiveCode.objects.filter(Exists(seen))


def live_codes_editable_by(scope: Scope) -> QuerySet[LiveCode]:
    """Return the codes whose every member lies within the scope: nobody changes a code that is others' too."""
    codes = live_codes_visible_to(scope)
    if scope.everything:
        return codes
    foreign = LiveCodeMember.objects.filter(live_code=OuterRef("pk")).exclude(
        member__in=members_visible_to(scope)
    )
    return codes.exclude(Exists(foreign))


def refusals_of() -> dict[int, str]:
    """Return what WeCom said of members it did not take, by member; for settings.MEMBER_REFUSALS, one query."""
    refused = LiveCodeMember.objects.exclude(refusal="").order_by("refused_at")
    return dict(refused.values_list("member_id", "refusal"))


def local_midnight() -> datetime:
    """Return the beginning of the business day."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def adds_by_code(code_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return (today, total) add episodes by code id, in one query.

    `episodes` is the reverse side of the key that attribution.adds points at us with.
    """
    counted = LiveCode.objects.filter(pk__in=list(code_ids)).annotate(
        total=Count("episodes"),
        today=Count("episodes", filter=Q(episodes__started_at__gte=local_midnight())),
    )
    return {
        row["pk"]: (row["today"], row["total"]) for row in counted.values("pk", "today", "total")
    }


def with_choices(codes: QuerySet[LiveCode]) -> QuerySet[LiveCode]:
    """Fetch each code's chosen members in order."""
    choices = LiveCodeMember.objects.select_related("member").order_by(
        "is_backup", "position", "id"
    )
    return codes.prefetch_related(Prefetch("choices", queryset=choices))


def choices_of(code: LiveCode) -> list[LiveCodeMember]:
    """Return the chosen members in order."""
    return list(code.choices.select_related("member").order_by("is_backup", "position", "id"))


def choices_visible_to(scope: Scope, code: LiveCode) -> tuple[list[LiveCodeMember], int]:
    """Return the chosen members the scope may see, and how many others there are."""
    choices = choices_of(code)
    seen = set(
        members_visible_to(scope)
        .filter(pk__in=[choice.member_id for choice in choices])
        .values_list("pk", flat=True)
    )
    visible = [choice for choice in choices if choice.member_id in seen]
    return visible, len(choices) - len(visible)


@dataclass(frozen=True)
class Blocked:
    """Members that must take no customer now, as risk says: full accounts and restricted ones."""

    full: frozenset[int]
    restricted: frozenset[int]

    def reason(self, member_id: int) -> str:
        """Return why a member is left out, in words; empty when risk has nothing against her."""
        if member_id in self.restricted:
            return _("The account is restricted after an incident.")
        return _("The account is full.") if member_id in self.full else ""


def blocked(member_ids: Iterable[int] | None = None) -> Blocked:
    """Return who is full or restricted, of all members or of these, in two queries."""
    ids = None if member_ids is None else list(member_ids)
    return Blocked(full_members(ids), restricted_members(ids))


def blocked_on(codes: Iterable[LiveCode]) -> Blocked:
    """Return who of the codes' members is full or restricted, in two queries for all codes."""
    return blocked({choice.member_id for code in codes for choice in code.choices.all()})


def receivable(
    choices: Iterable[LiveCodeMember], risk: Blocked | None = None
) -> list[LiveCodeMember]:
    """Return the choices WeCom should send customers to: ready, not refused lately, not blocked, at most 100.

    The backups only when nobody else is left. `risk` saves its queries where many codes are looked at.
    """
    chosen = list(choices)
    risk = risk or blocked(choice.member_id for choice in chosen)
    held = timezone.now() - REFUSAL_HOLDS
    ready = [
        choice
        for choice in chosen
        if choice.member.is_ready
        and not risk.reason(choice.member_id)
        and (choice.refused_at is None or choice.refused_at < held)
    ]
    first = [choice for choice in ready if not choice.is_backup]
    return (first or ready)[:MOST_MEMBERS]


def live_code_by_state(state: str) -> LiveCode | None:
    """Return the code a customer came through; None for another source."""
    return LiveCode.objects.filter(state=state).first() if state else None


def names_by_state(states: Iterable[str]) -> dict[str, str]:
    """Return the names of the codes behind these states, for the pages of lower layers."""
    return dict(LiveCode.objects.filter(state__in=list(states)).values_list("state", "name"))


def links_of_members(member_ids: Iterable[int]) -> dict[int, str]:
    """Return by member the link of a working code that reaches her, her own one first; for settings.INVITATION_LINKS."""
    choices = LiveCodeMember.objects.filter(
        member_id__in=list(member_ids),
        is_backup=False,
        refusal="",
        live_code__status=LiveCode.Status.ACTIVE,
    ).exclude(live_code__link="")
    shared = LiveCodeMember.objects.filter(live_code=OuterRef("live_code_id")).exclude(
        member_id=OuterRef("member_id")
    )
    rows = choices.annotate(is_shared=Exists(shared)).order_by("member_id", "is_shared", "-pk")
    return dict(rows.distinct("member_id").values_list("member_id", "live_code__link"))


def pickable(
    scope: Scope, text: str, chosen_ids: Iterable[int]
) -> tuple[list[Member], list[Member]]:
    """Return (chosen, found) members for the picker: found are at most 30 others that match the text, ready ones first."""
    visible = members_visible_to(scope)
    ids = list(chosen_ids)
    chosen = list(visible.filter(pk__in=ids).order_by("name", "id"))
    others = members_search(visible.exclude(pk__in=ids).exclude(status=Member.Status.LEFT), text)
    found = others.order_by("-can_follow", "status", "name", "id")[:PICKER_ROWS]
    return chosen, list(found)
