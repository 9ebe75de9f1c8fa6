"""Which person of the retailer's SSO is which account here."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse


class SsoIdentity(models.Model):
    """One subject of one provider, tied to an account by its first log-in.

    The tie holds from then on: a user name that the provider gives to somebody else opens nothing. It ends when
    the person leaves, and stays as ended: neither they nor who gets their userid later comes in by it.
    """

    data_map: ClassVar[dict[str, DataUse]] = {
        "subject": DataUse("recognise a person of the SSO", "staff", "employment + 2 years"),
    }

    issuer = models.CharField(_("provider"), max_length=200)
    subject = models.CharField(_("subject"), max_length=255)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("SSO identity")
        verbose_name_plural = _("SSO identities")
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="accounts_ssoidentity_subject"
            ),
            models.UniqueConstraint(
                fields=["issuer", "user"],
                condition=Q(ended_at=None),
                name="accounts_ssoidentity_user",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.issuer} {self.subject}"
