"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    """Organisation, address book, OA synchronisation, roles."""

    name = "contacts"
    label = "contacts"
    verbose_name = _("Contacts")
