"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    """Story and demo data through the public doors."""

    name = "scrm.demo"
    label = "demo"
    verbose_name = _("Demo")
