"""Words for permissions, roles and masks; a permission that is not listed here does not exist."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PERMISSIONS: dict[str, Promise] = {
    "home.view": _("Home: see figures and to-dos"),
    "org.view": _("Stores: see"),
    "org.edit": _("Stores: check and change"),
    "org.bind": _("Stores: send in bindings"),
    "directory.view": _("Members: see"),
    "roles.view": _("Roles: see"),
    "roles.edit": _("Roles: grant and take back"),
    "oa_sync.view": _("OA sync: see runs"),
    "oa_sync.upload": _("OA sync: upload files"),
    "oa_sync.approve": _("OA sync: approve and apply"),
    "relations.view": _("Customers: see"),
    "relations.reveal": _("Customers: reveal phone numbers"),
    "relations.sync": _("Customers: sync from WeCom"),
    "crm.view": _("CRM members: see"),
    "crm.import": _("CRM members: import"),
    "oneid.view": _("Merge centre: see"),
    "oneid.decide": _("Merge centre: decide"),
    "tags.view": _("Tags: see"),
    "tags.edit": _("Tags: change"),
    "live_codes.view": _("Live codes: see"),
    "live_codes.edit": _("Live codes: make and change"),
    "welcome.view": _("Welcome: see"),
    "welcome.edit": _("Welcome: change"),
    "adds.view": _("Adds: see figures"),
    "inbox.view": _("Events: see"),
    "inbox.replay": _("Events: replay"),
    "outbox.view": _("Outgoing actions: see"),
    "outbox.decide": _("Outgoing actions: decide on uncertain ones"),
    "jobs.view": _("Jobs: see"),
    "jobs.decide": _("Jobs: stop and restart those of others"),
    "audit.view": _("Audit: see"),
    "alerts.view": _("Alerts: see"),
    "alerts.edit": _("Alerts: close and set up"),
    "health.view": _("Health: see"),
}

ROLE_NAMES: dict[str, Promise] = {
    "hq_ops": _("HQ operations"),
    "branch_ops": _("Branch operations"),
    "dealer": _("Dealer"),
    "store_manager": _("Store manager"),
    "guide": _("Guide"),
    "auditor": _("Auditor"),
    "agency": _("Agency operator"),
    "it_admin": _("IT administrator"),
}

MASK_NAMES: dict[str, Promise] = {
    "phone": _("phone number"),
    "name": _("customer name"),
    "remark": _("remark"),
}
