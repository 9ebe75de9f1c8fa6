"""What a person decides about a card: write it again, or let a change in WeCom be."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.profiles.cards import digest_of
from contacts.profiles.models import MemberProfile
from contacts.profiles.selectors import State, profiles_visible_to
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.scope import Scope, scope_of

# A change somebody accepted is brought back one by one, never with all the others.
IN_BULK = (State.REFUSED, State.DRIFTED)


def may_repeat(profile: MemberProfile, scope: Scope) -> bool:
    """Return whether somebody may have this card written again; what headquarters let be only it takes back."""
    if profile.state != State.ACCEPTED:
        return profile.state in IN_BULK
    return scope.everything or not (profile.accepted or {}).get("company", True)


@transaction.atomic
def again(*, scope: Scope, actor: Any, members: Sequence[int] | None = None) -> int:
    """Have cards written again: all in scope that were refused or changed, or those of some members.

    Returns how many.
    """
    profiles = profiles_visible_to(scope)
    if members is None:
        userids = dict(profiles.filter(state__in=IN_BULK).values_list("pk", "member__userid"))
    else:
        chosen = profiles.select_for_update(of=("self",)).filter(member_id__in=members)
        userids = {each.pk: each.member.userid for each in chosen if may_repeat(each, scope)}
    if not userids:
        return 0
    MemberProfile.objects.filter(pk__in=userids).update(for_templates="", written_digest="")
    one = next(iter(userids.values())) if members is not None and len(userids) == 1 else ""
    record(
        actor=actor,
        action="external_profile.again",
        target=f"member:{one}" if one else "external_profile:*",
        after={"cards": len(userids)},
    )
    return len(userids)


@transaction.atomic
def accept(profile: MemberProfile, *, seen: str, actor: Any, reason: str) -> None:
    """Let a card be as somebody changed it in WeCom, until the account gets another card.

    seen: `digest_of` the card the person looked at. Raises ValidationFailed without a reason, Conflict where
    the card is not changed any more, or changed again since.
    """
    if not reason.strip():
        raise ValidationFailed(_("Say why it may stay as it is; the audit keeps it."))
    fresh = (
        MemberProfile.objects.select_for_update(of=("self",))
        .select_related("member")
        .get(pk=profile.pk)
    )
    if fresh.state != State.DRIFTED or fresh.seen is None:
        raise Conflict(_("There is no change to accept on this card."), code="not_changed")
    if digest_of(fresh.seen) != seen:
        raise Conflict(_("It was changed once more since. Look again."), code="changed_again")
    fresh.becomes(State.ACCEPTED)
    company = scope_of(actor).everything
    fresh.accepted = {"card": fresh.seen, "reason": reason.strip(), "company": company}
    fresh.accepted_by, fresh.accepted_at = actor, timezone.now()
    fresh.save()
    record(
        actor=actor,
        action="external_profile.accept",
        target=f"member:{fresh.member.userid}",
        before={"card": fresh.written},
        after={"card": fresh.seen},
        reason=reason.strip(),
    )
