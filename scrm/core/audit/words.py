"""What the acts and objects of the audit are called; the codes stay what searches and proofs use."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "accounts.partner_key_approve": _("Partner key approved"),
    "accounts.partner_key_create": _("Partner key made"),
    "accounts.partner_key_revoke": _("Partner key withdrawn"),
    "accounts.sessions_end": _("Sessions ended"),
    "alert_channel.delete": _("Alert channel removed"),
    "alert_channel.save": _("Alert channel saved"),
    "alert_channel.test": _("Alert channel tested"),
    "boards.export": _("Board exported"),
    "crm.import": _("CRM members imported"),
    "entry.create": _("Entry made"),
    "entry.hide": _("Entry hidden"),
    "entry.show": _("Entry checked and shown"),
    "entry.stores_hide": _("Entry hidden at stores"),
    "entry.stores_show": _("Entry checked and shown at stores"),
    "entry.update": _("Entry reworded"),
    "inbox.replay": _("Event replayed"),
    "inbox.replay_quarantined": _("Quarantine replayed"),
    "inheritance.cancel": _("Hand-over given up"),
    "inheritance.confirm": _("Hand-over confirmed"),
    "inheritance.plan": _("Hand-over planned"),
    "inheritance.policy_set": _("Policy of hand-overs changed"),
    "inheritance.release": _("Leaver's account deleted"),
    "inheritance.retry": _("Hand-over tried again"),
    "job.cancel": _("Job stopped"),
    "job.errors_download": _("Failed rows downloaded"),
    "job.restart": _("Job started again"),
    "live_code.create": _("Live code made"),
    "live_code.update": _("Live code changed"),
    "oa_sync.approve": _("OA plan approved"),
    "oa_sync.continue": _("OA plan continued"),
    "oa_sync.discard": _("OA plan given up"),
    "oa_sync.policy_set": _("Account rules changed"),
    "oa_sync.upload": _("OA files uploaded"),
    "oneid.apart": _("Kept or split apart"),
    "oneid.retract": _("Merge decision taken back"),
    "oneid.together": _("Joined as one person"),
    "org.binding_import": _("Binding file sent in"),
    "org.binding_import_apply": _("Binding file approved"),
    "org.binding_import_refuse": _("Binding file sent back"),
    "org.binding_reorder": _("Accounts reordered"),
    "org.binding_retire": _("Binding ended"),
    "org.binding_set": _("Account bound"),
    "org.binding_state_set": _("Binding changed"),
    "org.units_import": _("Stores imported"),
    "outbox.count_as_sent": _("Counted as sent"),
    "outbox.send_again": _("Sent again"),
    "profile.contact_again": _("Contact allowed again"),
    "profile.do_not_contact": _("Marked as do not contact"),
    "profile.note": _("Follow-up note written"),
    "profile.note_done": _("Follow-up done"),
    "relations.reveal": _("Phone numbers revealed"),
    "roles.grant": _("Role granted"),
    "roles.revoke": _("Role taken back"),
    "search.phone": _("Searched by phone number"),
    "sales.rules_activate": _("Attribution rules put in force"),
    "sales.rules_discard": _("Draft of attribution rules thrown away"),
    "sales.rules_draft": _("Attribution rules drafted"),
    "setup.credential_remove": _("WeCom credential removed"),
    "setup.credentials_set": _("WeCom credentials stored"),
    "setup.file_add": _("Domain file added"),
    "setup.file_remove": _("Domain file removed"),
    "setup.keys_set": _("Callback key stored"),
    "setup.picture_remove": _("Set-up picture removed"),
    "setup.picture_set": _("Set-up picture stored"),
    "setup.keys_stop": _("Previous callback key stopped"),
    "setup.test": _("Set-up tested"),
    "tags.create": _("Tags made"),
    "welcome.save": _("Welcome saved"),
}
OBJECTS = {
    "alert_channel": _("Alert channel"),
    "binding_import": _("Binding file"),
    "callback_keys": _("Callback key"),
    "board": _("Board"),
    "conflict": _("Conflict"),
    "contact": _("Customer"),
    "decision": _("Merge decision"),
    "entry": _("Entry"),
    "inbox_event": _("Event"),
    "job": _("Job"),
    "live_code": _("Live code"),
    "member_import": _("Member file"),
    "oa_policy": _("Account rules"),
    "oa_run": _("OA plan"),
    "org_units": _("Stores"),
    "outbox_message": _("Outgoing action"),
    "partner_key": _("Partner key"),
    "person": _("Person (OneID)"),
    "ruleset": _("Attribution rules"),
    "search": _("Search"),
    "setup": _("WeCom set-up"),
    "store": _("Store"),
    "tag_group": _("Tag group"),
    "user": _("Account"),
    "verify_file": _("Domain file"),
    "welcome": _("Welcome"),
}
SHOWN = 8


def action_words(action: str) -> str:
    """Return an act in words; one without words keeps its code."""
    return str(ACTIONS.get(action, action))


def target_words(target: str) -> str:
    """Return an object in words with the short form of its id, as pages and jobs say it."""
    kind, _colon, key = target.partition(":")
    return f"{OBJECTS.get(kind, kind)} {_short(key)}".strip()


def _short(key: str) -> str:
    if key == "*":
        return ""
    try:
        return UUID(key).hex[-SHOWN:]
    except ValueError:
        return key if len(key) <= 2 * SHOWN else f"{key[:SHOWN]}…"
