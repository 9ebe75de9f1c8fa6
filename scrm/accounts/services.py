"""Writes of accounts: language, sessions, partner keys, log-in by WeCom's word."""

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.accounts.api_scopes import KNOWN_API_SCOPES, READS_CUSTOMERS
from scrm.accounts.models import KEY_APPROVAL, MOST_CALLS_A_MINUTE, PartnerKey, User, UserSession
from scrm.core.alerts.services import raise_alert
from scrm.core.approvals.services import ask, asker_left, drop, lapsing
from scrm.core.audit.services import record
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed

__all__ = [
    "KNOWN_API_SCOPES",
    "access_end",
    "account_rename",
    "language_set",
    "left_open",
    "partner_key_approve",
    "partner_key_create",
    "partner_key_revoke",
    "sessions_end",
    "user_for_userid",
]


@transaction.atomic
def sessions_end(user: User, *, actor: User | None = None, reason: str = "") -> None:
    """End all sessions of a person on all machines, from the next request on; audited."""
    get_user_model().objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    UserSession.objects.filter(user=user).delete()
    record(actor=actor, action="accounts.sessions_end", target=f"user:{user.pk}", reason=reason)


@transaction.atomic
def access_end(user: User, *, reason: str) -> None:
    """End all that somebody who may not work any more could still reach us by; audited each.

    Sessions, the files they asked to take, and the API keys they made, for they saw them: who runs the partner
    system is told by an alert.
    """
    sessions_end(user, reason=reason)
    asker_left(user)
    for key in PartnerKey.objects.filter(created_by=user, revoked_at=None):
        partner_key_revoke(key, actor=None, reason=reason)
        _tell_revoked(key)


def left_open() -> QuerySet[User]:
    """Return the people to whom something is open: a session, an API key of theirs, or what they asked others for."""
    sessions = UserSession.objects.filter(user=OuterRef("pk"))
    keys = PartnerKey.objects.filter(created_by=OuterRef("pk"), revoked_at=None)
    asked = lapsing().filter(asked_by=OuterRef("pk"))
    return get_user_model().objects.filter(Exists(sessions) | Exists(keys) | Exists(asked))


def _tell_revoked(key: PartnerKey) -> None:
    raise_alert(
        kind="accounts.key_of_leaver",
        key=key.prefix,
        level="warning",
        title=lambda: _("An API key ended with the person who made it"),
        text=lambda: (
            _("%(name)s needs a new key: who made the old one may not work any more.")
            % {"name": key.name}
        ),
    )


def user_for_userid(userid: str, *, name: str) -> User:
    """Return the account of a WeCom member, made at the first log-in; it has no password.

    The userid is compared without case, as WeCom does. The user name begins with "wecom:", which no
    break-glass name can, so that a member called "admin" never meets the administrator's account.
    """
    users = get_user_model().objects
    username = f"wecom:{userid}"
    found = users.filter(username__iexact=username).first()
    if found is not None:
        return found
    fresh = User(username=username, name=name)
    fresh.set_unusable_password()
    users.bulk_create([fresh], ignore_conflicts=True)
    return users.get(username__iexact=username)


@transaction.atomic
def account_rename(user: User, userid: str) -> None:
    """Let an account's name follow its member's new userid, so that who gets the old one gets an account of their own."""
    users = get_user_model().objects
    username = f"wecom:{userid}"
    if users.filter(username__iexact=username).exclude(pk=user.pk).exists():
        # The account of somebody long gone keeps the name; whose this is, its member says.
        username = f"{username}#{user.pk}"
    users.filter(pk=user.pk).update(username=username)


def language_set(user: User, language: str) -> None:
    """Remember the language a person chose."""
    get_user_model().objects.filter(pk=user.pk).exclude(language=language).update(language=language)


@transaction.atomic
def partner_key_create(
    *,
    name: str,
    scopes: Iterable[str],
    actor: User | None = None,
    expires_at: datetime | None = None,
    calls_per_minute: int | None = None,
    reason: str = "",
) -> tuple[PartnerKey, str]:
    """Make a partner key; the returned text is shown once and cannot be read again.

    One that reads customers and was made by a person is refused until another person approves it. Without
    an actor it comes from the server's command line, whose user has the database anyway, and works at once.

    calls_per_minute: None for settings.API_CALLS_PER_MINUTE; reason: read by who approves. Raises ValidationFailed for an unknown scope,
    an empty name, a moment that is past, a rate outside 1 to 60,000, or no reason where somebody has to approve.
    """
    wanted = sorted(set(scopes))
    _check_key(name, wanted, expires_at, calls_per_minute)
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = PartnerKey.objects.create(
        name=name.strip(),
        prefix=prefix,
        digest=PartnerKey.digest_of(secret),
        scopes=wanted,
        created_by=actor,
        expires_at=expires_at,
        calls_per_minute=calls_per_minute,
        needs_approval=actor is not None and not READS_CUSTOMERS.isdisjoint(wanted),
    )
    after: dict[str, Any] = {"name": key.name, "scopes": wanted}
    if expires_at is not None:
        after["expires_at"] = expires_at.isoformat()
    if calls_per_minute is not None:
        after["calls_per_minute"] = calls_per_minute
    if key.needs_approval:
        after["needs_approval"] = True
    record(
        actor=actor,
        action="accounts.partner_key_create",
        target=f"partner_key:{prefix}",
        after=after,
    )
    if key.needs_approval:
        until = after.get("expires_at", "")[:10]
        payload = {"prefix": prefix, "name": key.name, "scopes": wanted, "expires_at": until}
        ask(
            kind=KEY_APPROVAL,
            key=f"partner_key:{prefix}",
            payload=payload,
            actor=actor,
            reason=reason,
        )
    return key, f"scrm_{prefix}_{secret}"


def _check_key(name: str, scopes: list[str], expires_at: datetime | None, rate: int | None) -> None:
    unknown = [scope for scope in scopes if scope not in KNOWN_API_SCOPES]
    if unknown or not scopes:
        raise ValidationFailed(
            _("Unknown scopes: %(unknown)s. Known are: %(known)s.")
            % {"unknown": ", ".join(unknown) or "-", "known": ", ".join(sorted(KNOWN_API_SCOPES))}
        )
    if not name.strip():
        raise ValidationFailed(_("Give the key the name of the system that will use it."))
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationFailed(_("The key would have ended already; choose a later day."))
    if rate is not None and not 1 <= rate <= MOST_CALLS_A_MINUTE:
        raise ValidationFailed(_("Calls a minute: 1 to %(most)d.") % {"most": MOST_CALLS_A_MINUTE})


@transaction.atomic
def partner_key_approve(key: PartnerKey, *, actor: User) -> None:
    """Let a waiting key in from the next request on; audited.

    Raises PermissionDenied for whoever made it, Conflict when it does not wait any more.
    """
    locked = PartnerKey.objects.select_for_update().get(pk=key.pk)
    if locked.created_by_id == actor.pk:
        raise PermissionDenied(
            _("You made this key; somebody else has to approve it."), code="own_key"
        )
    if not locked.is_waiting or locked.revoked_at is not None or locked.has_expired:
        raise Conflict(_("This key does not wait for approval any more."), code="key_not_waiting")
    locked.approved_at, locked.approved_by = timezone.now(), actor
    locked.save(update_fields=["approved_at", "approved_by"])
    record(
        actor=actor,
        action="accounts.partner_key_approve",
        target=f"partner_key:{key.prefix}",
        after={"name": locked.name, "scopes": locked.scopes},
    )


@transaction.atomic
def partner_key_revoke(key: PartnerKey, *, actor: User | None, reason: str = "") -> bool:
    """Refuse a key from the next request on; False when it was withdrawn before, which is left as it is."""
    ended = PartnerKey.objects.filter(pk=key.pk, revoked_at=None).update(
        revoked_at=timezone.now(), revoked_by=actor
    )
    if not ended:
        return False
    drop(kind=KEY_APPROVAL, key=f"partner_key:{key.prefix}", actor=actor)
    record(
        actor=actor,
        action="accounts.partner_key_revoke",
        target=f"partner_key:{key.prefix}",
        reason=reason,
    )
    return True
