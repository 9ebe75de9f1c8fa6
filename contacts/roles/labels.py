"""Words for permissions, roles and masks; a permission that is not listed here does not exist."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PERMISSIONS: dict[str, Promise] = {
    "home.view": _("Home: see figures and to-dos"),
    "org.view": _("Stores: see"),
    "org.edit": _("Stores: check and change"),
    "org.bind": _("Stores: send in bindings"),
    "directory.view": _("Members: see"),
    "directory.invite": _("Members: send WeCom's invitation again"),
    "external_profiles.view": _("External profiles: see"),
    "external_profiles.edit": _("External profiles: write, publish and push"),
    "external_profiles.approve": _("External profiles: decide on templates of many accounts"),
    "drift.view": _("Address-book drift: see and compare"),
    "drift.decide": _("Address-book drift: bring back or accept"),
    "roles.view": _("Roles: see"),
    "roles.edit": _("Roles: grant, take back, ask for changes of roles"),
    "roles.approve": _("Roles: decide on changes of roles that others ask for"),
    "roster.view": _("Roster: see people who are not in the OA"),
    "roster.edit": _("Roster: send in, extend and end people"),
    "roster.approve": _("Roster: decide who gets an account"),
    "oa_sync.view": _("OA sync: see runs"),
    "oa_sync.upload": _("OA sync: upload files"),
    "oa_sync.connect": _("OA sync: connect the OA and map its fields"),
    "oa_sync.approve": _("OA sync: approve and apply"),
    "relations.view": _("Customers: see"),
    "relations.reveal": _("Customers: reveal phone numbers"),
    "relations.sync": _("Customers: sync from WeCom"),
    "profile.edit": _("Customers: write notes, mark as do not contact"),
    "inheritance.view": _("Hand-overs: see"),
    "inheritance.edit": _("Hand-overs: plan, confirm and try again"),
    "inheritance.policy": _("Hand-overs: say what happens when somebody leaves"),
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
    "entries.view": _("Entries: see"),
    "entries.edit": _("Entries: make, check and show"),
    "touches.view": _("Touches: see"),
    "sales.view": _("Sales: see who earned an order and why"),
    "sales.edit": _("Sales: change the rules"),
    "boards.view": _("Boards: see figures"),
    "boards.export": _("Boards: export figures"),
    "setup.view": _("WeCom set-up: see"),
    "setup.edit": _("WeCom set-up: change and test"),
    "api_keys.view": _("Partner keys: see"),
    "api_keys.edit": _("Partner keys: make and take back"),
    "api_keys.approve": _("Partner keys: approve those that read customers"),
    "approvals.view": _("Approvals: see one's own and those one decides on"),
    "exports.approve": _("Approvals: decide on large or unmasked files"),
    "capacity.view": _("Account capacity: see"),
    "capacity.edit": _("Account capacity: set limits"),
    "anomalies.view": _("Monitor centre: see"),
    "anomalies.decide": _("Monitor centre: take, undo and set steps"),
    "materials.view": _("Materials: see the library and its reach"),
    "materials.edit": _("Materials: make, change and publish"),
    "materials.review": _("Materials: check wording before publishing"),
    "materials.send": _("Phone: send materials and see who viewed"),
    "inbox.view": _("Events: see"),
    "inbox.replay": _("Events: replay"),
    "outbox.view": _("Outgoing actions: see"),
    "outbox.decide": _("Outgoing actions: decide on uncertain ones"),
    "jobs.view": _("Jobs: see"),
    "jobs.decide": _("Jobs: stop and restart those of others"),
    "sessions.view": _("Sessions: see who is logged in"),
    "sessions.end": _("Sessions: end those of others"),
    "audit.view": _("Audit: see"),
    "audit.export": _("Audit: export"),
    "alerts.view": _("Alerts: see"),
    "alerts.edit": _("Alerts: close and set up"),
    "health.view": _("Health: see"),
    "h5.bind": _("Phone: send in who serves a store"),
    "h5.use": _("Phone: use the pages in WeCom"),
    "h5.reveal": _("Phone: reveal phone numbers of own customers"),
}

# Rights over what belongs to no unit: only a role that reaches the whole company may carry them.
WHOLE_COMPANY = frozenset(
    {
        "alerts.edit", "alerts.view", "api_keys.approve", "api_keys.edit", "api_keys.view", "audit.export", "audit.view",
        "crm.import", "entries.edit", "exports.approve", "external_profiles.approve", "health.view", "inbox.replay",
        "inbox.view", "inheritance.policy", "jobs.decide", "oa_sync.approve", "oa_sync.connect", "oa_sync.upload",
        "oa_sync.view", "oneid.decide", "oneid.view", "outbox.decide", "outbox.view", "relations.sync", "roles.approve",
        "sales.edit", "sessions.end", "sessions.view", "setup.edit", "setup.view",
    }
)  # fmt: skip
# Rights of a second person: a role with one of them is granted by two people, or somebody makes her own checker.
CHECKS = frozenset(code for code in PERMISSIONS if code.endswith((".approve", ".review")))
# What the role of IT always keeps, so that somebody can put right what went wrong.
IT_KEEPS = frozenset({"approvals.view", "roles.approve", "roles.edit", "roles.view", "setup.edit", "setup.view"})  # fmt: skip

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

REACH_NAMES: dict[str, Promise] = {
    "all": _("whole company"),
    "org": _("granted units and below"),
    "own": _("own customers only"),
}

MASK_NAMES: dict[str, Promise] = {
    "phone": _("phone number"),
    "name": _("customer name"),
    "remark": _("remark"),
}
