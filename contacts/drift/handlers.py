"""Callbacks of the address book: what somebody else changed there shows up as drift soon, not only at night."""

from contacts.directory.selectors import member_by_userid
from contacts.drift.services import check_soon, member_is_suspicious
from scrm.inbox.handling import Event, Handler


def apply_member(event: Event, _nothing: None) -> None:
    """Have WeCom compared soon where an account, as just read, is not what we want of it.

    Activations and the like, thousands on a first day, change nothing we want and ask for nothing.
    """
    userid = str(event.fields.get("NewUserID") or event.fields.get("UserID") or "")
    member = member_by_userid(userid) if userid else None
    if member is None or member_is_suspicious(member):
        check_soon()


def apply_department(_event: Event, _nothing: None) -> None:
    """Have WeCom compared soon: our own changes of departments raise no event."""
    check_soon()


MEMBER_DRIFTS = Handler("contacts.member_drifts", apply_member)
DEPARTMENT_DRIFTS = Handler("contacts.department_drifts", apply_department)
