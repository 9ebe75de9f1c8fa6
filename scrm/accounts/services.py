"""Writes of accounts: language, sessions, partner keys, log-in by WeCom's word."""

import secrets
from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.accounts.models import PartnerKey, User
from scrm.core.audit.services import record
from scrm.core.exceptions import ValidationFailed

KNOWN_API_SCOPES = frozenset(
    {"members.read", "members.write", "orders.write", "goods.write", "assets.write"}
)


@transaction.atomic
def sessions_end(user: User, *, actor: User | None = None, reason: str = "") -> None:
    """End all sessions of a person on all machines, from the next request on; audited."""
    get_user_model().objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    record(actor=actor, action="accounts.sessions_end", target=f"user:{user.pk}", reason=reason)


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


def language_set(user: User, language: str) -> None:
    """Remember the language a person chose."""
    get_user_model().objects.filter(pk=user.pk).exclude(language=language).update(language=language)


@transaction.atomic
def partner_key_create(
    *, name: str, scopes: Iterable[str], actor: User | None = None
) -> tuple[PartnerKey, str]:
    """Make a partner key; the returned text is shown once and cannot be read again.

    Raises ValidationFailed for an unknown scope or an empty name.
    """
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in KNOWN_API_SCOPES]
    if unknown or not wanted:
        raise ValidationFailed(
            _("Unknown scopes: %(unknown)s. Known are: %(known)s.")
            % {"unknown": ", ".join(unknown) or "-", "known": ", ".join(sorted(KNOWN_API_SCOPES))}
        )
    if not name.strip():
        raise ValidationFailed(_("Give the key the name of the system that will use it."))
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = PartnerKey.objects.create(
        name=name.strip(),
        prefix=prefix,
        digest=PartnerKey.digest_of(secret),
        scopes=wanted,
        created_by=actor,
    )
    record(
        actor=actor,
        action="accounts.partner_key_create",
        target=f"partner_key:{prefix}",
        after={"name": key.name, "scopes": wanted},
    )
    return key, f"scrm_{prefix}_{secret}"


@transaction.atomic
def partner_key_revoke(key: PartnerKey, *, actor: User | None, reason: str = "") -> None:
    """Refuse a key from the next request on."""
    PartnerKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now())
    record(
        actor=actor,
        action="accounts.partner_key_revoke",
        target=f"partner_key:{key.prefix}",
        reason=reason,
    )
