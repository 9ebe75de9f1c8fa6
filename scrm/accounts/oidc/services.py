"""Writes of SSO: the account of a person whom the provider named."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from scrm.accounts.models import User
from scrm.accounts.oidc.models import SsoIdentity
from scrm.accounts.oidc.provider import Identity
from scrm.core.audit.services import record
from scrm.core.exceptions import PermissionDenied


def user_of(identity: Identity) -> User:
    """Return the account tied to this person of the SSO; the first log-in ties it; audited.

    Raises PermissionDenied, in words: nobody here has that name, the account is closed, it is tied to
    another person of the SSO, or this one's tie ended when they left.
    """
    known = (
        SsoIdentity.objects.filter(issuer=identity.issuer, subject=identity.subject)
        .select_related("user")
        .first()
    )
    if known is not None:
        return _returning(known)
    try:
        return _tied(_resolve(settings.OIDC["match"], identity.claim), identity)
    except IntegrityError:
        # Two log-ins at once, or somebody else's account.
        raise PermissionDenied(_taken()) from None


def _returning(known: SsoIdentity) -> User:
    """Return the account of a tie, whatever it is called by now; whether it may come in is asked each time."""
    if known.ended_at is not None:
        raise PermissionDenied(
            _(
                "Your tie to this log-in ended when you left. If you are back, log in with WeCom, and ask IT "
                "to untie the account: manage.py sso_untie."
            ),
            code="sso_tie_ended",
        )
    resolve: Callable[[User], User] = import_string(settings.RETURN_RESOLVER)
    return resolve(known.user)


@transaction.atomic
def _tied(user: User, identity: Identity) -> User:
    if SsoIdentity.objects.filter(issuer=identity.issuer, user=user, ended_at=None).exists():
        raise PermissionDenied(_taken(), code="sso_tied_to_another")
    SsoIdentity.objects.create(issuer=identity.issuer, subject=identity.subject, user=user)
    record(
        actor=user,
        action="accounts.sso_tie",
        target=f"user:{user.pk}",
        after={"issuer": identity.issuer, "subject": identity.subject},
    )
    return user


def _taken() -> str:
    return _(
        "This account belongs to another person of the company log-in. Log in with WeCom, and ask IT "
        "to untie it: manage.py sso_untie."
    )


def _resolve(match: str, value: str) -> User:
    resolve: Callable[[str], User] = import_string(settings.SSO_RESOLVERS[match])
    return resolve(value)


@transaction.atomic
def untie(user: User, *, actor: User | None, reason: str) -> bool:
    """Forget who in the SSO this account is; the next log-in ties it anew; False when it was not tied.

    Ties that ended stay while another holds: they are of who had this account before.
    """
    ties = SsoIdentity.objects.filter(user=user)
    untied, _models = ties.filter(ended_at=None).delete()
    if not untied:
        untied, _models = ties.delete()
    if untied:
        record(actor=actor, action="accounts.sso_untie", target=f"user:{user.pk}", reason=reason)
    return bool(untied)


@transaction.atomic
def ties_end(users: Iterable[User], *, reason: str) -> int:
    """End the ties of people who left, for good; return how many; audited each."""
    ties = SsoIdentity.objects.select_for_update().filter(user__in=users, ended_at=None)
    ended = list(ties)
    for tie in ended:
        record(
            actor=None,
            action="accounts.sso_end",
            target=f"user:{tie.user_id}",
            before={"issuer": tie.issuer, "subject": tie.subject},
            reason=reason,
        )
    ties.update(ended_at=timezone.now())
    return len(ended)
