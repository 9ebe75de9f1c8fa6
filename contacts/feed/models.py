"""The one list of what a member should do or know; higher apps put items in, the phone shows them."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.feed.words import title_of
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedJSONField
from scrm.core.ids import uuid7


class FeedItem(models.Model):
    """One thing for one member, once per `key`; `member_id` is a contacts.Member's id.

    The directory lies above, so there is no foreign key. `data` fills the words of `title_code`
    (contacts.feed.words); `url` is a path of the phone face.
    """

    data_map: ClassVar[dict[str, DataUse]] = {
        "data": DataUse("say what is to be done, and with whom", "behaviour", "90 days after done"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member_id = models.BigIntegerField(_("member"))
    kind = models.CharField(_("kind"), max_length=32)
    key = models.CharField(_("key"), max_length=160, unique=True)
    title_code = models.CharField(_("wording"), max_length=48)
    data: EncryptedJSONField[Any, Any] = EncryptedJSONField(_("data"), default=dict, blank=True)
    url = models.CharField(_("page"), max_length=300, blank=True)
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("feed item")
        verbose_name_plural = _("feed items")
        indexes = [
            models.Index(
                fields=["member_id", "-id"], condition=Q(done_at=None), name="contacts_feed_open"
            ),
            models.Index(
                fields=["member_id", "-done_at"],
                condition=Q(done_at__isnull=False),
                name="contacts_feed_done",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def title(self) -> str:
        """Return what is to be done, in the reader's language."""
        return title_of(self.title_code, self.data)

    @property
    def is_overdue(self) -> bool:
        """Return whether it should have been done by now."""
        return self.done_at is None and self.due_at is not None and self.due_at < timezone.now()
