"""Reads of second steps."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser

from scrm.accounts.second_factor.models import RecoveryCode, SecondFactor


@dataclass(frozen=True)
class FactorState:
    """What a person sees of their second step."""

    confirmed_at: datetime | None
    codes_left: int

    @property
    def is_set_up(self) -> bool:
        """Whether the password alone does not let in."""
        return self.confirmed_at is not None


def factor_of(user: AbstractBaseUser) -> SecondFactor | None:
    """Return the app a person confirmed, None without one."""
    return SecondFactor.objects.filter(user_id=user.pk, confirmed_at__isnull=False).first()


def state_of(user: AbstractBaseUser) -> FactorState:
    """Return since when a person has a second step, and how many recovery codes are left."""
    factor = factor_of(user)
    if factor is None:
        return FactorState(None, 0)
    left = RecoveryCode.objects.filter(factor=factor, used_at=None).count()
    return FactorState(factor.confirmed_at, left)
