"""Writes cards to WeCom: every serving account whose card was made for other facts than today's.

What is to be done is read from the rows themselves, so a new account, a new binding, a new name, a campaign that
begins or ends and a run that was killed are all the same case.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from contacts.directory.models import Member
from contacts.directory.services import is_about_one, repeated
from contacts.org.selectors import stores_of
from contacts.parameters.services import tokens_for_places
from contacts.profiles.cards import (
    Card,
    CardRefused,
    Facts,
    card_for,
    card_read,
    differs,
    digest_of,
    needs_parameter,
    wecom_fields,
)
from contacts.profiles.models import MemberProfile, ProfileTemplate
from contacts.profiles.selectors import (
    PARAMETER_KIND,
    PUSH_KIND,
    State,
    Templates,
    facts_of,
    stale_members,
    templates_now,
)
from scrm.core.exceptions import Conflict
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun, JobState
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import (
    WeComError,
    WeComPermanent,
    WeComPermission,
)

TASK = "contacts.profiles_push"
BATCH = 100
# The clock does not repeat a run that failed as a whole every minute; a person may at once.
REST = timedelta(minutes=30)


def push_start(*, actor: Any) -> JobRun:
    """Start writing what is not up to date; raises Conflict where that is under way, which takes it along."""
    return jobs.start(
        kind=PUSH_KIND, task=TASK, actor=actor, title=gettext_noop("Write cards to WeCom")
    )


def sweep() -> JobRun | None:
    """Start the job when a card is not up to date; the clock's part. Rows of those who left are dropped."""
    MemberProfile.objects.filter(member__status=Member.Status.LEFT).delete()
    templates = templates_now()
    if not templates.ranked and not MemberProfile.objects.exists():
        return None
    if not stale_members(templates.mark).exists():
        return None
    return None if _failed_lately() else push_soon(actor=None)


def push_soon(*, actor: Any) -> JobRun | None:
    """Start writing, or None where that is under way: it takes along what is new, or the next sweep does."""
    try:
        return push_start(actor=actor)
    except Conflict:
        return None


def _failed_lately() -> bool:
    last = JobRun.objects.filter(kind=PUSH_KIND).order_by("-created_at").first()
    if last is None or last.state != JobState.FAILED or last.finished_at is None:
        return False
    return bool(last.finished_at > timezone.now() - REST)


def cards_push(job_id: UUID | str) -> None:
    """Write cards until none is stale; the body of the job. A second attempt goes on where the first stopped."""
    with jobs.running(job_id) as run:
        reader, writer = wecom(lane="sync"), wecom("contacts", lane="sync")
        after = int((run.cursor or {}).get("after", 0))
        if run.job.total is None:
            run.advance(total=stale_members(templates_now().mark).count())
        while True:
            run.check_cancelled()
            templates = templates_now()
            stale = stale_members(templates.mark).filter(pk__gt=after)
            batch = list(stale.select_related("employee", "external_profile")[:BATCH])
            if not batch:
                return
            _push_batch(batch, templates, _Pen(reader, writer, run))
            after = batch[-1].pk
            run.advance(cursor={"after": after})


class _Pen:
    """Reads and writes cards in WeCom, outside any transaction."""

    def __init__(self, reader: WeComClient, writer: WeComClient, run: jobs.Run) -> None:
        self._reader, self._writer, self.run = reader, writer, run

    def read(self, member: Member) -> Card | None:
        """Return the card as WeCom shows it, None where it does not let us look."""
        try:
            return card_read(self._reader.user.get(member.userid))
        except WeComPermission as failure:
            if not is_about_one(failure):
                raise
            return None

    def write(self, member: Member, card: Card) -> None:
        """Write a card; repeating is harmless."""
        fields = wecom_fields(card)
        repeated(lambda: self._writer.user.update(member.userid, **fields), self.run)


def _push_batch(batch: Sequence[Member], templates: Templates, pen: _Pen) -> None:
    layers = {member.pk: templates.all_of(member) for member in batch}
    chosen = {pk: next(iter(meant), None) for pk, meant in layers.items()}
    facts = _with_parameters(batch, chosen)
    for member in batch:
        profile = _profile_of(member)
        template = chosen[member.pk]
        if template is None and profile.written is None:
            profile.becomes(State.NONE)
            profile.template = None
            _settle(member, profile, templates.mark, pen, skipped=1)
            continue
        try:
            wrote = _push_one(member, profile, layers[member.pk], facts[member.pk], pen)
        except CardRefused as refusal:
            _refuse(profile, template, refusal.code, detail=refusal.line)
            _settle(member, profile, templates.mark, pen, failed=1)
        except (WeComPermanent, WeComPermission) as failure:
            if not is_about_one(failure):
                raise
            _refuse(profile, template, f"wecom-{failure.kind}", failure=failure)
            _settle(member, profile, templates.mark, pen, failed=1)
        else:
            _settle(
                member, profile, templates.mark, pen, succeeded=int(wrote), skipped=int(not wrote)
            )


def _profile_of(member: Member) -> MemberProfile:
    found: MemberProfile | None = getattr(member, "external_profile", None)
    return found or MemberProfile(member=member)


def _with_parameters(
    batch: Sequence[Member], chosen: dict[int, ProfileTemplate | None]
) -> dict[int, Facts]:
    """Return the facts of each account; each place of work has one parameter for each template."""
    facts = facts_of(batch)
    stores = stores_of(facts)
    wanting: dict[ProfileTemplate, list[int]] = {}
    for member_id, template in chosen.items():
        if template is not None and needs_parameter(template):
            wanting.setdefault(template, []).append(member_id)
    for template, ids in wanting.items():
        places = [(pk, stores[pk].pk if pk in stores else None) for pk in ids]
        tokens = tokens_for_places(
            places, kind=PARAMETER_KIND, payload={"surface": "profile", "template": template.pk}
        )
        for pk, token in zip(ids, tokens, strict=True):
            facts[pk] = replace(facts[pk], parameter=token)
    return facts


def _push_one(
    member: Member,
    profile: MemberProfile,
    layers: Sequence[ProfileTemplate],
    facts: Facts,
    pen: _Pen,
) -> bool:
    """Bring one card up to date and return whether WeCom was written to."""
    began, template = datetime.now(UTC), next(iter(layers), None)
    seen = _look_first(member, profile, pen) if profile.written is None else None
    card = card_for(layers, facts, profile)
    digest = digest_of(card)
    changed_there = profile.state in {State.DRIFTED, State.ACCEPTED}
    profile.template = template
    if digest == profile.written_digest and (template is not None or not changed_there):
        # The same card for other facts; what somebody changed in WeCom is for a person to decide.
        if not changed_there:
            profile.becomes(State.WRITTEN)
        wrote = False
    else:
        wrote = seen is None or differs(card, seen)
        if wrote:
            pen.write(member, card)
            profile.seen, profile.seen_at = None, None
        profile.written, profile.written_digest, profile.written_at = card, digest, began
        profile.becomes(State.WRITTEN)
    if template is None:
        _let_go(profile)
    return wrote


def _let_go(profile: MemberProfile) -> None:
    """It shows its own card again: from here on it is not ours."""
    profile.becomes(State.NONE)
    profile.written, profile.written_digest, profile.before = None, "", None


def _look_first(member: Member, profile: MemberProfile, pen: _Pen) -> Card | None:
    """Return what an account shows that we never wrote to; kept before the first writing, to be given back."""
    began = datetime.now(UTC)
    seen = pen.read(member)
    profile.is_readable = seen is not None
    if seen is not None:
        profile.seen, profile.seen_at = seen, began
    if profile.before is None:
        profile.before = seen
        profile.save()
    return seen


def _refuse(
    profile: MemberProfile,
    template: ProfileTemplate | None,
    code: str,
    *,
    detail: str = "",
    failure: WeComError | None = None,
) -> None:
    profile.becomes(State.REFUSED)
    profile.template, profile.code, profile.detail = template, code, detail
    profile.errcode = failure.errcode if failure is not None else None


@transaction.atomic
def _settle(
    member: Member,
    profile: MemberProfile,
    mark: str,
    pen: _Pen,
    *,
    succeeded: int = 0,
    skipped: int = 0,
    failed: int = 0,
) -> None:
    """Keep what became of a card and for which facts it was made, with the job's progress."""
    profile.for_templates, profile.for_name = mark, member.name
    profile.for_position, profile.for_path = member.position, member.org_path
    profile.for_store = member.home  # type: ignore[attr-defined]  # as `stale_members` found it
    profile.for_post = member.employee.post if member.employee is not None else ""
    profile.save()
    pen.run.advance(processed=1, succeeded=succeeded, skipped=skipped, failed=failed)
