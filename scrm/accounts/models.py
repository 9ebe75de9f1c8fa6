"""People who can log in, and the keys of partner systems."""

import hashlib
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse


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
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("partner key")
        verbose_name_plural = _("partner keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @staticmethod
    def digest_of(secret: str) -> bytes:
        """SHA-256 of the secret: 256 random bits need no slow hash."""
        return hashlib.sha256(secret.encode()).digest()
