"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HomeConfig(AppConfig):
    """The console's home page and menu."""

    name = "scrm.home"
    label = "home"
    verbose_name = _("Home")
