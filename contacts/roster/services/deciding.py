"""Headquarters decides: approve, refuse, try again, extend; never the one who sent it in."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.org.models import OrgUnit
from contacts.roster.models import RosterExtension, RosterPerson
from contacts.roster.rules import userid_by_rule, userid_valid
from contacts.roster.selectors import takeovers, userids_like, userids_taken
from contacts.roster.services.accounts import accounts_start
from contacts.roster.services.sending import person_locked
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed

State = RosterPerson.State


@transaction.atomic
def people_approve(
    *, people: Sequence[RosterPerson], actor: Any, takes_over: Collection[str] = ()
) -> int:
    """Approve people and start making their accounts; all of them or, where one cannot be, none.

    takes_over: the accounts the actor was told become theirs. Returns how many. Raises PermissionDenied for what
    one sent in oneself, Conflict where one was decided, has run out, lost its store meanwhile, or has an account
    the actor was not told of.
    """
    chosen = sorted(people, key=lambda each: each.pk)
    for person in chosen:
        _approve(person_locked(person, State.WAITING), actor, takes_over)
    if chosen:
        accounts_start(actor=actor)
    return len(chosen)


def _approve(person: RosterPerson, actor: Any, told: Collection[str]) -> None:
    _check_other(person.created_by_id, actor)
    if person.expires_on < timezone.localdate():
        raise Conflict(
            _("The last day of %(name)s is over. Refuse it; the sender gives a later one.")
            % {"name": person.name},
            code="day_past",
        )
    if person.store.status != OrgUnit.Status.OPEN:
        raise Conflict(
            _("%(store)s is closed. Refuse %(name)s, or open the store first.")
            % {"store": person.store.name, "name": person.name},
            code="store_closed",
        )
    person.takes_over = _account_taken(person, told)
    person.userid = person.userid or _next_userid(person.store)
    person.state = State.MAKING
    person.decided_by, person.decided_at = actor, timezone.now()
    person.save(update_fields=["userid", "takes_over", "state", "decided_by", "decided_at"])
    record(actor=actor, action="roster.approve", target=f"roster:{person.pk}", after={"name": person.name, "userid": person.userid, "takes_over": person.takes_over, "store": person.store.code, "last_day": person.expires_on.isoformat()})  # fmt: skip


def _account_taken(person: RosterPerson, told: Collection[str]) -> str:
    """Return the account that becomes the person's, "" where one is made; raises Conflict for one not told of."""
    member = takeovers([person]).get(person.pk)
    if member is None:
        return ""
    if member.userid not in told:
        raise Conflict(
            _("%(name)s has an account already: %(userid)s. Look again, and decide whether to take it over.")
            % {"name": person.name, "userid": member.userid},
            code="takes_over",
        )  # fmt: skip
    return member.userid


def _next_userid(store: OrgUnit) -> str:
    # The store's lock keeps two approvals from drawing the same number.
    OrgUnit.objects.select_for_update(of=("self",)).get(pk=store.pk)
    stem = userid_by_rule(store.code, frozenset()).rpartition("-")[0]
    return userid_by_rule(store.code, userids_like(stem))


def _check_other(sender_id: int | None, actor: Any) -> None:
    if sender_id is not None and sender_id == actor.pk:
        raise PermissionDenied(
            _("You sent this in; somebody else has to decide."), code="own_roster"
        )


@transaction.atomic
def person_refuse(*, person: RosterPerson, actor: Any, note: str) -> None:
    """Refuse somebody with a reason the sender reads; no account is made. Raises as `people_approve`."""
    if not note.strip():
        raise ValidationFailed(_("Say why, so that the sender can mend it."), code="note_missing")
    locked = person_locked(person, State.WAITING, State.FAILED)
    _check_other(locked.created_by_id, actor)
    before = locked.state
    locked.state, locked.note = State.REFUSED, note.strip()[:500]
    locked.decided_by, locked.decided_at = actor, timezone.now()
    locked.save(update_fields=["state", "note", "decided_by", "decided_at"])
    record(actor=actor, action="roster.refuse", target=f"roster:{locked.pk}", before={"state": before}, reason=locked.note)  # fmt: skip


@transaction.atomic
def person_retry(
    *, person: RosterPerson, actor: Any, userid: str = "", takes_over: str = ""
) -> None:
    """Try once more to make an account WeCom refused, under another userid or by taking over the one found.

    Raises PermissionDenied for whom one sent in oneself, ValidationFailed where the userid cannot be had, Conflict
    where nothing failed or another account was found meanwhile.
    """
    locked = person_locked(person, State.FAILED)
    _check_other(locked.created_by_id, actor)
    if locked.outcome == "account_found" and takes_over != locked.takes_over:
        raise Conflict(
            _("WeCom has the account %(userid)s for this person. Take it over, or refuse the person.")
            % {"userid": locked.takes_over},
            code="account_found",
        )  # fmt: skip
    wish = userid.strip()
    if wish and wish.lower() != locked.userid.lower():
        if not userid_valid(wish) or userids_taken([wish]):
            raise ValidationFailed(
                _("This userid is taken, or WeCom does not take it. Choose another one."),
                code="userid_taken",
                field="userid",
            )
        locked.userid = wish
    locked.state, locked.outcome, locked.errcode = State.MAKING, "", None
    locked.save(update_fields=["userid", "state", "outcome", "errcode"])
    accounts_start(actor=actor)
    record(actor=actor, action="roster.retry", target=f"roster:{locked.pk}", after={"userid": locked.userid, "takes_over": locked.takes_over})  # fmt: skip


@transaction.atomic
def extension_decide(
    *, extension: RosterExtension, approve: bool, actor: Any, note: str = ""
) -> None:
    """Give or refuse a later last day; a refusal needs a reason. Raises PermissionDenied for one's own, Conflict.

    Nobody is brought back by it: a person whose time is over is sent in anew.
    """
    person = person_locked(extension.person, State.ACTIVE)
    locked = RosterExtension.objects.select_for_update(of=("self",)).get(pk=extension.pk)
    if locked.state != RosterExtension.State.WAITING:
        raise Conflict(_("This was decided already."), code="already_decided")
    _check_other(locked.asked_by_id, actor)
    if not approve and not note.strip():
        raise ValidationFailed(_("Say why, so that the sender can mend it."), code="note_missing")
    if approve and locked.until < timezone.localdate():
        raise Conflict(_("The new last day is over by now. Refuse it."), code="day_past")
    locked.state = RosterExtension.State.APPROVED if approve else RosterExtension.State.REFUSED
    locked.decided_by, locked.decided_at = actor, timezone.now()
    locked.note = note.strip()[:500]
    locked.save(update_fields=["state", "decided_by", "decided_at", "note"])
    before = person.expires_on.isoformat()
    if approve:
        person.expires_on, person.reminded = locked.until, None
        person.save(update_fields=["expires_on", "reminded"])
    record(actor=actor, action="roster.extend" if approve else "roster.extension_refuse", target=f"roster:{person.pk}", before={"last_day": before}, after={"last_day": person.expires_on.isoformat()}, reason=locked.note)  # fmt: skip
