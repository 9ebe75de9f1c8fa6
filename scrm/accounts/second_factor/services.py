"""Writes of second steps: set an app up, take a code once, lock after wrong ones, remove; all audited.

Whoever comes in by WeCom or SSO never meets any of this: wrong codes lock the password log-in only.
"""

import secrets
from datetime import timedelta
from enum import Enum

import pyotp
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.accounts.models import User
from scrm.accounts.second_factor.models import RecoveryCode, SecondFactor
from scrm.accounts.second_factor.selectors import factor_of
from scrm.core.audit.services import record
from scrm.core.crypto import lasting_hash
from scrm.core.exceptions import Conflict, RateLimited, ValidationFailed

ISSUER = "SCRM"
STEP_S = 30
MOST_WRONG = 5
LOCKED_FOR = timedelta(minutes=15)
# A secret that was shown but never confirmed is replaced after this.
UNCONFIRMED_KEPT = timedelta(minutes=15)
RECOVERY_CODES = 10
# No 0, 1, I, L, O, U: they are read wrongly from paper. 16 letters are 78 random bits.
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LETTERS = 16


class Verdict(Enum):
    """What became of a code."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@transaction.atomic
def app_begin(user: User) -> SecondFactor:
    """Return the secret a person is setting up: the one shown a moment ago, else a new one."""
    User.objects.select_for_update().get(pk=user.pk)
    waiting = SecondFactor.objects.filter(user=user, confirmed_at=None)
    fresh = waiting.filter(created_at__gt=timezone.now() - UNCONFIRMED_KEPT).first()
    if fresh is not None:
        return fresh
    waiting.delete()
    return SecondFactor.objects.create(user=user, secret=pyotp.random_base32())


def app_address(factor: SecondFactor, user: User) -> str:
    """Return the otpauth:// address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(factor.secret).provisioning_uri(name=user.username, issuer_name=ISSUER)


@transaction.atomic
def app_confirm(user: User, code: str) -> list[str]:
    """Put the app under way in use after its first right code; return the recovery codes, shown once.

    An app used before stops. Raises Conflict when none is being set up, ValidationFailed for a wrong code.
    """
    waiting = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at=None).first()
    if waiting is None:
        raise Conflict(_("This set-up is over. Open the page again for a new picture."))
    step = _step_of(waiting, code)
    if step is None:
        raise ValidationFailed(
            _(
                "This code does not fit. Check that the clock of your phone is right, then type the next code."
            )
        )
    SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).delete()
    waiting.confirmed_at, waiting.last_step = timezone.now(), step
    waiting.save(update_fields=["confirmed_at", "last_step"])
    codes = [_recovery_code() for _each in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(factor=waiting, digest=_digest(code)) for code in codes
    )
    record(actor=user, action="accounts.second_step_set", target=f"user:{user.pk}")
    return codes


def code_check(user: User, code: str) -> None:
    """Take a code of the app, or a recovery code; each works once.

    Raises ValidationFailed for a wrong or used one, RateLimited after five wrong ones in a row.
    """
    # Raised outside of the transaction that counts the wrong tries.
    verdict = _take(user, code)
    if verdict is Verdict.LOCKED:
        raise RateLimited(
            _(
                "There were too many wrong codes. The password log-in opens again after 15 minutes; "
                "WeCom log-in still works."
            ),
            code="second_step_locked",
        )
    if verdict is Verdict.WRONG:
        raise ValidationFailed(
            _("This code is wrong or was used already. Type the one your app shows now.")
        )


@transaction.atomic
def _take(user: User, code: str) -> Verdict:
    factor = (
        SecondFactor.objects.select_for_update()
        .filter(user=user, confirmed_at__isnull=False)
        .first()
    )
    if factor is None:
        return Verdict.WRONG
    if factor.is_locked:
        return Verdict.LOCKED
    step = _step_of(factor, code)
    if step is not None and step > factor.last_step:
        factor.last_step = step
    elif not _recovery_used(factor, user, code):
        return _wrong(factor, user)
    factor.wrong_tries, factor.locked_until = 0, None
    factor.save(update_fields=["last_step", "wrong_tries", "locked_until"])
    return Verdict.RIGHT


def _wrong(factor: SecondFactor, user: User) -> Verdict:
    factor.wrong_tries += 1
    locked = factor.wrong_tries >= MOST_WRONG
    if locked:
        factor.wrong_tries, factor.locked_until = 0, timezone.now() + LOCKED_FOR
        record(
            actor=None,
            action="accounts.second_step_locked",
            target=f"user:{user.pk}",
            after={"wrong_codes": MOST_WRONG},
        )
    factor.save(update_fields=["wrong_tries", "locked_until"])
    return Verdict.LOCKED if locked else Verdict.WRONG


def _recovery_used(factor: SecondFactor, user: User, code: str) -> bool:
    used = RecoveryCode.objects.filter(factor=factor, digest=_digest(code), used_at=None).update(
        used_at=timezone.now()
    )
    if used:
        left = RecoveryCode.objects.filter(factor=factor, used_at=None).count()
        record(
            actor=user,
            action="accounts.recovery_code_used",
            target=f"user:{user.pk}",
            after={"left": left},
        )
    return bool(used)


@transaction.atomic
def factor_remove(user: User, *, actor: User | None, reason: str) -> bool:
    """Take the second step of a person away (phone and paper lost); False without one; audited."""
    had = factor_of(user) is not None
    SecondFactor.objects.filter(user=user).delete()
    if had:
        record(
            actor=actor,
            action="accounts.second_step_remove",
            target=f"user:{user.pk}",
            reason=reason,
        )
    return had


def _step_of(factor: SecondFactor, code: str) -> int | None:
    """Return the 30-second step this code belongs to: this one, the one before or the next."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdecimal()):
        return None
    now = int(timezone.now().timestamp())
    totp = pyotp.TOTP(factor.secret)
    for shift in (0, -1, 1):
        moment = now + shift * STEP_S
        if secrets.compare_digest(totp.at(moment), digits):
            return moment // STEP_S
    return None


def _recovery_code() -> str:
    letters = "".join(secrets.choice(LETTERS) for _each in range(CODE_LETTERS))
    return "-".join(letters[at : at + 4] for at in range(0, CODE_LETTERS, 4))


def _digest(code: str) -> bytes:
    letters = "".join(filter(str.isalnum, code)).upper()
    # Not under SECRET_KEY: a code on paper outlives a change of it.
    return lasting_hash("accounts.recovery", letters)
