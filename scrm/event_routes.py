"""The one ordered map of events to handlers, and of outbox kinds to senders (ADR-0005)."""

from attribution.adds.handlers import ADD_EPISODE, ADD_PROMISES
from attribution.adds.senders import REMARK_SENDER, TAG_SENDER
from attribution.welcome.handlers import WELCOME
from attribution.welcome.senders import WELCOME_SENDER
from contacts.directory.handlers import DEPARTMENT_CHANGED, MEMBER_CHANGED, TAG_GIVEN
from contacts.drift.handlers import DEPARTMENT_DRIFTS, MEMBER_DRIFTS
from contacts.roster.senders import ROSTER_SENDER
from customers.groups.handlers import GROUP_CHANGED
from customers.inheritance.handlers import HANDOVER
from customers.oneid.handlers import PERSON_CHANGED
from customers.relations.handlers import RELATION_CHANGED
from customers.segments.senders import MARK_SENDER
from customers.sync.handlers import CHANGE_TOLD, FIRST_MESSAGE, LATER_MESSAGE
from customers.tags.handlers import TAG_CHANGED
from customers.timeline.handlers import HISTORY
from materials.tracking.senders import APP_MESSAGE_SENDER
from risk.anomalies.handlers import ANOMALY_WATCHED
from risk.anomalies.senders import ACCOUNT_SENDER, SCOPE_SENDER
from risk.capacity.handlers import CAPACITY_COUNTED
from scrm.core.alerts.senders import ROBOT_SENDER
from scrm.core.outbox.sending import Sender
from scrm.inbox.handling import Handler

CONTACT = "change_external_contact"
GROUP = "change_external_chat"
DIRECTORY = "change_contact"
# A deletion that arrives late may show that an add was a second coming, which has promises of its own.
ENDED = (ADD_EPISODE, RELATION_CHANGED, CHANGE_TOLD, ADD_PROMISES)
ADDED = (ADD_EPISODE, RELATION_CHANGED, CHANGE_TOLD, ADD_PROMISES, PERSON_CHANGED)

EVENT_ROUTES: dict[tuple[str, str], tuple[Handler, ...]] = {
    # The welcome comes first: its code lives 20 seconds. The watch comes next: it calls nobody, so an
    # alert does not wait for WeCom's API. An add counts although WeCom cannot be read.
    (CONTACT, "add_external_contact"): (
        WELCOME,
        ANOMALY_WATCHED,
        *ADDED,
        CAPACITY_COUNTED,
        HISTORY,
    ),
    (CONTACT, "add_half_external_contact"): (WELCOME, *ADDED, HISTORY),
    (CONTACT, "edit_external_contact"): (RELATION_CHANGED, CHANGE_TOLD, PERSON_CHANGED),
    (CONTACT, "del_external_contact"): (
        ANOMALY_WATCHED,
        *ENDED,
        CAPACITY_COUNTED,
        HANDOVER,
        HISTORY,
    ),
    (CONTACT, "del_follow_user"): (ANOMALY_WATCHED, *ENDED, CAPACITY_COUNTED, HISTORY),
    (CONTACT, "transfer_fail"): (RELATION_CHANGED, HANDOVER, HISTORY),
    ("customer_acquisition", "customer_start_chat"): (FIRST_MESSAGE,),
    ("customer_acquisition", "message_from_customer"): (LATER_MESSAGE,),
    (GROUP, "create"): (GROUP_CHANGED,),
    (GROUP, "update"): (GROUP_CHANGED,),
    (GROUP, "dismiss"): (GROUP_CHANGED,),
    ("change_external_tag", "create"): (TAG_CHANGED,),
    ("change_external_tag", "update"): (TAG_CHANGED,),
    ("change_external_tag", "delete"): (TAG_CHANGED,),
    ("change_external_tag", "shuffle"): (TAG_CHANGED,),
    # The mirror first: only an account that is not what we want, as just read, asks for a comparison.
    (DIRECTORY, "create_user"): (MEMBER_CHANGED, MEMBER_DRIFTS),
    (DIRECTORY, "update_user"): (MEMBER_CHANGED, MEMBER_DRIFTS),
    (DIRECTORY, "delete_user"): (MEMBER_CHANGED, MEMBER_DRIFTS),
    (DIRECTORY, "create_party"): (DEPARTMENT_CHANGED, DEPARTMENT_DRIFTS),
    (DIRECTORY, "update_party"): (DEPARTMENT_CHANGED, DEPARTMENT_DRIFTS),
    (DIRECTORY, "delete_party"): (DEPARTMENT_CHANGED, DEPARTMENT_DRIFTS),
    (DIRECTORY, "update_tag"): (TAG_GIVEN,),
}

OUTBOX_SENDERS: dict[str, Sender] = {
    sender.kind: sender
    for sender in (
        WELCOME_SENDER,
        TAG_SENDER,
        REMARK_SENDER,
        ROBOT_SENDER,
        APP_MESSAGE_SENDER,
        SCOPE_SENDER,
        ACCOUNT_SENDER,
        ROSTER_SENDER,
        MARK_SENDER,
    )
}
