"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """The kernel: audit, jobs, outbox, encrypted fields, scope, alerts."""

    name = "scrm.core"
    label = "core"
    verbose_name = _("Kernel")
