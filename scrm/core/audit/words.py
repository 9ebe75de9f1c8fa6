"""What the acts and objects of the audit are called; the codes stay what searches and proofs use."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

ACTIONS = {
    "accounts.partner_key_create": _("Partner key made"),
    "accounts.partner_key_revoke": _("Partner key withdrawn"),
    "accounts.sessions_end": _("Sessions ended"),
    "alert_channel.delete": _("Alert channel removed"),
    "alert_channel.save": _("Alert channel saved"),
    "alert_channel.test": _("Alert channel tested"),
    "crm.import": _("CRM members imported"),
    "inbox.replay": _("Event replayed"),
    "inbox.replay_quarantined": _("Quarantine replayed"),
    "inheritance.cancel": _("Hand-over given up"),
    "inheritance.confirm": _("Hand-over confirmed"),
    "inheritance.plan": _("Hand-over planned"),
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
    "tags.create": _("Tags made"),
    "welcome.save": _("Welcome saved"),
}
OBJECTS = {
    "alert_channel": _("Alert channel"),
    "binding_import": _("Binding file"),
    "conflict": _("Conflict"),
    "contact": _("Customer"),
    "decision": _("Merge decision"),
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
    "store": _("Store"),
    "tag_group": _("Tag group"),
    "user": _("Account"),
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
