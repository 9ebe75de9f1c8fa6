"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InboxConfig(AppConfig):
    """WeCom callbacks: receive, store, claim, process, replay."""

    name = "scrm.inbox"
    label = "inbox"
    verbose_name = _("Callback inbox")
