"""Ids of customers turned into each other (external-contacts.md §3)."""

from typing import Any

from wecom_sandbox.api.external_contact import need_person
from wecom_sandbox.call import BAD_PARAMETER, Call
from wecom_sandbox.customers import customer_ids, follows
from wecom_sandbox.customers.people import Person
from wecom_sandbox.endpoints import Access, endpoint
from wecom_sandbox.errors import WeComError
from wecom_sandbox.groups import groups

_WECHAT = 1
_CUSTOMER, _OTHER_USER_TYPES = 1, (2, 3, 4)
_MOST_IDS = 100


@endpoint(
    "POST", "externalcontact/unionid_to_external_userid", doc="93274", access=Access.APP,
    rules="40073 openid of somebody else; 84061 when nobody in range follows",
)  # fmt: skip
def unionid_to_external_userid(call: Call) -> dict[str, Any]:
    """The customer behind a unionid."""
    person = call.sandbox.people.by_unionid(call.need_text("unionid"))
    if person is None or not _in_range(call, person):
        raise WeComError(84061)
    _check_openid(person, call.text("openid"))
    return {"external_userid": person.external_userid}


@endpoint(
    "POST", "externalcontact/convert_to_openid", doc="92323", access=Access.APP,
    rules="40096 unknown, 84061 nobody in range follows, 43004 a user of another corp's WeCom",
)  # fmt: skip
def convert_to_openid(call: Call) -> dict[str, Any]:
    """The openid a WeChat customer pays with."""
    person = need_person(call, call.need_text("external_userid", 40096))
    if not _in_range(call, person):
        raise WeComError(84061)
    if person.type != _WECHAT:
        raise WeComError(43004)
    return {"openid": person.openid}


@endpoint(
    "POST", "idconvert/unionid_to_external_userid", doc="95926", access=Access.APP,
    rules="unionid and openid of one person (40073); pending_id for 90 days when nobody in range knows him",
)  # fmt: skip
def convert_unionid(call: Call) -> dict[str, Any]:
    """The customer behind a unionid, or an id to recognise him by once he is one."""
    call.number("subject_type", 0, most=1)
    person = call.sandbox.people.by_unionid(call.need_text("unionid"))
    if person is None:
        raise WeComError(BAD_PARAMETER, "invalid unionid")
    _check_openid(person, call.need_text("openid"))
    if _in_range(call, person):
        return {"external_userid": person.external_userid}
    return {"pending_id": customer_ids.pending_for(call.sandbox, person, call.caller.name)}


@endpoint(
    "POST", "idconvert/batch/external_userid_to_pending_id", doc="95926", access=Access.APP,
    rules="up to 100; those asked for by unionid within 90 days; with chat_id only people of that group",
)  # fmt: skip
def external_userid_to_pending_id(call: Call) -> dict[str, Any]:
    """The pending ids that new customers had."""
    external = call.texts("external_userid")
    if not 1 <= len(external) <= _MOST_IDS:
        raise WeComError(BAD_PARAMETER, f"1 to {_MOST_IDS} external_userid")
    chat_id = call.text("chat_id")
    if chat_id:
        owner = groups.need(call.sandbox.store, chat_id)["owner"]
        if not call.sandbox.scopes.sees_user(call.caller, owner):
            raise WeComError(60011)
    found = []
    for one in external:
        person = call.sandbox.people.by_external_userid(one)
        if person is None or not _counts(call, person, chat_id):
            continue
        pending = customer_ids.pending_of(call.sandbox, person, call.caller.name)
        if pending:
            found.append({"external_userid": one, "pending_id": pending})
    return {"result": found}


@endpoint(
    "POST", "idconvert/convert_tmp_external_userid", doc="98729", access=Access.APP,
    rules="up to 100; business_type 1 to 3, user_type 1 to 4; only ids this app was given for that business, and "
    "customers of members in range",
)  # fmt: skip
def convert_tmp_external_userid(call: Call) -> dict[str, Any]:
    """The customers behind ids seen in meetings, forms and sheets."""
    business = call.number("business_type", 0, least=1, most=customer_ids.SHEET)
    user_type = call.number("user_type", 0, least=1, most=max(_OTHER_USER_TYPES))
    temporary = call.texts("tmp_external_userid_list")
    if not 1 <= len(temporary) <= _MOST_IDS:
        raise WeComError(BAD_PARAMETER, f"1 to {_MOST_IDS} tmp_external_userid_list")
    found, invalid = [], []
    for one in temporary:
        person = _behind(call, one, business)
        # The corp has no linked corps, so only customers can be found.
        if person is not None and user_type == _CUSTOMER and _in_range(call, person):
            found.append({"tmp_external_userid": one, "external_userid": person.external_userid})
        else:
            invalid.append(one)
    return {"results": found, "invalid_tmp_external_userid_list": invalid}


def _behind(call: Call, temporary: str, business: int) -> Person | None:
    row = call.sandbox.store.row(
        "SELECT person_id FROM temporary_ids WHERE tmp_external_userid = ? AND app = ? AND business_type = ?",
        temporary, call.caller.name, business,
    )  # fmt: skip
    return None if row is None else call.sandbox.people.get(row["person_id"])


def _in_range(call: Call, person: Person) -> bool:
    """Whether a member in the app's range follows, or owns a group the person is in."""
    sees, store = call.sandbox.scopes.sees_user, call.sandbox.store
    followers = [row["userid"] for row in follows.of_customer(store, person.external_userid)]
    owners = [row["owner"] for row in groups.groups_of(store, person.external_userid)]
    return any(sees(call.caller, userid) for userid in (*followers, *owners))


def _counts(call: Call, person: Person, chat_id: str) -> bool:
    if not chat_id:
        return _in_range(call, person)
    return groups.membership(call.sandbox.store, chat_id, person.external_userid) is not None


def _check_openid(person: Person, openid: str) -> None:
    """40073 unless the openid, when given, is that person's."""
    if openid and openid != person.openid:
        raise WeComError(40073)
