"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Users, sessions and the ways to log in."""

    name = "scrm.accounts"
    label = "accounts"
    verbose_name = _("Accounts")
