"""Sessions as rows of their own: whose, on which face, since when, last used when."""

from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse

AGENT_LENGTH = 200
# What tells the browser and the system in a User-Agent; the first that is found counts.
BROWSERS = {
    "wxwork": "WeCom",
    "MicroMessenger": "WeChat",
    "Edg": "Edge",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "macOS",
    "Linux": "Linux",
}


class Face(models.TextChoices):
    """Where a session is used; the limits follow it."""

    CONSOLE = "console", _("Console")
    PHONE = "phone", _("Phone")


class Way(models.TextChoices):
    """How somebody came in."""

    WECOM = "wecom", _("WeCom")
    SSO = "sso", _("Company log-in (SSO)")
    PASSWORD = "password", _("Password")


FACE_NAMES = dict(Face.choices)
WAY_NAMES = dict(Way.choices)


class UserSession(AbstractBaseSession):
    """One browser's session; `expire_date` is the nearer of its idle and its absolute end.

    Rows without a user are log-ins under way. Deleting a row ends the session with its next request.
    """

    data_map: ClassVar[dict[str, DataUse]] = {
        "session_key": DataUse("recognise the browser", "secret", "until the session ends"),
        "ip": DataUse("let a person see sessions that are not theirs", "staff", "until it ends"),
        "agent": DataUse("let a person tell their browsers apart", "staff", "until it ends"),
    }

    # What pages call it: the key itself is never shown.
    number = models.UUIDField(_("number"), null=True, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    face = models.CharField(_("face"), max_length=8, choices=Face.choices, default=Face.CONSOLE)
    way = models.CharField(_("way in"), max_length=8, choices=Way.choices, blank=True)
    ip = models.CharField(_("address"), max_length=45, blank=True)
    agent = models.CharField(_("browser"), max_length=AGENT_LENGTH, blank=True)
    entered_at = models.DateTimeField(_("logged in at"), null=True)
    seen_at = models.DateTimeField(_("last used at"), default=timezone.now)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None) | Q(number__isnull=False, entered_at__isnull=False),
                name="accounts_usersession_of_a_person",
            ),
            models.CheckConstraint(
                condition=Q(face__in=Face.values), name="accounts_usersession_face"
            ),
        ]

    @property
    def browser(self) -> str:
        """The browser and its system in two words, or the beginning of what it calls itself."""
        names = (
            next((name for sign, name in signs.items() if sign in self.agent), "")
            for signs in (BROWSERS, SYSTEMS)
        )
        return " · ".join(filter(None, names)) or self.agent[:40]

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Return the store that reads and writes these rows; by name, for it imports this model."""
        store: type[SessionBase] = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        return store
