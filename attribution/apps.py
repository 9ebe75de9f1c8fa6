"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AttributionConfig(AppConfig):
    """Live codes, welcomes, adds."""

    name = "attribution"
    label = "attribution"
    verbose_name = _("Attribution")
