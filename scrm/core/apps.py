"""App configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """The kernel: audit, jobs, outbox, encrypted fields, scope, alerts."""

    name = "scrm.core"
    label = "core"
    verbose_name = _("Kernel")

    def ready(self) -> None:
        """Register the system checks and what the API docs say about keys."""
        import_module("scrm.core.checks")
        import_module("scrm.core.api_schema")
