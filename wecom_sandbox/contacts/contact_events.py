"""change_contact events: what the contact sync callback hears of members, departments and tags (doc 90970-90972)."""

from typing import Any

from wecom_sandbox.contacts import members
from wecom_sandbox.contacts.member_profile import event_items
from wecom_sandbox.events import Fields
from wecom_sandbox.sandbox import Sandbox

EVENT = "change_contact"
_APP = "contacts"


def raise_member(
    sandbox: Sandbox, change_type: str, userid: str, *, new_userid: str | None = None
) -> None:
    """create_user or update_user.

    Addresses set since 2022-08-15 get UserID and Department only (contacts.md §1); the switch
    ``full_contact_events`` is for a corp with an older one.

    Args:
        sandbox: the corp.
        change_type: ``create_user`` or ``update_user``.
        userid: who it is now, or was before his id changed.
        new_userid: his id from now on.
    """
    row = members.need(sandbox.store, new_userid or userid)
    departments = members.departments_of(sandbox.store, row["userid"])
    head: dict[str, Any] = {"UserID": userid, "NewUserID": new_userid}
    places = {"Department": ",".join(map(str, departments)) or None}
    fields = head | places
    if sandbox.behaviour.full_contact_events:
        fields = head | _member_fields(members.shown(sandbox.store, row))
    sandbox.delivery.publish(_APP, EVENT, change_type, fields)


def raise_member_deleted(sandbox: Sandbox, userid: str) -> None:
    """delete_user."""
    sandbox.delivery.publish(_APP, EVENT, "delete_user", {"UserID": userid})


def raise_department(sandbox: Sandbox, change_type: str, department_id: int, **fields: Any) -> None:
    """create_party, update_party or delete_party.

    Args:
        sandbox: the corp.
        change_type: which.
        department_id: the department.
        fields: ``Name``, ``ParentId``, ``Order`` as far as the event has them.
    """
    # New addresses hear no names (contacts.md §1).
    if not sandbox.behaviour.full_contact_events:
        fields.pop("Name", None)
    sandbox.delivery.publish(_APP, EVENT, change_type, {"Id": department_id, **fields})


def raise_tag(
    sandbox: Sandbox, tag_id: int, *, add_users: list[str], del_users: list[str],
    add_parties: list[int], del_parties: list[int],
) -> None:  # fmt: skip
    """update_tag: who and which departments got or lost a tag."""
    lists: dict[str, list[Any]] = {
        "AddUserItems": add_users, "DelUserItems": del_users,
        "AddPartyItems": add_parties, "DelPartyItems": del_parties,
    }  # fmt: skip
    joined: Fields = {name: ",".join(map(str, values)) for name, values in lists.items()}
    sandbox.delivery.publish(_APP, EVENT, "update_tag", {"TagId": tag_id, **joined})


def _member_fields(member: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": member["name"],
        "Department": ",".join(map(str, member["department"])),
        "MainDepartment": member["main_department"],
        "IsLeaderInDept": ",".join(map(str, member["is_leader_in_dept"])),
        "Position": member["position"],
        "Mobile": member["mobile"],
        "Gender": int(member["gender"]),
        "Email": member["email"],
        "Status": member["status"],
        "Avatar": member["avatar"],
        "Alias": member["alias"],
        "Telephone": member["telephone"],
        "Address": member["address"],
        "ExtAttr": {"Item": event_items(member["extattr"]["attrs"])},
    }
