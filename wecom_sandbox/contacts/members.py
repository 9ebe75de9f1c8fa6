"""The corp's members and the rules of their fields (contacts.md §3)."""

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from wecom_sandbox.apps import media_store
from wecom_sandbox.call import BAD_PARAMETER, Call, whole_number
from wecom_sandbox.contacts.member_profile import checked_profile, known_attributes
from wecom_sandbox.customers import follows
from wecom_sandbox.errors import WeComError
from wecom_sandbox.store import Store

ACTIVE, DISABLED, NOT_ACTIVATED, LEFT = 1, 2, 4, 5
MOST_DEPARTMENTS = 100
_USERID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_\-@.]{0,63}")
_MOBILE = re.compile(r"1\d{10}|\+\d{1,4}[- ]?\d{4,15}|\+?86-?1\d{10}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TELEPHONE = re.compile(r"[0-9+\- ]{0,32}")
# Field, most characters, code when longer.
_TEXTS = (
    ("alias", 64, 40058),
    ("position", 128, 301012),
    ("address", 128, 40058),
    ("external_position", 12, 40058),
)
MOST_LEADERS = 5
MOST_MAIL_ALIASES = 5


@dataclass
class MemberFields:
    """Checked fields of a create or update; None or absent means: leave as it is."""

    name: str | None = None
    mobile: str | None = None
    email: str | None = None
    enable: int | None = None
    main_department: int | None = None
    departments: list[int] | None = None
    orders: list[int] = field(default_factory=list)
    leads: list[int] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


def find(store: Store, userid: str) -> sqlite3.Row | None:
    """A member's row (userids ignore case), or None."""
    return store.row("SELECT * FROM members WHERE userid = ?", userid)


def unknown(store: Store, userids: Sequence[str]) -> list[str]:
    """Those of the userids that no member has, in their order."""
    marks = ",".join("?" * len(userids))
    rows = store.rows(f"SELECT userid FROM members WHERE userid IN ({marks})", *userids)  # noqa: S608
    known = {str(row["userid"]).lower() for row in rows}
    return [userid for userid in userids if userid.lower() not in known]


def need(store: Store, userid: str) -> sqlite3.Row:
    """A member's row; 60111 when there is none."""
    row = find(store, userid)
    if row is None:
        raise WeComError(60111)
    return row


def read_fields(call: Call) -> MemberFields:
    """The member fields of a request's body, each checked on its own."""
    fields = MemberFields()
    if call.body.get("name") is not None:
        fields.name = _checked_name(call.text("name"))
    fields.mobile = _checked(call, "mobile", _MOBILE, 60103)
    fields.email = _checked(call, "email", _EMAIL, 60105)
    if fields.email:
        _checked_mail(fields.email)
    if "enable" in call.body:
        fields.enable = call.number("enable", 1, most=1)
    if "department" in call.body:
        fields.departments = _checked_departments(call)
    fields.orders, fields.leads = call.numbers("order"), call.numbers("is_leader_in_dept")
    if "main_department" in call.body:
        fields.main_department = call.number("main_department", 1)
    fields.data = _read_data(call)
    return fields


def _read_data(call: Call) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, most, code in _TEXTS:
        if name in call.body:
            data[name] = call.text(name)
            if len(data[name]) > most:
                raise WeComError(
                    code, f"{name} longer than {most} characters" if code == 40058 else ""
                )
    _read_contact_data(call, data)
    if "extattr" in call.body:
        names = call.sandbox.behaviour.member_attributes
        data["extattr"] = known_attributes(call.section("extattr"), names)
    if "external_profile" in call.body:
        data["external_profile"] = checked_profile(call.section("external_profile"))
    if call.text("avatar_mediaid"):
        media_store.need(call.sandbox, call.text("avatar_mediaid"), "image")
        data["avatar"] = call.text("avatar_mediaid")
    return data


def _read_contact_data(call: Call, data: dict[str, Any]) -> None:
    if "telephone" in call.body:
        data["telephone"] = call.text("telephone")
        if not _TELEPHONE.fullmatch(data["telephone"]):
            raise WeComError(301013)
    if call.text("gender"):
        data["gender"] = str(whole_number(call.body["gender"], "gender", most=2))
    if "biz_mail" in call.body:
        data["biz_mail"] = _checked_mail(call.text("biz_mail"))
    if "biz_mail_alias" in call.body:
        aliases = _inside(call, "biz_mail_alias").texts("item")
        if len(aliases) > MOST_MAIL_ALIASES:
            raise WeComError(BAD_PARAMETER, f"biz_mail_alias holds up to {MOST_MAIL_ALIASES}")
        data["biz_mail_alias"] = {"item": [_checked_mail(alias) for alias in aliases]}
    if "direct_leader" in call.body:
        data["direct_leader"] = call.texts("direct_leader")
        if len(data["direct_leader"]) > MOST_LEADERS:
            raise WeComError(BAD_PARAMETER, f"direct_leader holds up to {MOST_LEADERS}")
        for leader in data["direct_leader"]:
            need(call.sandbox.store, leader)


def create(store: Store, userid: str, fields: MemberFields, *, at: float) -> None:
    """Make a member who has not activated yet.

    Answers 40003, 60102, 60112 (no name), 60127 (no department), 60129, 60104, 60106, 60123.
    """
    if not _USERID.fullmatch(userid):
        raise WeComError(40003)
    if find(store, userid) is not None:
        raise WeComError(60102)
    if fields.name is None:
        raise WeComError(60112)
    if not fields.departments:
        raise WeComError(60127)
    if not fields.mobile and not fields.email:
        raise WeComError(60129)
    _check_unique(store, fields, besides="")
    _check_lists(fields)
    main = _main_department(fields.main_department, fields.departments)
    enable = 1 if fields.enable is None else fields.enable
    store.insert(
        "members", userid=userid, name=fields.name, mobile=fields.mobile or None,
        email=fields.email or None, status=NOT_ACTIVATED if enable else DISABLED, main_department=main,
        data=json.dumps({"activated": False} | fields.data, ensure_ascii=False), created_at=at,
    )  # fmt: skip
    _put_departments(store, userid, fields)


def update(store: Store, userid: str, fields: MemberFields) -> None:
    """Change a member; a mobile of an activated member is ignored without a word."""
    row = need(store, userid)
    data = json.loads(row["data"])
    if data.get("activated"):
        fields.mobile = None
    _check_unique(store, fields, besides=row["userid"])
    mobile = row["mobile"] if fields.mobile is None else fields.mobile or None
    email = row["email"] if fields.email is None else fields.email or None
    if not mobile and not email:
        raise WeComError(60129)
    departments = departments_of(store, row["userid"])
    if fields.departments is not None:
        if not fields.departments:
            raise WeComError(60127)
        _check_lists(fields)
        departments = fields.departments
    wished = fields.main_department
    if wished is None and row["main_department"] in departments:
        wished = row["main_department"]
    main = _main_department(wished, departments)
    if fields.departments is not None:
        _put_departments(store, row["userid"], fields)
    store.run(
        "UPDATE members SET name = ?, mobile = ?, email = ?, status = ?, main_department = ?, data = ? "
        "WHERE userid = ?",
        fields.name or row["name"], mobile, email, _status(row["status"], data, fields.enable),
        main, json.dumps(data | fields.data, ensure_ascii=False),
        row["userid"],
    )  # fmt: skip


def delete(store: Store, userid: str, *, at: int) -> None:
    """Delete a member: his customers become unassigned; 60111, 301005 for the creator."""
    row = need(store, userid)
    if row["creator"]:
        raise WeComError(301005)
    store.run("DELETE FROM members WHERE userid = ?", userid)
    store.run("DELETE FROM member_departments WHERE userid = ?", userid)
    store.run("DELETE FROM member_tag_users WHERE userid = ?", userid)
    store.run("DELETE FROM member_invites WHERE userid = ?", userid)
    follows.keep_member(store, userid)
    store.run(
        "UPDATE relations SET status = 'unassigned', ended_at = ? WHERE userid = ? AND status IN ('active', 'half')",
        at, userid,
    )  # fmt: skip


def activate(store: Store, userid: str) -> bool:
    """The member logs in for the first time, is real-name verified, and gets 客户联系.

    Returns: whether that changed anything. A disabled member stays disabled.
    """
    row = need(store, userid)
    data = json.loads(row["data"])
    status = DISABLED if row["status"] == DISABLED else ACTIVE
    if (row["status"], row["real_name"], row["can_follow"]) == (status, 1, 1):
        return False
    store.run(
        "UPDATE members SET status = ?, real_name = 1, can_follow = 1, data = ? WHERE userid = ?",
        status, json.dumps(data | {"activated": True}, ensure_ascii=False), userid,
    )  # fmt: skip
    return True


def await_check(store: Store, userid: str) -> bool:
    """The member logged in for the first time in a corp with 二次验证 (doc 99521); whether that changed anything."""
    row = need(store, userid)
    data = json.loads(row["data"])
    if row["status"] != NOT_ACTIVATED or data.get("awaiting_check"):
        return False
    _keep_data(store, userid, data | {"awaiting_check": True})
    return True


def pass_check(store: Store, userid: str) -> bool:
    """The corp verified the member (user/authsucc); whether he had waited for it."""
    row = need(store, userid)
    data = json.loads(row["data"])
    if not data.pop("awaiting_check", False):
        return False
    _keep_data(store, userid, data)
    return activate(store, userid)


def rename(store: Store, userid: str, new_userid: str) -> None:
    """Give a member whose userid WeCom made up another one, once.

    Answers 40058 for any other member, 40003, 60102.
    """
    row = need(store, userid)
    data = json.loads(row["data"])
    if not data.pop("made_up_userid", False):
        raise WeComError(BAD_PARAMETER, "new_userid not allowed")
    if not _USERID.fullmatch(new_userid):
        raise WeComError(40003)
    if find(store, new_userid) is not None:
        raise WeComError(60102)
    _keep_data(store, userid, data)
    for table in store.tables_with("userid"):
        store.run(f"UPDATE {table} SET userid = ? WHERE userid = ?", new_userid, row["userid"])  # noqa: S608


def note_activity(store: Store, userid: str, day: int) -> None:
    """The member used WeCom on that day (0:00 in China, Unix seconds)."""
    store.run("INSERT OR IGNORE INTO member_activity VALUES (?, ?)", day, userid)


def departments_of(store: Store, userid: str) -> list[int]:
    """Department ids of a member in the order they were given."""
    rows = store.rows(
        "SELECT department_id FROM member_departments WHERE userid = ? ORDER BY position", userid
    )
    return [row[0] for row in rows]


def shown(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    """A member with every field, as user/get names them."""
    places = store.rows(
        "SELECT * FROM member_departments WHERE userid = ? ORDER BY position", row["userid"]
    )
    data = json.loads(row["data"])
    avatar = f"http://wework.qpic.cn/wwpic/sandbox_{data.get('avatar') or row['userid']}/0"
    return {
        "userid": row["userid"],
        "name": row["name"],
        "department": [place["department_id"] for place in places],
        "order": [place["ord"] for place in places],
        "position": data.get("position", ""),
        "mobile": row["mobile"] or "",
        "gender": data.get("gender", "0"),
        "email": row["email"] or "",
        "biz_mail": data.get("biz_mail", ""),
        "is_leader_in_dept": [place["is_leader"] for place in places],
        "direct_leader": data.get("direct_leader", []),
        "avatar": avatar,
        "thumb_avatar": avatar.removesuffix("0") + "100",
        "telephone": data.get("telephone", ""),
        "alias": data.get("alias", ""),
        "address": data.get("address", ""),
        "main_department": row["main_department"],
        "extattr": data.get("extattr") or {"attrs": []},
        "status": row["status"],
        "qr_code": f"https://open.work.weixin.qq.com/wwopen/userQRCode?vcode=sandbox{row['userid']}",
        "external_position": data.get("external_position", ""),
        "external_profile": data.get("external_profile")
        or {"external_corp_name": "", "external_attr": []},
    }


def _status(present: int, data: dict[str, Any], enable: int | None) -> int:
    if enable is None:
        return present
    if enable == 0:
        return DISABLED
    return ACTIVE if data.get("activated") else NOT_ACTIVATED


def _keep_data(store: Store, userid: str, data: dict[str, Any]) -> None:
    plain = json.dumps(data, ensure_ascii=False)
    store.run("UPDATE members SET data = ? WHERE userid = ?", plain, userid)


def _inside(call: Call, name: str) -> Call:
    """The call as if the object were its whole body."""
    return replace(call, body=call.section(name))


def _checked_mail(mail: str) -> str:
    if mail and not (_EMAIL.fullmatch(mail) and 6 <= len(mail.encode()) <= 64):
        raise WeComError(60105)
    return mail


def _checked_name(name: str) -> str:
    if not 1 <= len(name) <= 64:
        raise WeComError(60112)
    return name


def _checked(call: Call, name: str, pattern: re.Pattern[str], code: int) -> str | None:
    if call.body.get(name) is None:
        return None
    value = call.text(name)
    if value and not pattern.fullmatch(value):
        raise WeComError(code)
    return value


def _checked_departments(call: Call) -> list[int]:
    departments = call.numbers("department")
    if len(departments) > MOST_DEPARTMENTS:
        raise WeComError(60110)
    for department_id in departments:
        if not call.sandbox.store.value("SELECT 1 FROM departments WHERE id = ?", department_id):
            raise WeComError(60123)
    return list(dict.fromkeys(departments))


def _check_unique(store: Store, fields: MemberFields, *, besides: str) -> None:
    pairs = (("mobile", fields.mobile, 60104, ""), ("email", fields.email, 60106, "COLLATE NOCASE"))
    for column, value, code, collate in pairs:
        taken = value and store.value(
            f"SELECT 1 FROM members WHERE {column} = ? {collate} AND userid != ?",  # noqa: S608 - our names
            value, besides,
        )  # fmt: skip
        if taken:
            raise WeComError(code)


def _main_department(wished: int | None, departments: list[int]) -> int:
    if wished is None:
        return departments[0]
    if wished not in departments:
        raise WeComError(BAD_PARAMETER, "main_department is not one of department")
    return wished


def _check_lists(fields: MemberFields) -> None:
    for name, values in (("order", fields.orders), ("is_leader_in_dept", fields.leads)):
        if values and len(values) != len(fields.departments or []):
            raise WeComError(BAD_PARAMETER, f"{name} and department differ in length")


def _put_departments(store: Store, userid: str, fields: MemberFields) -> None:
    departments = fields.departments or []
    store.run("DELETE FROM member_departments WHERE userid = ?", userid)
    for position, department_id in enumerate(departments):
        store.insert(
            "member_departments", userid=userid, department_id=department_id, position=position,
            ord=fields.orders[position] if fields.orders else 0,
            is_leader=fields.leads[position] if fields.leads else 0,
        )  # fmt: skip
