"""Templates: written as drafts, published, withdrawn; every step is audited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.org.models import OrgUnit
from contacts.org.selectors import org_units_visible_to
from contacts.profiles.limits import MOST_ITEMS, lines_problems, text_problem
from contacts.profiles.models import ProfileTemplate
from contacts.profiles.selectors import touched_count
from scrm.core.approvals.services import drop
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.scope import Scope

Status = ProfileTemplate.Status
# What a template that touches many accounts waits for: contacts/profiles/approvals.py.
APPROVAL_KIND = "external_profile"
LOCK = "profiles.published"


@dataclass(frozen=True)
class TemplateDraft:
    """What somebody entered; items as `ProfileTemplate.items`, starts_at and ends_at both or neither."""

    name: str
    unit: OrgUnit | None = None
    posts: Sequence[str] = ()
    position_text: str = ""
    corp_name: str = ""
    channels_name: str = ""
    items: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def draft_from(template: ProfileTemplate) -> TemplateDraft:
    """Return a template as somebody entered it."""
    return TemplateDraft(
        name=template.name,
        unit=template.unit,
        posts=tuple(template.posts),
        position_text=template.position_text,
        corp_name=template.corp_name,
        channels_name=template.channels_name,
        items=tuple(template.items),
        starts_at=template.starts_at,
        ends_at=template.ends_at,
    )


def draft_apply(draft: TemplateDraft, template: ProfileTemplate) -> ProfileTemplate:
    """Let a template say what somebody entered, without saving it; returns it."""
    template.name, template.unit, template.posts = draft.name, draft.unit, list(draft.posts)
    template.position_text, template.corp_name = draft.position_text, draft.corp_name
    template.channels_name = draft.channels_name
    template.items = [dict(item) for item in draft.items]
    template.starts_at, template.ends_at = draft.starts_at, draft.ends_at
    return template


def draft_json(draft: TemplateDraft) -> dict[str, Any]:
    """Return a draft as the audit and an approval keep it."""
    return {
        "name": draft.name,
        "unit": draft.unit.code if draft.unit is not None else "",
        "posts": list(draft.posts),
        "position_text": draft.position_text,
        "corp_name": draft.corp_name,
        "channels_name": draft.channels_name,
        "items": [dict(item) for item in draft.items],
        "window": [each.isoformat() for each in (draft.starts_at, draft.ends_at) if each],
    }


def draft_read(values: Mapping[str, Any]) -> TemplateDraft:
    """Return the draft `draft_json` kept; raises Conflict where its unit is gone."""
    unit = OrgUnit.objects.filter(code=values["unit"]).first() if values["unit"] else None
    if values["unit"] and unit is None:
        raise Conflict(_("The unit %(code)s is gone.") % {"code": values["unit"]}, code="unit_gone")
    begins, ends = values["window"] or (None, None)
    return TemplateDraft(
        name=values["name"],
        unit=unit,
        posts=tuple(values["posts"]),
        position_text=values["position_text"],
        corp_name=values["corp_name"],
        channels_name=values["channels_name"],
        items=tuple(values["items"]),
        starts_at=datetime.fromisoformat(begins) if begins else None,
        ends_at=datetime.fromisoformat(ends) if ends else None,
    )


def key_of(template: ProfileTemplate) -> str:
    """Return what a template is called among the approvals and in the audit."""
    return f"external_profile:{template.pk}"


def second_person_for(template: ProfileTemplate, draft: TemplateDraft | None = None) -> int:
    """Return how many accounts publishing it, or changing a published one, touches if that needs two people; else 0."""
    if draft is not None and template.status != Status.PUBLISHED:
        return 0
    targets = [(template.unit, template.posts)]
    if draft is not None:
        targets.append((draft.unit, list(draft.posts)))
    touched = touched_count(*targets)
    return touched if touched > settings.PROFILE_ACCOUNTS_ALONE else 0


def _check_alone_may(accounts: int) -> None:
    if accounts:
        raise Conflict(
            _(
                "This touches %(accounts)d accounts; more than %(most)d need a second person. Say why, and somebody else decides."
            )
            % {"accounts": accounts, "most": settings.PROFILE_ACCOUNTS_ALONE},
            code="second_person",
            field="reason",
        )


def template_save(
    draft: TemplateDraft,
    *,
    scope: Scope,
    actor: Any,
    template: ProfileTemplate | None = None,
    is_approved: bool = False,
) -> ProfileTemplate:
    """Make or change a template; a published one reaches its accounts with the next sweep.

    template: as the person saw it. Raises ValidationFailed for what WeCom does not take or a unit out of scope,
    Conflict for a taken name, for one that changed since, and for a change of many accounts that nobody approved.
    """
    template_check(draft, scope)
    try:
        with transaction.atomic():
            if template is None:
                return _save(draft, actor, ProfileTemplate(created_by=actor))
            locked = template_as_seen(template)
            if not is_approved:
                _check_alone_may(second_person_for(locked, draft))
            return _save(draft, actor, locked)
    except IntegrityError:
        raise Conflict(
            _('There is a template named "%(name)s" already.') % {"name": draft.name},
            code="name_taken",
            field="name",
        ) from None


def _save(draft: TemplateDraft, actor: Any, template: ProfileTemplate) -> ProfileTemplate:
    before = None if template.pk is None else snapshot(template)
    if before is not None:
        template.revision += 1
        drop(kind=APPROVAL_KIND, key=key_of(template), actor=actor)
    draft_apply(draft, template)
    if template.status == Status.PUBLISHED:
        _check_only_one(template)
    template.save()
    _record(actor, "external_profile.save", template, before)
    return template


def _locked(template: ProfileTemplate) -> ProfileTemplate:
    return ProfileTemplate.objects.select_for_update(of=("self",)).get(pk=template.pk)


def template_as_seen(template: ProfileTemplate) -> ProfileTemplate:
    """Return a template locked, in a transaction; raises Conflict where it is not what the person saw any more."""
    locked = _locked(template)
    if locked.revision != template.revision:
        raise Conflict(
            _(
                "Somebody changed, published or withdrew this template since you opened it. Open it again; what you typed was not saved."
            ),
            code="changed_since",
        )
    return locked


def template_check(draft: TemplateDraft, scope: Scope) -> None:
    """Raise ValidationFailed for what WeCom does not take, or a unit out of scope."""
    if (draft.starts_at is None) != (draft.ends_at is None):
        raise ValidationFailed(
            _("A campaign has a beginning and an end; a lasting card has neither."), field="ends_at"
        )
    if draft.starts_at and draft.ends_at and draft.ends_at <= draft.starts_at:
        raise ValidationFailed(_("The end lies before the beginning."), field="ends_at")
    if not draft.items and not (draft.position_text or draft.corp_name or draft.channels_name):
        raise ValidationFailed(_("The card is empty. Write at least one line."))
    if len(draft.items) > MOST_ITEMS:
        raise ValidationFailed(_("A card has at most %(most)d lines.") % {"most": MOST_ITEMS})
    if words := text_problem(draft.position_text):
        raise ValidationFailed(words, field="position_text")
    for number, problems in lines_problems(draft.items).items():
        raise ValidationFailed(
            _("Line %(number)d: %(problem)s")
            % {"number": number + 1, "problem": next(iter(problems.values()))}
        )
    _check_unit(draft.unit, scope)


def _check_unit(unit: OrgUnit | None, scope: Scope) -> None:
    if scope.everything:
        return
    if unit is None or not org_units_visible_to(scope).filter(pk=unit.pk).exists():
        raise ValidationFailed(
            _("Choose a part of the organisation that is yours."), code="out_of_scope", field="unit"
        )


@transaction.atomic
def template_publish(
    *, template: ProfileTemplate, actor: Any, is_approved: bool = False
) -> ProfileTemplate:
    """Let a template reach its accounts.

    template: as the person saw it. Raises Conflict where it changed since, where another one says what the same
    accounts show, and for many accounts that nobody approved.
    """
    template = template_as_seen(template)
    publish_check(template)
    if not is_approved:
        _check_alone_may(second_person_for(template))
    before = snapshot(template)
    template.status, template.published_by = Status.PUBLISHED, actor
    template.published_at, template.revision = timezone.now(), template.revision + 1
    template.save()
    _record(actor, "external_profile.publish", template, before)
    return template


def publish_check(template: ProfileTemplate) -> None:
    """Raise Conflict where a template cannot be published: it is, it is over, or another one stands in its way."""
    if template.status == Status.PUBLISHED:
        raise Conflict(_("This template is published already."), code="already_published")
    if template.ends_at is not None and template.ends_at <= timezone.now():
        raise Conflict(_("This campaign has ended. Give it a new end first."), code="over")
    _check_only_one(template)


def _check_only_one(template: ProfileTemplate) -> None:
    """Refuse two templates between which only chance would choose; no other one is published meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [LOCK])
    others = ProfileTemplate.objects.filter(status=Status.PUBLISHED, unit=template.unit)
    others = others.exclude(pk=template.pk)
    if template.starts_at is None:
        others = others.filter(ends_at=None)
    else:
        begin = max(template.starts_at, timezone.now())
        others = others.filter(starts_at__lt=template.ends_at, ends_at__gt=begin)
    mine = {post.casefold() for post in template.posts}
    for other in others:
        theirs = {post.casefold() for post in other.posts}
        if mine & theirs or mine == theirs:
            raise Conflict(
                _('"%(other)s" is meant for the same accounts at the same time. Withdraw it first.')
                % {"other": other.name},
                code="same_accounts",
            )


@transaction.atomic
def template_retire(*, template: ProfileTemplate, actor: Any) -> None:
    """Withdraw a template: its accounts get the next one that reaches them, else what they showed before us.

    One person does it alone, however many accounts it touches: it stops what went wrong.
    """
    template = _locked(template)
    if template.status == Status.RETIRED:
        raise Conflict(_("This template is withdrawn already."), code="already_retired")
    before = snapshot(template)
    drop(kind=APPROVAL_KIND, key=key_of(template), actor=actor)
    ProfileTemplate.objects.filter(pk=template.pk).update(
        status=Status.RETIRED, revision=F("revision") + 1, updated_at=timezone.now()
    )
    template.refresh_from_db()
    _record(actor, "external_profile.retire", template, before)


def snapshot(template: ProfileTemplate) -> dict[str, Any]:
    """Return a template as the audit keeps it."""
    return {"status": str(template.status), **draft_json(draft_from(template))}


def _record(
    actor: Any, action: str, template: ProfileTemplate, before: dict[str, Any] | None
) -> None:
    record(
        actor=actor,
        action=action,
        target=key_of(template),
        before=before,
        after=snapshot(template),
    )
