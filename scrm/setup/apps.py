"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SetupConfig(AppConfig):
    """Connecting a WeCom corp: ten steps, self-tests, stored results. Its models are the kernel's."""

    name = "scrm.setup"
    label = "setup"
    verbose_name = _("WeCom set-up")
