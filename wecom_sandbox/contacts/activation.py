"""Members log in for the first time: they become active, at once or once the corp has verified them."""

from wecom_sandbox.china_time import day_start
from wecom_sandbox.contacts import contact_events, members
from wecom_sandbox.sandbox import Sandbox


def activate_members(sandbox: Sandbox, userids: list[str] | None) -> list[str]:
    """Members log in for the first time; who changed. Raises update_user for each.

    With the switch ``second_check`` a new member stays not activated until user/authsucc.

    Args:
        sandbox: the corp.
        userids: who; None for everybody.
    """
    changed = []
    with sandbox.store.transaction():
        if userids is None:
            rows = sandbox.store.rows("SELECT userid FROM members ORDER BY rowid")
            userids = [row["userid"] for row in rows]
        for userid in userids:
            row = members.need(sandbox.store, userid)
            if sandbox.behaviour.second_check and row["status"] == members.NOT_ACTIVATED:
                members.await_check(sandbox.store, row["userid"])
            elif members.activate(sandbox.store, row["userid"]):
                changed.append(str(row["userid"]))
                contact_events.raise_member(sandbox, "update_user", row["userid"])
                note_activity(sandbox, row["userid"])
    return changed


def pass_check(sandbox: Sandbox, userid: str) -> None:
    """The corp verified a member who waited for it (二次验证, doc 99521); he becomes active, with update_user."""
    with sandbox.store.transaction():
        if members.pass_check(sandbox.store, userid):
            contact_events.raise_member(sandbox, "update_user", userid)
            note_activity(sandbox, userid)


def note_activity(sandbox: Sandbox, userid: str) -> None:
    """The member uses WeCom today."""
    members.note_activity(sandbox.store, userid, day_start(sandbox.clock.now()))
