"""People who can log in, and the keys of partner systems."""

import hashlib
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from scrm.accounts.api_scopes import API_SCOPES
from scrm.accounts.oidc.models import SsoIdentity
from scrm.accounts.second_factor.models import RecoveryCode, SecondFactor
from scrm.accounts.sessions.models import UserSession
from scrm.core.data_map import DataUse

__all__ = ["PartnerKey", "RecoveryCode", "SecondFactor", "SsoIdentity", "User", "UserSession"]

ENDS_SOON = timedelta(days=14)
MOST_CALLS_A_MINUTE = 60_000
# The kind of approval that a key which reads customers waits for.
KEY_APPROVAL = "partner_key"


class User(AbstractUser):
    """A person who logs in by WeCom, or by the break-glass password."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "username": DataUse(
            "log in; the WeCom userid, or a break-glass name", "staff", "employment + 2 years"
        ),
        "name": DataUse("show who did something", "staff", "employment + 2 years"),
        "email": DataUse("unused; kept by Django's user table", "staff", "employment + 2 years"),
    }

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=64, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    # Part of every session's hash: raising it ends all sessions of this person at once.
    session_version = models.PositiveIntegerField(_("session version"), default=1)

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        value = f"{self.password}:{self.session_version}"
        return salted_hmac(
            "scrm.accounts.session", value, secret=secret, algorithm="sha256"
        ).hexdigest()


class PartnerKey(models.Model):
    """A partner system's API key: only a hash of it is kept."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "name": DataUse("tell partner systems apart", "secret", "until deleted"),
    }

    name = models.CharField(_("name"), max_length=64)
    prefix = models.CharField(_("prefix"), max_length=12, unique=True)
    digest = models.BinaryField(_("hash"), max_length=32)
    scopes = ArrayField(models.CharField(max_length=64), verbose_name=_("scopes"), default=list)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    # None: settings.API_CALLS_PER_MINUTE.
    calls_per_minute = models.PositiveIntegerField(_("calls a minute"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    # Made in the console with a right that reads customers: refused until somebody else has approved it.
    needs_approval = models.BooleanField(_("needs approval"), default=False)
    approved_at = models.DateTimeField(_("approved at"), null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("partner key")
        verbose_name_plural = _("partner keys")
        constraints = [
            models.CheckConstraint(
                condition=~Q(scopes=[]) & ~Q(name=""), name="accounts_partnerkey_means_something"
            ),
            models.CheckConstraint(
                condition=Q(calls_per_minute=None)
                | Q(calls_per_minute__gte=1, calls_per_minute__lte=MOST_CALLS_A_MINUTE),
                name="accounts_partnerkey_calls_per_minute",
            ),
            models.CheckConstraint(
                condition=Q(revoked_by=None) | Q(revoked_at__isnull=False),
                name="accounts_partnerkey_revoked_by",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, needs_approval=True),
                name="accounts_partnerkey_approved_by",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("created_by")),
                name="accounts_partnerkey_approved_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def rights(self) -> list[tuple[str, str]]:
        """What it may do, as codes and words."""
        return [(code, str(API_SCOPES.get(code, code))) for code in self.scopes]

    @property
    def has_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_waiting(self) -> bool:
        """Whether somebody has to approve it before its first call."""
        return self.needs_approval and self.approved_at is None

    @property
    def is_usable(self) -> bool:
        """Whether a call with it is let in now."""
        return self.revoked_at is None and not self.has_expired and not self.is_waiting

    @property
    def ends_soon(self) -> bool:
        """Whether its owner should ask for the next one: it ends within two weeks."""
        soon = timezone.now() + ENDS_SOON
        return self.is_usable and self.expires_at is not None and self.expires_at <= soon

    @staticmethod
    def digest_of(secret: str) -> bytes:
        """SHA-256 of the secret: 256 random bits need no slow hash."""
        return hashlib.sha256(secret.encode()).digest()
