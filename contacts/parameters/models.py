"""The rows behind the opaque tokens that travel in `state`, `scene` and links."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

KEY_BYTES = 12


class Parameter(models.Model):
    """What one token stands for; the token itself is never stored.

    Members and stores live above this feature, so their ids are kept as plain numbers.
    """

    key = models.BinaryField(_("key"), max_length=KEY_BYTES, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=32)
    member_id = models.BigIntegerField(_("member"), null=True, blank=True, db_index=True)
    store_id = models.BigIntegerField(_("store"), null=True, blank=True, db_index=True)
    payload = models.JSONField(_("payload"), default=dict, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("parameter")
        verbose_name_plural = _("parameters")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(key__isnull=False), name="contacts_parameter_key_present"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_expired(self) -> bool:
        """Return whether the token stopped counting."""
        return self.expires_at is not None and self.expires_at <= timezone.now()
