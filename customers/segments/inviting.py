"""Guides invite members of their store who are nobody's friend yet: a few at a time, by the task list."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contacts.directory.models import Member
from contacts.directory.selectors import path_filter
from contacts.feed import services as feed
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import stores_visible_to
from contacts.parameters.services import tokens_for_places
from customers.crm.models import CrmMember
from customers.segments.models import Invitation
from customers.segments.penetration import befriended, strangers_visible_to
from scrm.core.audit import services as audit
from scrm.core.audit.selectors import acts_since
from scrm.core.exceptions import RateLimited, ValidationFailed
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from scrm.core.jobs.services import running
from scrm.core.scope import SYSTEM_SCOPE, Scope

EACH = 5
FEED_KIND = "members.invite"
ENROLMENT = "enrolment"
# Phones of members that one guide reveals in a day: those she was given for several days.
REVEALS_A_DAY = 20


# --- links ------------------------------------------------------------------------------------------------------


def invitation_links(member_ids: Iterable[int]) -> Mapping[int, str]:
    """Return by guide the link by which a customer adds her; whoever makes live codes knows it."""
    wanted = list(dict.fromkeys(member_ids))
    return cast("Mapping[int, str]", import_string(settings.INVITATION_LINKS)(wanted))


def enrolment_links(guides: Sequence[tuple[Member, OrgUnit | None]]) -> list[str]:
    """Return for each (guide, store) the address where a friend becomes a member, with her signed parameter.

    Empty texts while the retailer has not said where (SCRM_ENROLMENT_URL with `{parameter}`).
    """
    template = settings.ENROLMENT_URL
    if not template:
        return [""] * len(guides)
    places = [(guide.pk, None if store is None else store.pk) for guide, store in guides]
    tokens = tokens_for_places(places, kind=ENROLMENT, payload={})
    return [template.replace("{parameter}", quote(token)) for token in tokens]


# --- tasks ---------------------------------------------------------------------------------------------------------


def giving_start(scope: Scope, unit: OrgUnit, *, actor: Any) -> JobRun:
    """Start giving every serving guide below a unit up to 5 members to invite; raises Conflict, ValidationFailed."""
    stores = stores_visible_to(scope).filter(path_filter("path", [unit.path]))
    open_ = stores.filter(status=OrgUnit.Status.OPEN).order_by("pk")
    ids = list(open_.values_list("pk", flat=True))
    if not ids:
        raise ValidationFailed(_("There is no open store here."), code="no_store")
    with transaction.atomic():
        job = jobs.start(
            kind="segments.invite",
            key=str(unit.pk),
            task="customers.invitations_give",
            actor=actor,
            params={"stores": ids},
            total=len(ids),
            title=gettext_noop("Give guides members to invite"),
        )
        audit.record(
            actor=actor,
            action="invitation.give",
            target=f"store:{unit.pk}",
            after={"place": unit.name, "stores": len(ids), "job": str(job.pk)},
        )
    return job


def run_giving(job_id: UUID | str) -> None:
    """Give out the members of store after store; resumable."""
    with running(job_id) as run:
        invitations_close()
        for store_id in run.params["stores"]:
            if store_id <= (run.cursor or {}).get("store", 0):
                continue
            run.check_cancelled()
            with transaction.atomic():
                given = store_give(OrgUnit.objects.get(pk=store_id))
                run.advance(
                    processed=1,
                    succeeded=int(given > 0),
                    skipped=int(given == 0),
                    cursor={"store": store_id},
                )


def store_give(store: OrgUnit) -> int:
    """Give each serving guide of a store members until she has 5 to invite; return how many were given."""
    guides = [
        binding.member
        for binding in _serving()
        .filter(store=store)
        .select_related("member")
        .order_by("position", "pk")
    ]
    waiting = Invitation.objects.filter(crm_member=OuterRef("pk"), joined_at=None)
    free = strangers_visible_to(SYSTEM_SCOPE).filter(~Exists(waiting), store_code=store.code)
    wanted = {guide.pk: EACH - _open(guide) for guide in guides}
    members = list(
        free.order_by("-joined_on", "pk")[: sum(max(each, 0) for each in wanted.values())]
    )
    made: list[Invitation] = []
    for guide in guides:
        room = max(wanted[guide.pk], 0)
        mine, members = members[:room], members[room:]
        made += [Invitation(crm_member=member, guide=guide, store=store) for member in mine]
    Invitation.objects.bulk_create(made, ignore_conflicts=True)
    for guide in guides:
        _tell(guide)
    return len(made)


def _open(guide: Member) -> int:
    return Invitation.objects.filter(guide=guide, joined_at=None, asked_at=None).count()


def _tell(guide: Member) -> None:
    key = f"{FEED_KIND}:{guide.pk}:{timezone.localdate()}"
    if count := _open(guide):
        feed.put(
            member_id=guide.pk,
            kind=FEED_KIND,
            key=key,
            data={"count": count},
            url=reverse("h5:invitations"),
        )


def invitations_close() -> int:
    """End the invitations of members who became anybody's friend; return how many.

    Those nobody can carry out any more go, so that the member may be given to somebody else: the membership is over
    or does not count, or the guide does not serve the store any more.
    """
    waiting = Invitation.objects.filter(joined_at=None)
    strangers = strangers_visible_to(SYSTEM_SCOPE).filter(pk=OuterRef("crm_member_id"))
    serving = _serving().filter(member=OuterRef("guide_id"), store=OuterRef("store_id"))
    with transaction.atomic():
        joined = waiting.filter(Exists(befriended().filter(record_id=OuterRef("crm_member_id"))))
        guides = set(joined.values_list("guide_id", flat=True))
        closed = joined.update(joined_at=timezone.now())
        idle = waiting.filter(~Exists(strangers) | ~Exists(serving))
        guides |= set(idle.values_list("guide_id", flat=True))
        idle.delete()
        _finished(guides)
    return closed


def _serving() -> QuerySet[StoreBinding]:
    """Return which accounts serve which stores now."""
    return StoreBinding.objects.filter(
        state=StoreBinding.State.ACTIVE,
        member__status=Member.Status.ACTIVE,
        member__can_follow=True,
    )


def _finished(guide_ids: Iterable[int]) -> None:
    for guide_id in guide_ids:
        left = Invitation.objects.filter(guide_id=guide_id, joined_at=None, asked_at=None)
        if not left.exists():
            feed.kind_done(member_id=guide_id, kind=FEED_KIND)


@transaction.atomic
def invitation_asked(invitation: Invitation) -> None:
    """Note that a guide invited the member; the task is done with the last one."""
    Invitation.objects.filter(pk=invitation.pk, asked_at=None).update(asked_at=timezone.now())
    _finished([invitation.guide_id])


@transaction.atomic
def invitation_reveal(invitation: Invitation, *, actor: Any, reason: str) -> str:
    """Return the member's phone for the guide who is to invite, and write down who saw it and why.

    Raises ValidationFailed without a reason, RateLimited beyond what a day needs.
    """
    if not reason.strip():
        raise ValidationFailed(_("Say why you need the phone number."), code="reason_missing")
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    if acts_since(actor, "invitation.reveal", midnight) >= REVEALS_A_DAY:
        raise RateLimited(
            _("You have revealed %(count)d phone numbers today, the most for one day. HQ can help.")
            % {"count": REVEALS_A_DAY},
            code="reveal_quota",
        )
    member: CrmMember = invitation.crm_member
    audit.record(
        actor=actor,
        action="invitation.reveal",
        target=f"crm_member:{member.pk}",
        after={"fields": ["phone"], "count": 1},
        reason=reason.strip(),
    )
    return member.phone
