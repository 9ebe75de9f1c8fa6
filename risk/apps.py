"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RiskConfig(AppConfig):
    """Account capacity and anomalies."""

    name = "risk"
    label = "risk"
    verbose_name = _("Risk")
