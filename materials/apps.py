"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MaterialsConfig(AppConfig):
    """The library, and the tracks of what was sent."""

    name = "materials"
    label = "materials"
    verbose_name = _("Materials")
