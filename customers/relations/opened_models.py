"""Has a customer opened the chat? What WeCom or a guide told, with its source and time."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.relations.models import FollowRelation
from scrm.core.data_map import DataUse


class OpenedChat(models.Model):
    """What is known of the first message of a customer to a member; no row: nobody told us anything.

    WeCom tells it for acquisition links alone. `at` is when it was so: the time of the message for an event,
    of the read for a list, of the mark for a guide. One from before the customer was added again says nothing.
    """

    class State(models.TextChoices):
        OPENED = "opened", _("has written")
        SILENT = "silent", _("has not written yet")

    class Source(models.TextChoices):
        FIRST_MESSAGE = "first", _("WeCom's event of the first message")
        LATER_MESSAGE = "later", _("WeCom's event of a later message")
        LINK_LIST = "link", _("WeCom's list of an acquisition link")
        GUIDE = "guide", _("marked by a person")

    data_map: ClassVar[dict[str, DataUse]] = {
        "state": DataUse(
            "know who answered after being added", "behaviour", "while a customer + 2 years"
        ),
    }

    relation = models.OneToOneField(
        FollowRelation, models.CASCADE, primary_key=True, related_name="opened_chat"
    )
    state = models.CharField(_("state"), max_length=8, choices=State)
    source = models.CharField(_("source"), max_length=8, choices=Source)
    at = models.DateTimeField(_("at"))
    marked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = _("opened chat")
        verbose_name_plural = _("opened chats")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="opened") | Q(source="link"), name="customers_opened_silent_known"
            ),
        ]
        indexes = [models.Index(fields=["state", "at"], name="customers_opened_state")]

    def __str__(self) -> str:
        return f"{self.relation_id} {self.state}"
