"""Writes of the organisation: units, bindings, files of both."""

from contacts.org.services.bindings import (
    binding_reorder,
    binding_retire,
    binding_set,
    binding_state_set,
)
from contacts.org.services.imports import (
    binding_import,
    binding_import_apply,
    binding_import_refuse,
)
from contacts.org.services.unit_import import UnitImport, units_import
from contacts.org.services.units import org_refresh, places_update, units_from_departments

__all__ = [
    "UnitImport",
    "binding_import",
    "binding_import_apply",
    "binding_import_refuse",
    "binding_reorder",
    "binding_retire",
    "binding_set",
    "binding_state_set",
    "org_refresh",
    "places_update",
    "units_from_departments",
    "units_import",
]
