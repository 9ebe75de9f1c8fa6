"""Writes of the organisation: units, bindings, files of both, changes of stores."""

from contacts.org.services.bindings import (
    binding_carry,
    binding_reorder,
    binding_retire,
    binding_set,
    binding_state_set,
)
from contacts.org.services.changes import (
    change_approve,
    change_cancel,
    change_plan,
    change_retry,
    changes_due,
    run_change,
)
from contacts.org.services.deciding import may_decide, reaches
from contacts.org.services.imports import (
    PhoneBinding,
    binding_import,
    binding_import_apply,
    binding_import_refuse,
    binding_send,
)
from contacts.org.services.purging import sent_in_purge
from contacts.org.services.room import bindings_follow_room
from contacts.org.services.sites import Site, site_of, site_problems, site_save
from contacts.org.services.terms import terms_note
from contacts.org.services.unit_import import (
    JudgedFile,
    RefusedRows,
    unit_file_apply,
    unit_file_drop,
    unit_file_judged,
    unit_file_refused,
    unit_file_send,
)
from contacts.org.services.units import (
    org_refresh,
    places_update,
    unit_placed,
    units_from_departments,
)

__all__ = [
    "JudgedFile",
    "PhoneBinding",
    "RefusedRows",
    "Site",
    "binding_carry",
    "binding_import",
    "binding_import_apply",
    "binding_import_refuse",
    "binding_reorder",
    "binding_retire",
    "binding_send",
    "binding_set",
    "binding_state_set",
    "bindings_follow_room",
    "change_approve",
    "change_cancel",
    "change_plan",
    "change_retry",
    "changes_due",
    "may_decide",
    "org_refresh",
    "places_update",
    "reaches",
    "run_change",
    "sent_in_purge",
    "site_of",
    "site_problems",
    "site_save",
    "terms_note",
    "unit_file_apply",
    "unit_file_drop",
    "unit_file_judged",
    "unit_file_refused",
    "unit_file_send",
    "unit_placed",
    "units_from_departments",
]
