"""What WeCom's events mean, in words."""

from django.utils.translation import gettext_lazy as _

EVENTS = {
    ("change_external_contact", "add_external_contact"): _("Customer added"),
    ("change_external_contact", "add_half_external_contact"): _("Customer added, not confirmed"),
    ("change_external_contact", "edit_external_contact"): _("Customer changed"),
    ("change_external_contact", "del_external_contact"): _("Customer deleted by the member"),
    ("change_external_contact", "del_follow_user"): _("Member deleted by the customer"),
    ("change_external_contact", "transfer_fail"): _("Hand-over failed"),
    ("change_external_chat", "create"): _("Group made"),
    ("change_external_chat", "update"): _("Group changed"),
    ("change_external_chat", "dismiss"): _("Group dissolved"),
    ("customer_acquisition", "customer_start_chat"): _(
        "Customer of an acquisition link spoke first"
    ),
    ("customer_acquisition", "message_from_customer"): _("Customer of an acquisition link wrote"),
    ("change_external_tag", "create"): _("Tag made"),
    ("change_external_tag", "update"): _("Tag changed"),
    ("change_external_tag", "delete"): _("Tag removed"),
    ("change_external_tag", "shuffle"): _("Tags sorted"),
    ("change_contact", "create_user"): _("Member added"),
    ("change_contact", "update_user"): _("Member changed"),
    ("change_contact", "delete_user"): _("Member removed"),
    ("change_contact", "create_party"): _("Department added"),
    ("change_contact", "update_party"): _("Department changed"),
    ("change_contact", "delete_party"): _("Department removed"),
    ("change_contact", "update_tag"): _("Address-book tag changed"),
}


def event_words(event: str, change_type: str) -> str:
    """Return what an event means; empty for one we do not know."""
    return str(EVENTS.get((event, change_type), ""))
